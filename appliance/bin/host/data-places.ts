import { mkdirSync, statfsSync } from 'node:fs';
import type { HostLayout } from '../../bundle/host-layout.ts';
import type { DataPlace } from '../../bundle/upgrade/snapshot/snapshot.ts';
import type { DataOnHost } from '../../bundle/upgrade/tools.ts';
import { PLANE_LABEL } from '../../control/engine/labels.ts';
import { engineRequests } from '../../control/engine/requests.ts';
import { runProgram } from './run-program.ts';

/**
 * What of the data folder no release changes, or must not be put back: the records of what is done here, copies, what was
 * brought, what is passing, and the flags of the kill-switch, since no way back gives a suspended tenant its service again.
 */
const WITHOUT = [
  'operations',
  'evidence',
  'snapshot',
  'signatures',
  'models',
  'inbox',
  'tmp',
  'control/suspended',
  'control/backup',
];
const SYNC_SECONDS = 600;

interface Volume {
  Name: string;
  Mountpoint: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
}

/** The data of this host: its folder, and the stores' volumes where an engine keeps them; `engine` null: there is none. */
export function dataOnHost({ data }: Pick<HostLayout, 'data'>, engine: string | null): DataOnHost {
  return {
    async places() {
      const own: DataPlace = { name: 'data', path: data, without: WITHOUT };
      return [own, ...(engine === null ? [] : await volumePlaces(engine))];
    },
    syncDisk: async (folder) => void (await runProgram('sync', ['--file-system', folder], { seconds: SYNC_SECONDS })),
    room(folder) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    },
  };
}

/** Volumes that a store keeps something in; one of memory, or of a folder that is data already, is none. */
async function volumePlaces(socket: string): Promise<DataPlace[]> {
  const { Volumes } = (await engineRequests(socket).ask('GET', '/volumes')) as { Volumes: Volume[] | null };
  return (Volumes ?? [])
    .filter(({ Labels, Options }) => PLANE_LABEL in (Labels ?? {}) && Object.keys(Options ?? {}).length === 0)
    .map(({ Name, Mountpoint }) => ({ name: `volume-${Name}`, path: Mountpoint, without: [] }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
