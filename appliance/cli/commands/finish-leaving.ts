import type { Command } from 'commander';
import { uninstallTools } from '../../bin/host/uninstall-tools.ts';
import { hostTools } from '../../bin/host-operations.ts';
import type { HostLayout } from '../../bundle/host-layout.ts';
import { leaveHost } from '../../bundle/uninstall/leave.ts';
import { KEPT_SETTINGS, type UninstallParameters } from '../../bundle/uninstall/uninstall.ts';
import { output } from '../context.ts';

/** Behind an uninstallation that is over: the program removes itself, and says what is left. */
export function finishLeaving(parameters: UninstallParameters, layout: HostLayout, command: Command): void {
  leaveHost(layout, parameters, uninstallTools(layout, parameters.engine, hostTools(layout)));
  const said = output(command);
  if (parameters.evidence_to !== null) said.say(`The evidence is in ${parameters.evidence_to}, this end with it.`);
  if (parameters.with_data) {
    said.say('Keys, documents and records are gone. Escrow files, old backups and media open still what they hold.');
    return;
  }
  said.say(
    [
      `Kept: ${layout.data} (documents, keys, records; the settings as ${KEPT_SETTINGS}), the stores’ volumes in the engine,`,
      `and in ${layout.settings} what bundles are verified against. A new installation takes them up.`,
    ].join('\n'),
  );
}
