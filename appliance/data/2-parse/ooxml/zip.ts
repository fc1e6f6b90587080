import { crc32 } from 'node:zlib';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import { isFrostbyteError } from '../../../kernel/errors.ts';
import type { ReadLimits } from '../layout.ts';
import { corrupted, encrypted } from './refusals.ts';

/** Below this size an entry's compression ratio says nothing: even a bomb's worth of it is small. */
const RATIO_FLOOR = 1 << 20;

/** The parts of an archive in memory, by name without regard to case (OPC names are case-insensitive). */
export interface ZipParts {
  /** Names as written, in the archive's order. */
  names: string[];
  has(name: string): boolean;
  /** The unpacked bytes of a part, chunk by chunk. Throws `FILE_CORRUPTED` when missing or damaged. */
  open(name: string): AsyncIterable<Uint8Array>;
}

/**
 * Opens a zip archive held in memory. Nothing is unpacked before the directory has passed: number of entries, no
 * repeated names, no encryption, compression ratio of each entry and the sum of all sizes within the limits. Sizes that
 * lie are caught while unpacking. Throws `FILE_CORRUPTED` or `FILE_ENCRYPTED`. O(entries).
 */
export async function openZip(bytes: Uint8Array, limits: ReadLimits): Promise<ZipParts> {
  const zip = await damaged(() =>
    fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { lazyEntries: true }),
  );
  if (zip.entryCount > limits.maxArchiveEntries) throw corrupted('the archive has too many entries');
  const entries = new Map<string, Entry>();
  const names: string[] = [];
  let total = 0;
  await damaged(async () => {
    for await (const entry of zip.eachEntry()) {
      const key = entry.fileName.toLowerCase();
      if (key.endsWith('/')) continue;
      if (entries.has(key)) throw corrupted('the archive holds two parts of one name');
      if (entry.isEncrypted()) throw encrypted();
      if (
        entry.uncompressedSize > RATIO_FLOOR &&
        entry.uncompressedSize > entry.compressedSize * limits.maxCompressionRatio
      ) {
        throw corrupted('an entry unpacks to far more than it holds');
      }
      total += entry.uncompressedSize;
      if (total > limits.maxUnpackedBytes) throw corrupted('the archive unpacks to more than the limit');
      entries.set(key, entry);
      names.push(entry.fileName);
    }
  });
  const budget = { left: limits.maxUnpackedBytes };
  return {
    names,
    has: (name) => entries.has(name.toLowerCase()),
    open: (name) => unpack(zip, entries.get(name.toLowerCase()), budget),
  };
}

async function* unpack(zip: ZipFile, entry: Entry | undefined, budget: { left: number }): AsyncGenerator<Uint8Array> {
  if (!entry) throw corrupted('a part that it refers to is missing');
  const stream = await damaged(() => zip.openReadStreamPromise(entry));
  let checksum = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      // Also counts a part that is read twice, or entries that share their bytes.
      budget.left -= chunk.length;
      if (budget.left < 0) throw corrupted('the archive unpacks to more than the limit');
      checksum = crc32(chunk, checksum);
      yield chunk;
    }
  } catch (error) {
    throw asCorrupted(error);
  } finally {
    stream.destroy();
  }
  if (checksum !== entry.crc32) throw corrupted('a checksum in the archive is wrong');
}

async function damaged<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asCorrupted(error);
  }
}

/** The zip reader's messages may quote the file, so they are not passed on. */
function asCorrupted(error: unknown): Error {
  if (isFrostbyteError(error)) return error;
  return error instanceof Error && /encryption/.test(error.message) ? encrypted() : corrupted('the archive is damaged');
}
