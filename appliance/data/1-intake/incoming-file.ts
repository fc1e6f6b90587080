import { createHash } from 'node:crypto';
import { giveBack } from '../../kernel/give-back.ts';
import type { ObjectDraft } from '../../stores/object/port.ts';
import type { DataPlane, Scan, ScanVerdict } from '../plane.ts';
import { beginWithRoom } from './draft-with-room.ts';
import { type FileEnd, lookAtEnd, TAIL_BYTES } from './file-end.ts';
import { EMPTY, HEAD_BYTES, looksLikeUtf16, sniffHead } from './sniff.ts';

/** What was seen of a file while it went by. */
export interface IncomingFile {
  /** Bytes that came; of a skipped part those until then. */
  size: number;
  /** Hex; null where the part was skipped before its end. */
  sha256: string | null;
  /** The media type that the first bytes show. */
  sniffed: string;
  /** They are text in two bytes each. */
  utf16: boolean;
  /** What the end showed; null where nothing was stored. */
  end: FileEnd | null;
  /** A zero byte stands somewhere. */
  zeros: boolean;
  /** The sealed bytes, not yet visible; null where the part was not stored. */
  draft: ObjectDraft | null;
  scan: ScanVerdict | null;
}

/** Who holds a chunk of a stored file: the draft, the scan and the tail. The last to let go gives its memory back. */
const KEEPERS = 3;

type State = 'head' | 'storing' | 'hashing' | 'skipping';

export interface TakeInOptions {
  /** Bytes of a file from which on it is skipped. */
  limit: number;
  /** Bytes that the manifest says, from which on nothing is stored, since the checksum cannot be right any more. */
  declared: number;
  /** Asked once the type is known; false skips the part unstored. */
  wanted: (sniffed: string) => boolean;
}

/**
 * Lets one part go by: hashes it, scans it and writes its sealed draft, in one pass, holding no more than its head, its
 * tail and a chunk, and none of that behind it: a batch of ten thousand files must not hold ten thousand tails. Parts that are not wanted or too large are read and forgotten. The chunks of `content` are used up:
 * their memory is given back. When `content` or a store fails, nothing is left behind and the error passes through.
 */
export async function takeIn(
  plane: Pick<DataPlane, 'objects' | 'scanner'>,
  content: AsyncIterable<Buffer>,
  options: TakeInOptions,
): Promise<IncomingFile> {
  const hash = createHash('sha256');
  const seen: IncomingFile = {
    size: 0,
    sha256: null,
    sniffed: EMPTY,
    utf16: false,
    end: null,
    zeros: false,
    draft: null,
    scan: null,
  };
  const keepers = new Map<Uint8Array, number>();
  const release = (chunk: Uint8Array) => {
    const left = (keepers.get(chunk) ?? KEEPERS) - 1;
    if (left > 0) keepers.set(chunk, left);
    else {
      keepers.delete(chunk);
      giveBack(chunk);
    }
  };
  const tail = new Tail(release);
  let scan: Scan | null = null;
  let waiting: Buffer[] = [];
  let head: Buffer = Buffer.alloc(0);
  let state: State = 'head';
  const is = (other: State) => state === other;

  const drop = async () => {
    scan?.abort();
    scan = null;
    await seen.draft?.abort();
    seen.draft = null;
  };
  const store = async (chunk: Buffer) => {
    hash.update(chunk);
    seen.zeros ||= chunk.includes(0);
    tail.push(chunk);
    await seen.draft?.write(chunk, release);
    await scan?.write(chunk, release);
  };
  const begin = async () => {
    head = Buffer.concat(waiting).subarray(0, HEAD_BYTES);
    seen.sniffed = await sniffHead(head);
    seen.utf16 = looksLikeUtf16(head);
    if (!options.wanted(seen.sniffed)) {
      state = 'skipping';
      return;
    }
    state = 'storing';
    seen.draft = await beginWithRoom(plane.objects);
    scan = await plane.scanner.begin();
    for (const chunk of waiting) await store(chunk);
    waiting = [];
  };

  try {
    for await (const chunk of content) {
      if (is('skipping')) {
        giveBack(chunk);
        continue;
      }
      seen.size += chunk.length;
      if (seen.size > options.limit) {
        await drop();
        state = 'skipping';
      } else if (is('head')) {
        waiting.push(chunk);
        if (seen.size >= HEAD_BYTES) await begin();
      } else if (is('storing') && seen.size <= options.declared) await store(chunk);
      else {
        if (is('storing')) await drop();
        state = 'hashing';
        hash.update(chunk);
        giveBack(chunk);
      }
    }
    if (is('head')) await begin();
    if (is('skipping')) return seen;
    seen.sha256 = hash.digest('hex');
    if (is('storing')) {
      seen.end = lookAtEnd({ head, tail: tail.bytes(), size: seen.size });
      await seen.draft?.end();
      seen.scan = (await scan!.end()) ?? null;
      scan = null;
    }
    return seen;
  } catch (error) {
    await drop();
    throw error;
  }
}

/** The end of a stream, kept by reference. */
class Tail {
  readonly #release: (chunk: Buffer) => void;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** `release` is called with each chunk that lies before the end. */
  constructor(release: (chunk: Buffer) => void) {
    this.#release = release;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes - this.#chunks[0]!.length >= TAIL_BYTES) {
      const chunk = this.#chunks.shift()!;
      this.#bytes -= chunk.length;
      this.#release(chunk);
    }
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks).subarray(-TAIL_BYTES);
  }
}
