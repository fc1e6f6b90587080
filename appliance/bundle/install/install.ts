import { join } from 'node:path';
import type { HostLayout } from '../host-layout.ts';
import type { Json, Operation, Phase } from '../operation/phase.ts';
import { awaitReady } from './phases/await-ready.ts';
import { installEngine } from './phases/container-engine.ts';
import { makeFolders } from './phases/folders.ts';
import { addGatewayUser, uidOf } from './phases/gateway-user.ts';
import { loadReleaseImages } from './phases/load-images.ts';
import { placeRelease } from './phases/place-release.ts';
import { placeSignatures } from './phases/place-signatures.ts';
import { proveRecovery } from './phases/prove-recovery.ts';
import { startServices } from './phases/start-services.ts';
import { switchRelease } from './phases/switch-release.ts';
import { isolationCheck, smokeTest } from './phases/use-installation.ts';
import { type WantedFile, writeFiles } from './phases/write-files.ts';
import type { InstallTools, RunningTools } from './tools.ts';
import { trustFiles } from './trust-files.ts';
import { GATEWAY_USER, unitFile, unitsOf } from './units.ts';

/** What an installation is asked to do: all that is needed to make its phases again. No secrets. */
export interface InstallParameters {
  version: string;
  counter: number;
  manifest_sha256: string;
  bytes: number;
  /** The host's anchor as it is to be: a list with the root key alone. */
  anchor: string;
  /** First half of the containers' addresses. */
  subnet: string;
  port: number;
  /** Where vectors lie: in Qdrant where the bundle brings it, else in files of each tenant. */
  vectors: 'qdrant' | 'sqlite-vec';
  /** Of the images as they are brought. */
  image_bytes: number;
  /** The age recipient of whoever can open this box’s keys when it is lost; null: named on the box itself. */
  recovery_recipient: string | null;
  /** The file in which the answer to its challenge is found; null: beside the challenge. */
  recovery_answer: string | null;
  /** An older bundle than the newest that was here: taken all the same, since somebody said why. */
  older_because: string | null;
}

export const INSTALL = 'install';

/** Installs a release from its verified copy: puts it in its place, starts it, and proves it by using it. */
export function installOperation(parameters: InstallParameters, layout: HostLayout, tools: InstallTools): Operation {
  const { running } = tools;
  return {
    kind: INSTALL,
    title: `Install ${parameters.version}`,
    parameters: { ...parameters },
    phases: [
      ...hostPhases(parameters, layout, tools),
      ...(running === null ? [] : enginePhases(parameters, layout, running)),
      switchRelease(layout, parameters.version),
      ...(running === null ? [] : runningPhases(parameters, layout, running)),
    ],
    on_failure: 'wait',
  };
}

/** Parameters as a journal keeps them. */
export const installParameters = (parameters: { readonly [key: string]: Json }): InstallParameters =>
  parameters as unknown as InstallParameters;

/** The phases that put a release on the host. */
function hostPhases(parameters: InstallParameters, layout: HostLayout, tools: InstallTools): Phase[] {
  return [
    makeFolders(layout),
    placeRelease(layout, parameters),
    addGatewayUser(layout, tools),
    writeFiles({ name: 'trust', title: 'Keep what bundles are verified against' }, trustFiles(parameters, layout)),
    writeFiles({ name: 'settings', title: 'Write the settings, unless there are some' }, [
      settingsFile(parameters, layout),
    ]),
    writeFiles(
      { name: 'units', title: 'Write the services' },
      unitFiles(parameters, layout, tools.listensTo),
      tools.reloadUnits,
    ),
    writeFiles({ name: 'command', title: 'Write the command frostbyte' }, [commandFile(layout)]),
  ];
}

/** What has to be on the host before a release is the current one, and is no file of it. */
function enginePhases({ version, image_bytes }: InstallParameters, layout: HostLayout, tools: RunningTools): Phase[] {
  const release = join(layout.releases, version);
  return [
    placeSignatures(release, join(layout.data, 'signatures')),
    installEngine(release, tools.engine),
    loadReleaseImages(release, image_bytes, tools.images),
  ];
}

/** Starts it and proves it. What a person has to bring comes last, so that nobody is troubled before the rest is proven. */
function runningPhases(parameters: InstallParameters, layout: HostLayout, tools: RunningTools): Phase[] {
  const { version, recovery_recipient: recipient, recovery_answer: answer } = parameters;
  const { services, inputRule, readiness, checks, recovery } = tools;
  return [
    startServices(services, inputRule),
    awaitReady(readiness, services),
    smokeTest(join(layout.releases, version), checks),
    isolationCheck(checks),
    proveRecovery(join(layout.data, 'recovery'), { recipient, answer }, recovery),
  ];
}

/** The settings of a host that has none. */
export function settingsFile({ subnet, port, vectors }: InstallParameters, layout: HostLayout): WantedFile {
  const { settings, data, current } = layout;
  return {
    path: join(settings, 'frostbyte.yaml'),
    mode: 0o644,
    whose: 'theirs',
    // The user is not there before its phase.
    get text() {
      return [
        '# Settings of this appliance; frostbyte config print shows all that are in force, with their meaning.',
        'mode: stack',
        `data_folder: ${data}`,
        'listen:',
        '  host: 127.0.0.1',
        `  port: ${port}`,
        'processes:',
        '  run_folder: /run/frostbyte',
        `  gateway_uid: ${uidOf(layout, GATEWAY_USER)}`,
        'stack:',
        `  subnet: "${subnet}"`,
        '  # Control brings the stores up, by what the release that runs brings.',
        `  compose: ${join(current, 'host/docker-compose')}`,
        `  compose_folder: ${join(current, 'compose')}`,
        `  hba_folder: ${join(data, 'hba')}`,
        `  signatures_folder: ${join(data, 'signatures')}`,
        `  vectors: ${vectors}`,
        '',
      ].join('\n');
    },
  };
}

/** What people call our program by. */
export function commandFile({ command, current }: HostLayout): WantedFile {
  const program = join(current, 'appliance/frostbyte');
  return {
    path: command,
    text: `#!/bin/sh\n# Written by the installer of Frostbyte: the release that is current.\nexec ${program} "$@"\n`,
    mode: 0o755,
    whose: 'ours',
  };
}

/** The services, as this release writes them; what the gateway may speak with, as the settings say. */
export function unitFiles(
  { subnet }: Pick<InstallParameters, 'subnet'>,
  layout: HostLayout,
  listensTo: () => readonly string[],
): WantedFile[] {
  return unitsOf({ subnet: `${subnet}.0.0/16`, listens_to: listensTo() }).map((unit) => ({
    path: join(layout.units, unit.name),
    text: unitFile(unit, layout),
    mode: 0o644,
    whose: 'ours',
  }));
}
