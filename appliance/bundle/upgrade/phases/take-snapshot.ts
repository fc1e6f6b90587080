import { isClosed } from '../../../kernel/closed-door.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Phase, PhaseRun } from '../../operation/phase.ts';
import { putBack } from '../snapshot/put-back.ts';
import { type DataPlace, makeSnapshotFolder, noteSnapshot, removeSnapshot, snapshotAt } from '../snapshot/snapshot.ts';
import { bytesToCopy, takeCopy } from '../snapshot/take-copy.ts';
import type { DataOnHost } from '../tools.ts';

/**
 * Whether a copy that was taken is not needed any more: people were let in, and a run that goes on behind that takes none of what
 * they bring. Before that the door is open while the first copy is there, and closed until the release is proven.
 */
const isPast = (flags: string): boolean => !isClosed(flags);

/** What has to be free beside the copy: the release works on. */
const MARGIN = 256 << 20;

/**
 * A first copy of all data, while everything runs: it holds nobody up, and is of no moment yet. Refused where the disk has not
 * the room for it.
 */
export function copyAhead(folder: string, flags: string, data: DataOnHost): Phase {
  return {
    name: 'snapshot',
    title: 'Copy the data while it runs',
    seconds: 20,
    check: async ({ recorded }) => recorded && (snapshotAt(folder) !== null || isPast(flags)),
    async do(run) {
      makeSnapshotFolder(folder);
      const places = await data.places();
      refuseWithoutRoom(folder, places, data);
      const bytes = await copyAll(folder, places, data, run);
      noteSnapshot(folder, { places, is_settled: false });
      run.note(
        `${(bytes / 1e6).toFixed(1)} MB of ${places.length} places are copied; what changes until it rests is copied then`,
      );
    },
    async undo() {
      removeSnapshot(folder);
    },
  };
}

/**
 * The copy as everything rests: consistent across all stores, since nobody writes to any. Undone, all data are as they were at
 * that moment, whatever the new release has done with them.
 */
export function settleSnapshot(folder: string, flags: string, data: DataOnHost): Phase {
  return {
    name: 'settle',
    title: 'Copy what changed until it rested',
    seconds: 5,
    check: async ({ recorded }) => recorded && (snapshotAt(folder)?.is_settled === true || isPast(flags)),
    async do(run) {
      makeSnapshotFolder(folder);
      const places = await data.places();
      const bytes = await copyAll(folder, places, data, run);
      noteSnapshot(folder, { places, is_settled: true });
      run.note(`${(bytes / 1e6).toFixed(1)} MB had changed; the data are kept as they are now`);
    },
    async undo({ signal, note }) {
      const snapshot = snapshotAt(folder);
      // It was never whole, so nothing came behind it.
      if (snapshot === null || !snapshot.is_settled) return;
      let changed = 0;
      for (const place of snapshot.places)
        changed += await putBack(folder, place, { signal, syncDisk: (path) => data.syncDisk(path) });
      note(`the data are as they were: ${changed} files and folders were put back or removed`);
    },
  };
}

/** Removes the snapshot, once it is no way back any more: what is erased from now on must not live on in it. */
export function forgetSnapshot(folder: string): Phase {
  return {
    name: 'forget',
    title: 'Remove the copy of the data',
    seconds: 2,
    check: async ({ recorded }) => recorded && snapshotAt(folder) === null,
    do: async () => removeSnapshot(folder),
    undo: null,
  };
}

async function copyAll(
  folder: string,
  places: readonly DataPlace[],
  data: DataOnHost,
  { signal, progress }: PhaseRun,
): Promise<number> {
  const total = places.reduce((sum, place) => sum + bytesToCopy(folder, place), 0);
  let [done, all] = [0, 0];
  const copied = (bytes: number) => {
    done += bytes;
    progress(Math.min(done, total), total);
  };
  for (const place of places)
    all += await takeCopy(folder, place, { signal, copied, syncDisk: (path) => data.syncDisk(path) });
  return all;
}

function refuseWithoutRoom(folder: string, places: readonly DataPlace[], data: DataOnHost): void {
  const wanted = places.reduce((sum, place) => sum + bytesToCopy(folder, place), 0) + MARGIN;
  const room = data.room(folder);
  if (wanted <= room) return;
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  throw new FrostbyteError(
    'DISK_FULL',
    `The copy of the data to which the upgrade can go back needs ${gigabytes(wanted)}, and the disk of ${folder} has ${gigabytes(room)}. Free some space, and go on: frostbyte plan resume.`,
    { details: [{ field: 'path', value: folder, constraint: `${wanted} bytes free` }] },
  );
}
