import type { Command } from 'commander';
import { output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { table } from '../output.ts';
import { configOf, settingsOf } from './box.ts';

/** `frostbyte model …`: the models of this box, which turn texts into vectors. */
export function modelCommands(program: Command): void {
  const model = program.command('model').description('Models that search by meaning, on the box itself');

  model
    .command('list')
    .description('Which models the lock names, and which of them are here')
    .addHelpText('after', '\nExample:\n  frostbyte model list')
    .action(async (_options: unknown, command: Command) => {
      const models = await modelsOf(configOf(command));
      const listed = (await models.list()).map(
        ({ model: { name, revision, license, dimensions, max_tokens, files }, state }) => ({
          name,
          revision,
          license,
          dimensions,
          max_tokens,
          bytes: files.reduce((sum, { size }) => sum + size, 0),
          state,
        }),
      );
      output(command).answer({ folder: models.folder, models: listed }, () =>
        table([
          ['MODEL', 'REVISION', 'LICENCE', 'TOKENS', 'MIB', 'STATE'],
          ...listed.map((one) => [
            one.name,
            one.revision.slice(0, 8),
            one.license,
            one.max_tokens,
            Math.round(one.bytes / 1024 ** 2),
            one.state,
          ]),
        ]),
      );
    });

  model
    .command('import <folder>')
    .description('Take a model from a folder (a stick, a share); each file by the hash that the lock has')
    .addHelpText('after', '\nExample:\n  frostbyte model import /media/stick/all-mpnet-base-v2')
    .action(async (folder: string, _options: unknown, command: Command) => {
      const models = await modelsOf(settingsOf(command));
      const out = output(command);
      const progress = out.progress('copied and checked', 100);
      const name = await models
        .import(folder, (done, total) => progress.update(Math.floor((100 * done) / total)))
        .finally(() => progress.end());
      out.answer({ name, folder: models.folder }, () => `${name} is here. The appliance takes it when it starts.`);
    });

  model
    .command('verify [name]')
    .description('Hash every file of a model, or of all that are here, against the lock')
    .addHelpText('after', '\nExample:\n  frostbyte model verify all-mpnet-base-v2')
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const models = await modelsOf(configOf(command));
      const here = (await models.list()).filter(({ state }) => state !== 'absent').map((one) => one.model.name);
      const names = name === undefined ? here : [name];
      const verdicts = await Promise.all(names.map(async (one) => ({ name: one, wrong: await models.verify(one) })));
      output(command).answer({ models: verdicts }, () =>
        verdicts.length === 0
          ? `there is no model in ${models.folder}`
          : verdicts
              .flatMap(({ name: one, wrong }) =>
                wrong.length === 0 ? [`${one}: whole`] : wrong.map(({ file, problem }) => `${one}: ${file} ${problem}`),
              )
              .join('\n'),
      );
      const bad = verdicts.filter(({ wrong }) => wrong.length > 0).map((one) => one.name);
      if (bad.length > 0) throw new CheckFailed(`not as the lock has it: ${bad.join(', ')}. Import it again.`);
    });

  model
    .command('remove <name>')
    .description('Remove a model; tenants whose index it made cannot be searched until it is back')
    .addHelpText('after', '\nExample:\n  frostbyte model remove all-mpnet-base-v2')
    .action(async (name: string, _options: unknown, command: Command) => {
      const removed = await (await modelsOf(configOf(command))).remove(name);
      output(command).answer({ name, removed }, () => (removed ? `${name} is removed` : `${name} was not here`));
    });
}

async function modelsOf(config: ReturnType<typeof configOf>) {
  return (await import('../../bin/wire/models.ts')).modelsOf(config);
}
