import { join } from 'node:path';
import type { HostLayout } from '../host-layout.ts';
import { unitsOf } from '../install/units.ts';
import type { Json, Operation, Phase } from '../operation/phase.ts';
import { exportEvidenceFirst } from './phases/export-evidence.ts';
import { liftInputRule } from './phases/lift-input-rule.ts';
import { removeData, removeVolumes } from './phases/remove-data.ts';
import { removeEngine } from './phases/remove-engine.ts';
import { removeFiles } from './phases/remove-files.ts';
import { removeImages } from './phases/remove-images.ts';
import { removePrograms } from './phases/remove-programs.ts';
import { removeSignatures } from './phases/remove-signatures.ts';
import { removeGatewayUser } from './phases/remove-user.ts';
import { stopServices } from './phases/stop-services.ts';
import type { RunningHost, UninstallTools } from './tools.ts';

/** What an uninstallation is asked to do. */
export interface UninstallParameters {
  /** The release that is current; null: none is. */
  version: string | null;
  /** Documents, keys, volumes, settings and records go too. */
  with_data: boolean;
  /** Where the evidence is exported to; null: it stays, or goes with the data. */
  evidence_to: string | null;
  /** The packages of the engine that an installation brought. */
  engine_packages: string[];
  /** The engine’s socket, by the settings while they were there. */
  engine: string;
}

export const UNINSTALL = 'uninstall';
/** The settings of an appliance that is gone, beside the data that they belong to. */
export const KEPT_SETTINGS = 'kept/frostbyte.yaml';

/** Parameters as a journal keeps them. */
export const uninstallParameters = (parameters: { readonly [key: string]: Json }): UninstallParameters =>
  parameters as unknown as UninstallParameters;

/**
 * Removes what installations put on the host: first what can be brought back, then what cannot. Documents, keys and volumes,
 * what bundles are verified against, and the records of what was done stay, unless the data go too.
 */
export function uninstallOperation(
  parameters: UninstallParameters,
  layout: HostLayout,
  tools: UninstallTools,
): Operation {
  const { version, with_data: withData, evidence_to } = parameters;
  const { running } = tools;
  const whatRuns = (phases: (host: RunningHost) => Phase[]) => (running === null ? [] : phases(running));
  const settings = join(layout.settings, 'frostbyte.yaml');
  const name = version === null ? 'Frostbyte' : version;
  return {
    kind: UNINSTALL,
    title: withData ? `Uninstall ${name} with all data` : `Uninstall ${name}`,
    parameters: { ...parameters },
    on_failure: 'wait',
    makes_room: true,
    phases: [
      exportEvidenceFirst(evidence_to, tools),
      ...whatRuns((host) => [stopServices(host), liftInputRule(host.inputRule)]),
      removeFiles({ name: 'units', title: 'Remove the services' }, unitPaths(layout), tools.reloadUnits),
      ...(withData
        ? []
        : [
            removeFiles({ name: 'settings', title: 'Keep the settings beside the data' }, [
              { path: settings, to: join(layout.data, KEPT_SETTINGS) },
            ]),
          ]),
      removeGatewayUser(layout, tools),
      ...whatRuns((host) => [removeImages(host), ...(withData ? [removeVolumes(host)] : [])]),
      ...whatRuns((host) => [removeEngine(host, { packages: parameters.engine_packages, withData })]),
      withData ? removeData(layout) : removeSignatures(layout),
      removePrograms(layout),
    ],
  };
}

function unitPaths({ units }: HostLayout): { path: string }[] {
  return unitsOf({ subnet: '', listens_to: [] }).map(({ name }) => ({ path: join(units, name) }));
}
