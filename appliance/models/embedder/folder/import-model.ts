import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256Hex } from '../../../kernel/digest.ts';
import { diskRoom } from '../../../kernel/disk-room.ts';
import { type ErrorDetail, FrostbyteError } from '../../../kernel/errors.ts';
import { mpnetGraph } from '../graph/mpnet.ts';
import { readTensors } from '../graph/safetensors.ts';
import type { LockedFile, LockedModel, ModelLock } from '../lock.ts';
import { checkFile } from './check-file.ts';
import { wrongFiles } from './wrong-files.ts';

const INCOMING = '.incoming-';
/** Of a rename onto a folder that is not empty. */
const TAKEN: ReadonlySet<string> = new Set(['ENOTEMPTY', 'EEXIST']);

/** Told of every piece that was copied: bytes of all. */
export type OnBytes = (done: number, total: number) => void;

/**
 * Takes a model of the lock out of `from` into the models folder: copied beside, hashed on the way, the graph written
 * where the lock says that it is made here, then renamed into place, unless the model lies there whole already. Whoever
 * ends it in the middle loses no model that was whole, and several may be at work at once. Answers which model it is. Throws `CHECKSUM_MISMATCH` naming each file that is not the locked one, `VALIDATION_ERROR` where no model's files
 * lie there, `DISK_FULL` before anything is copied.
 */
export async function importModel(folder: string, lock: ModelLock, from: string, onBytes?: OnBytes): Promise<string> {
  const model = await modelIn(lock, from);
  await mkdir(folder, { recursive: true });
  await sweepIncoming(folder);
  await leaveRoom(folder, model);
  const beside = join(folder, `${INCOMING}${process.pid}-${randomUUID()}`);
  await mkdir(beside);
  try {
    await copyBrought(model, from, beside, onBytes);
    for (const file of model.files) if (file.made_by !== undefined) await make(model, file, beside);
    await syncFolder(beside);
    await intoPlace(folder, model, beside);
    await syncFolder(folder);
  } finally {
    await rm(beside, { recursive: true, force: true });
  }
  return model.name;
}

/** Puts the model where it is looked for. A whole one that lies there is the same bytes, and stays. */
async function intoPlace(folder: string, model: LockedModel, beside: string): Promise<void> {
  const place = join(folder, model.name);
  while ((await wrongFiles(folder, model, true)).length > 0) {
    await rm(place, { recursive: true, force: true });
    try {
      return await rename(beside, place);
    } catch (error) {
      // Another import was quicker: what it brought is looked at.
      if (!TAKEN.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

/** Which model's files lie in a folder: all that it is brought as, of the locked sizes. Throws where none is whole. */
async function modelIn(lock: ModelLock, from: string): Promise<LockedModel> {
  const looks = await Promise.all(
    lock.models.map(async (model) => {
      const files = await Promise.all(brought(model).map((file) => placeOf(file, from)));
      const there = files.filter(({ problem }) => problem !== ABSENT).length;
      const wrong = files.flatMap(({ path, problem }) =>
        problem === null ? [] : [{ field: path, constraint: problem }],
      );
      return { model, wrong, there, right: files.length - wrong.length };
    }),
  );
  const whole = looks.find(({ wrong }) => wrong.length === 0);
  if (whole !== undefined) return whole.model;
  // Files of a model's names that are not its files: the nearest model says what is wrong with them.
  const [near] = looks.filter(({ there }) => there > 0).sort((a, b) => b.right - a.right || b.there - a.there);
  if (near !== undefined) throw refused(near.model, near.wrong);
  const wanted = lock.models.map(
    (model) =>
      `${model.name} (${brought(model)
        .map(({ name }) => name)
        .join(', ')})`,
  );
  throw new FrostbyteError('VALIDATION_ERROR', `In ${from} lies no model. Known are ${wanted.join(' and ')}.`, {
    details: [{ field: 'folder', value: from, constraint: 'holds the files of a model that the lock names' }],
  });
}

const ABSENT = 'is not there';

function brought({ files }: LockedModel): LockedFile[] {
  return files.filter((file) => file.brought_as !== undefined);
}

/** Where of its possible places a file lies, by its size; else the first that is there at all, with what is wrong. */
async function placeOf(file: LockedFile, from: string): Promise<{ path: string; problem: string | null }> {
  let first: { path: string; problem: string | null } | undefined;
  for (const place of file.brought_as!) {
    const found = { path: place, problem: await checkFile(join(from, place), file, { whole: false }) };
    if (found.problem === null) return found;
    if (first === undefined || first.problem === ABSENT) first = found;
  }
  return first!;
}

async function copyBrought(model: LockedModel, from: string, to: string, onBytes?: OnBytes): Promise<void> {
  const files = brought(model);
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const wrong: ErrorDetail[] = [];
  let done = 0;
  for (const file of files) {
    const { path } = await placeOf(file, from);
    const copy = await open(join(to, file.name), 'wx', 0o644);
    try {
      const problem = await checkFile(join(from, path), file, {
        whole: true,
        into: async (piece) => {
          await copy.writeFile(piece);
          done += piece.length;
          onBytes?.(done, total);
        },
      });
      if (problem !== null) wrong.push({ field: path, constraint: problem });
      await copy.sync();
    } finally {
      await copy.close();
    }
  }
  if (wrong.length > 0) throw refused(model, wrong);
}

/** Writes a graph straight from the weights that lie beside it. */
async function make(model: LockedModel, file: LockedFile, folder: string): Promise<void> {
  const weights = model.files.find(({ role }) => role === 'weights')!;
  const graph = mpnetGraph(await readTensors(join(folder, weights.name)), weights.name);
  if (sha256Hex(graph) !== file.sha256) {
    throw refused(model, [{ field: file.name, constraint: 'was not written as the lock has it: the lock is older' }]);
  }
  await writeFile(join(folder, file.name), graph, { flag: 'wx', flush: true });
}

async function leaveRoom(folder: string, { name, files }: LockedModel): Promise<void> {
  const needed = files.reduce((sum, { size }) => sum + size, 0);
  const room = await diskRoom(folder);
  if (room >= needed) return;
  throw new FrostbyteError(
    'DISK_FULL',
    `The model ${name} takes ${needed} bytes, and the disk of ${folder} has room for ${room}.`,
  );
}

/** What an import left that was ended in the middle; one that is at work keeps what it has. */
async function sweepIncoming(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(INCOMING) || isAtWork(name)) continue;
    await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Whether the process lives that its name tells. A number that another took meanwhile costs room, until it goes too. */
function isAtWork(name: string): boolean {
  const pid = Number(/^\d+/.exec(name.slice(INCOMING.length))?.[0] ?? 0);
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
}

function refused({ name }: LockedModel, details: ErrorDetail[]): FrostbyteError {
  const named = details.map(({ field, constraint }) => `${field} ${constraint}`).join('; ');
  return new FrostbyteError(
    'CHECKSUM_MISMATCH',
    `These are not the files of ${name} that the model lock names: ${named}.`,
    {
      details,
    },
  );
}
