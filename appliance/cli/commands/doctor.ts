import type { Command } from 'commander';
import { hostLayout } from '../../bundle/host-layout.ts';
import { diagnose } from '../../observability/doctor/diagnose.ts';
import { globals, output } from '../context.ts';
import { doctorTable } from '../doctor-table.ts';
import { CheckFailed } from '../exit.ts';
import { configOf } from './box.ts';

/** `frostbyte doctor`: what is wrong with this appliance, why, and how it is mended; with everything down too. */
export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('Say what is wrong here, why, and how to mend it; needs nothing to run, and changes nothing')
    .addHelpText('after', '\nExample:\n  frostbyte doctor\n  frostbyte doctor --data ./frostbyte-data --json')
    .action(async (_options: unknown, command: Command) => {
      const { patientOf } = await import('../../bin/doctor/where.ts');
      const { observe } = await import('../../bin/doctor/observe.ts');
      const patient = patientOf(hostLayout(), () => configOf(command), globals(command).data);
      const diagnosis = diagnose(await observe(patient));
      output(command).answer(diagnosis, () => doctorTable(diagnosis, process.stdout.isTTY === true));
      const wrong = diagnosis.findings.filter(({ severity }) => severity === 'trouble').map(({ code }) => code);
      if (wrong.length > 0) throw new CheckFailed(`It is not well: ${wrong.join(', ')}.`);
      if (!diagnosis.ok) throw new CheckFailed('Not everything could be looked at.');
    });
}
