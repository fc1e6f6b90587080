import { type FileHandle, open, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { IsolationOrder, OrderTarget } from '../api/plane/isolation-order.ts';
import { newId } from '../kernel/ids.ts';
import { type Answer, Inconclusive, type Tries } from './attempt.ts';
import { mountPoints, wouldBeSeenAt } from './seen-folders.ts';

const SQLITE = 'SQLite format 3\0';
/** Far more than a tenant's folder has, and than an inbox has at its top. */
const MOST_NAMES = 10_000;
/** How a file says that it is not there for us. */
const CLOSED: readonly string[] = ['ENOENT', 'ENOTDIR', 'EACCES', 'EPERM', 'ELOOP', 'EROFS', 'ENXIO'];

/**
 * The vectors of tenants where there is no Qdrant: a file each, in a folder that its data plane alone is given (spec 7).
 * The own file first; then the folder of every other, by what it is and not by its name, at all that is mounted where
 * this runs: it is given what the data plane is given. What is written and deleted is the probe's. From the host, where
 * control stands, every folder is there for whoever may, so that says nothing and is not asked.
 */
export async function tryVectorFiles(order: IsolationOrder, file: string, tries: Tries): Promise<void> {
  const useOwn = async () => {
    await useFile(file, 'r', async (handle) => {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(SQLITE.length), 0, SQLITE.length, 0);
      if (buffer.toString('latin1', 0, bytesRead) !== SQLITE) throw new Error('no vectors');
    });
    await plant(dirname(file));
  };
  if (!(await tries.own('own access', useOwn)) || !order.inside) return;
  const points = await mountPoints();
  for (const target of order.targets) await tryTarget(target, file, points, tries);
  await tries.stillOwn(useOwn);
}

async function tryTarget(target: OrderTarget, own: string, points: readonly string[], tries: Tries): Promise<void> {
  const { tenant_id, probe, vectors } = target;
  if (vectors.kind !== 'sqlite-vec') return;
  const { folder, ids } = vectors;
  const places = wouldBeSeenAt(points, folder);
  const attempt = (test: string, work: () => Promise<Answer>) => tries.foreign(tenant_id, test, work);

  await attempt('find its folder among what is mounted', async () => {
    if (ids.length === 0) throw new Inconclusive('its folder is not there');
    return (await firstThat(places, (place) => isOneOf(place, ids))) === null ? 'denied' : 'allowed';
  });
  await attempt('find its file under another name', async () => {
    for (const point of points) {
      for (const name of await namesIn(point)) if (await isOneOf(join(point, name), ids)) return 'allowed';
    }
    return 'denied';
  });
  const beside = join(dirname(own), '..', tenant_id);
  for (const [test, place] of [
    ['read its file by the path that the host has', folder],
    ['read its file by a path that leaves the own folder', beside],
    ['read its file by the root of the first process', join('/proc/1/root', folder)],
  ] as const) {
    await attempt(test, () => answerOf(() => useFile(join(place, basename(own)), 'r', async () => undefined)));
  }
  if (!probe) return;
  await attempt('write into its folder, and delete there', async () => {
    const seen = await firstThat(places, (place) => isOneOf(place, ids));
    return answerOf(() => plant(seen ?? folder));
  });
}

/** What tells a file or folder, whatever it is called and wherever it is mounted; as `order.targets` name theirs. */
export function fileId({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`;
}

async function isOneOf(path: string, ids: readonly string[]): Promise<boolean> {
  try {
    return ids.includes(fileId(await stat(path, { bigint: true })));
  } catch (error) {
    return isClosed(error) ? false : inconclusive(error);
  }
}

async function firstThat(
  places: readonly string[],
  holds: (place: string) => Promise<boolean>,
): Promise<string | null> {
  for (const place of places) if (await holds(place)) return place;
  return null;
}

/** What lies at a mount point; nothing where it is a file, or not ours to list. */
async function namesIn(point: string): Promise<string[]> {
  try {
    return (await readdir(point)).slice(0, MOST_NAMES);
  } catch (error) {
    return isClosed(error) ? [] : inconclusive(error);
  }
}

/** Makes a file in a folder, and takes it away. */
async function plant(folder: string): Promise<void> {
  const path = join(folder, `isolation-${newId()}`);
  try {
    await useFile(path, 'wx', async (handle) => void (await handle.write('planted')));
  } finally {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

async function useFile(path: string, flags: string, work: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}

async function answerOf(work: () => Promise<void>): Promise<Answer> {
  try {
    await work();
    return 'allowed';
  } catch (error) {
    return isClosed(error) ? 'denied' : inconclusive(error);
  }
}

function isClosed(error: unknown): boolean {
  return CLOSED.includes(codeOf(error));
}

function inconclusive(error: unknown): never {
  throw new Inconclusive(`the disk answered ${codeOf(error)}`);
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | null)?.code);
}
