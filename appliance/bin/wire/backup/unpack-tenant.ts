import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readTar, type TarFile } from '../../../bundle/backup/read-tar.ts';
import { diskError } from '../../../kernel/durable-file.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { ObjectStore } from '../../../stores/object/port.ts';
import { OBJECTS } from './copied-objects.ts';
import { ROWS, VECTORS, VECTORS_BESIDE } from './files-source.ts';
import { TABLES } from './servers-source.ts';
import { STATE } from './tenant-part.ts';

/** Where the files of a tenant's part go. */
export interface PartSink {
  /** Each of its SQLite files: where it is put. */
  fileOf(name: typeof ROWS | typeof VECTORS | typeof VECTORS_BESIDE): string;
  /** What servers had of its rows, by the name behind `rows/`. */
  rows(name: string, file: TarFile): Promise<void>;
  /** Each object, as it lies at rest. Takes all of its bytes. */
  object(key: string, file: TarFile): Promise<void>;
}

/** What a part was found to hold. */
export interface UnpackedPart {
  objects: number;
  object_bytes: number;
  /** Documents that were erased while the backup was made. */
  gone: string[];
}

/** Takes a tenant's part apart. Throws `OBJECT_CORRUPTED` where it holds anything else, or is not whole. */
export async function unpackTenant(plain: AsyncIterable<Uint8Array>, sink: PartSink): Promise<UnpackedPart> {
  const found: UnpackedPart = { objects: 0, object_bytes: 0, gone: [] };
  let isWhole = false;
  for await (const file of readTar(plain)) {
    if (isWhole) throw unknown(file.path);
    if (file.path === ROWS || file.path === VECTORS || file.path === VECTORS_BESIDE) {
      await writeFile(sink.fileOf(file.path), file);
    } else if (file.path.startsWith(TABLES)) {
      await sink.rows(file.path.slice(TABLES.length), file);
    } else if (file.path.startsWith(OBJECTS)) {
      await sink.object(file.path.slice(OBJECTS.length), file);
      found.objects += 1;
      found.object_bytes += file.size;
    } else if (file.path === STATE) {
      const { gone } = JSON.parse((await bytesOf(file)).toString('utf8')) as { gone: string[] };
      found.gone = gone;
      isWhole = true;
    } else throw unknown(file.path);
  }
  if (!isWhole) throw new FrostbyteError('OBJECT_CORRUPTED', 'A tenant’s part of the backup has no end.');
  return found;
}

/** Writes a file of a tar, mode 0600, on the disk on return. */
export async function writeFile(path: string, file: { content(): AsyncIterable<Buffer> }): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, 'w', 0o600);
  try {
    for await (const bytes of file.content()) {
      for (let done = 0; done < bytes.length; )
        done += (await handle.write(bytes, done, bytes.length - done)).bytesWritten;
    }
    await handle.sync();
  } catch (error) {
    throw diskError(error, path);
  } finally {
    await handle.close();
  }
}

/** Objects up to this size are held, so that many can be made durable together. */
const SMALL = 4 << 20;
const GROUP_BYTES = 16 << 20;
const GROUP = 128;

/** Puts objects into a store as they come, several made durable at a time. `end` when the last one came. */
export class ObjectsInto {
  readonly #store: ObjectStore;
  #group: { key: string; bytes: Uint8Array }[] = [];
  #held = 0;

  constructor(store: ObjectStore) {
    this.#store = store;
  }

  async add(key: string, file: TarFile): Promise<void> {
    if (file.size > SMALL) {
      const draft = await this.#store.begin();
      try {
        for await (const bytes of file.content()) await draft.write(Buffer.from(bytes));
        await draft.commit(key);
      } catch (error) {
        await draft.abort();
        throw error;
      }
      return;
    }
    this.#group.push({ key, bytes: await bytesOf(file) });
    this.#held += file.size;
    if (this.#held >= GROUP_BYTES || this.#group.length >= GROUP) await this.end();
  }

  async end(): Promise<void> {
    await this.#store.putAll(this.#group);
    this.#group = [];
    this.#held = 0;
  }
}

/** The name of a tenant's SQLite file below a folder. */
export const sqliteIn = (folder: string) => (name: string) => join(folder, name);

export async function bytesOf(file: { content(): AsyncIterable<Buffer> }): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of file.content()) parts.push(part);
  return Buffer.concat(parts);
}

function unknown(path: string): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', `A tenant’s part of the backup holds ${path}, which none does.`);
}
