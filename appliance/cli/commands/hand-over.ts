import type { Command } from 'commander';
import { installedConfig } from '../../bin/host/installed-config.ts';
import { gatewayUrl } from '../../bin/host/readiness.ts';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { INSTALL } from '../../bundle/install/install.ts';
import type { HostOutcome } from '../../bundle/operation/execute.ts';
import { output } from '../context.ts';
import { codeInWords } from './token-codes.ts';

/** Whose the first token is. */
const FIRST = 'operator';

/**
 * Where the appliance is, and a one-time code for its administrator: on the terminal, once, and nowhere else. Where there is
 * no terminal a person makes one himself, so that none gets into a file or a log.
 */
export async function handOver(
  { kind, outcome }: { kind: string; outcome: HostOutcome },
  layout: HostLayout,
  command: Command,
): Promise<void> {
  // On a disk that is mounted elsewhere nothing answers yet.
  if (kind !== INSTALL || outcome.state !== 'done' || layout.root !== '/') return;
  const config = installedConfig(layout);
  const said = output(command);
  said.say(`\nThe appliance answers at ${gatewayUrl(config)}`);
  if (!process.stdout.isTTY) {
    said.say('Its administrator’s first token: frostbyte token once, at a terminal of this host.');
    return;
  }
  const { withControl } = await import('../../bin/wire/embedded.ts');
  const offered = await withControl(config, (control) =>
    control.offerCode({ subject: FIRST, role: 'admin' }, 'installation'),
  );
  said.say(`One-time code of its administrator, shown here once:\n\n    ${codeInWords(offered)}`);
}
