import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostLayout } from '../host-layout.ts';
import type { Json, Operation, Phase } from '../operation/phase.ts';
import { serialOf } from '../verify/trust.ts';
import { NEWEST, newestOf } from './known-trust.ts';
import { makeFolders } from './phases/folders.ts';
import { addGatewayUser, uidOf } from './phases/gateway-user.ts';
import { placeRelease } from './phases/place-release.ts';
import { switchRelease } from './phases/switch-release.ts';
import { type WantedFile, writeFiles } from './phases/write-files.ts';
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
}

/** What the phases of an installation use beside files. */
export interface InstallTools {
  /** Has the service manager read its units anew. */
  reloadUnits(): Promise<void>;
  /** Makes a user of the system without a home or a shell, or takes it away. */
  addUser(name: string): Promise<void>;
  removeUser(name: string): Promise<void>;
}

/** Installs a release from its verified copy: what of it needs no container engine. */
export function installOperation(parameters: InstallParameters, layout: HostLayout, tools: InstallTools): Operation {
  return {
    kind: 'install',
    title: `Install ${parameters.version}`,
    parameters: { ...parameters },
    phases: hostPhases(parameters, layout, tools),
    on_failure: 'wait',
  };
}

/** Parameters as a journal keeps them. */
export const installParameters = (parameters: { readonly [key: string]: Json }): InstallParameters =>
  parameters as unknown as InstallParameters;

/** The phases that put a release on the host; what starts it follows. */
export function hostPhases(parameters: InstallParameters, layout: HostLayout, tools: InstallTools): Phase[] {
  const { version } = parameters;
  return [
    makeFolders(layout),
    placeRelease(layout, parameters),
    addGatewayUser(layout, tools),
    writeFiles({ name: 'trust', title: 'Keep what bundles are verified against' }, trustFiles(parameters, layout)),
    writeFiles({ name: 'settings', title: 'Write the settings, unless there are some' }, [
      settingsFile(parameters, layout),
    ]),
    writeFiles({ name: 'units', title: 'Write the services' }, unitFiles(parameters, layout), tools.reloadUnits),
    switchRelease(layout, version),
  ];
}

/** The anchor, the newest lists of signers, and how new the newest bundle was: what no later bundle may go behind. */
function trustFiles({ version, anchor, counter }: InstallParameters, layout: HostLayout): WantedFile[] {
  const lists = ['allowed_signers', 'revoked_keys'].flatMap((name): WantedFile[] => {
    const path = join(layout.settings, `known_${name}`);
    // Read when it is needed: the release is not there before its phase.
    return [
      {
        path,
        mode: 0o644,
        whose: 'ours',
        get text() {
          return newest(join(layout.releases, version, 'signers', name), path);
        },
      },
    ];
  });
  const newestBundle = join(layout.settings, NEWEST);
  return [
    { path: layout.anchor, text: anchor, mode: 0o644, whose: 'ours' },
    ...lists,
    {
      path: newestBundle,
      mode: 0o644,
      whose: 'ours',
      get text() {
        const known = existsSync(newestBundle) ? readFileSync(newestBundle, 'utf8') : null;
        if (known !== null && newestOf(known, newestBundle).counter > counter) return known;
        return `${JSON.stringify({ counter, version })}\n`;
      },
    },
  ];
}

function newest(brought: string, known: string): string {
  const text = readFileSync(brought, 'utf8');
  const here = existsSync(known) ? readFileSync(known, 'utf8') : null;
  return here !== null && serialOf(here) > serialOf(text) ? here : text;
}

function settingsFile({ subnet, port, vectors }: InstallParameters, layout: HostLayout): WantedFile {
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

function unitFiles({ subnet }: InstallParameters, layout: HostLayout): WantedFile[] {
  return unitsOf({ subnet: `${subnet}.0.0/16`, listens_to: [] }).map((unit) => ({
    path: join(layout.units, unit.name),
    text: unitFile(unit, layout),
    mode: 0o644,
    whose: 'ours',
  }));
}
