/**
 * The entries of an image's layer, as whoever made it packed them: a tar of ustar headers, with POSIX's or GNU's words for what
 * does not fit into one, plain, or packed with gzip or zstd.
 */
import { createReadStream } from 'node:fs';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { ByteSource } from '../../appliance/bundle/format/byte-source.ts';
import { BLOCK, paddingOf } from '../../appliance/bundle/format/tar.ts';

export interface LayerEntry {
  /** Without a slash at its begin or end; empty: the root. */
  path: string;
  kind: 'file' | 'hard link' | 'link' | 'folder' | 'other';
  /** Where a link leads. */
  target: string;
  mode: number;
  size: number;
  /** Its bytes, taken whole, or skipped when the next entry is asked for. */
  content(): AsyncGenerator<Buffer>;
}

const KINDS: Readonly<Record<string, LayerEntry['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hard link',
  '2': 'link',
  '3': 'other',
  '4': 'other',
  '5': 'folder',
  '6': 'other',
};
/** Longest name, or list of an entry's properties: a path has 4096 bytes at most. */
const MOST_WORDS = 1 << 20;

/** The entries of a layer, in order. Memory: what a chunk holds. Throws an error for what is no whole tar. O(bytes). */
export async function* layerEntries(file: string): AsyncGenerator<LayerEntry> {
  const source = new ByteSource(await unpacked(file), () => broken('ends before its time'));
  for (let more: Words = {}; ; ) {
    const block = await source.exactly(BLOCK);
    if (block.every((byte) => byte === 0)) {
      // To the end of the stream: what unpacks it holds its own sum there.
      while ((await source.next()) !== null);
      return;
    }
    const header = readHeader(block);
    const size = more.size ?? header.size;
    if (header.type === 'x' || header.type === 'L' || header.type === 'K') {
      if (header.size > MOST_WORDS) throw broken('has a name without an end');
      const text = await source.exactly(header.size);
      await source.skip(paddingOf(header.size));
      more = { ...more, ...wordsOf(header.type, text) };
      continue;
    }
    const kind = KINDS[header.type];
    if (kind === undefined && header.type !== 'g') throw broken(`has an entry of the kind ${header.type}`);
    const isFile = kind === 'file' || kind === undefined;
    const body = source.take(isFile ? size : 0);
    if (kind !== undefined)
      yield {
        path: plain(more.path ?? header.path),
        kind,
        target: more.target ?? header.target,
        mode: header.mode,
        size: isFile ? size : 0,
        content: () => body,
      };
    for await (const _ of body);
    await source.skip(isFile ? paddingOf(size) : 0);
    more = {};
  }
}

/** What stands before a header of what does not fit into it. */
interface Words {
  path?: string;
  target?: string;
  size?: number;
}

function readHeader(block: Buffer) {
  const text = (at: number, length: number) => {
    const end = block.indexOf(0, at);
    return block.toString('utf8', at, end === -1 || end > at + length ? at + length : end);
  };
  // Behind GNU's word of the same begin stand dates there.
  const [name, prefix] = [text(0, 100), block.toString('latin1', 257, 263) === 'ustar\0' ? text(345, 155) : ''];
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    mode: Number.parseInt(text(100, 8).trim() || '0', 8),
    size: sizeOf(block.subarray(124, 136)),
    type: String.fromCharCode(block[156]!),
    target: text(157, 100),
  };
}

/** In octal digits, or, above what they hold, as a number behind a first bit. */
function sizeOf(field: Buffer): number {
  const size =
    field[0]! & 0x80
      ? Number(field.readBigUInt64BE(4))
      : Number.parseInt(field.toString('latin1').replaceAll('\0', ' ').trim() || '0', 8);
  if (!Number.isSafeInteger(size) || size < 0) throw broken('has a size that is none');
  return size;
}

function wordsOf(type: string, bytes: Buffer): Words {
  const whole = bytes.toString('utf8').replace(/\0+$/, '');
  if (type === 'L') return { path: whole };
  if (type === 'K') return { target: whole };
  const words: Words = {};
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at);
    const length = Number(bytes.toString('latin1', at, space));
    if (space === -1 || !Number.isSafeInteger(length) || length <= 0) throw broken('has properties that are none');
    const [key, value] = splitOnce(bytes.toString('utf8', space + 1, at + length - 1));
    if (key === 'path') words.path = value;
    else if (key === 'linkpath') words.target = value;
    else if (key === 'size') words.size = Number(value);
    at += length;
  }
  return words;
}

function splitOnce(line: string): [key: string, value: string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

const plain = (path: string): string =>
  path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/');

const broken = (what: string): Error => new Error(`a layer is no tar that can be read: it ${what}`);

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** By its first bytes: manifests of others call the same thing by several names. */
async function unpacked(file: string): Promise<AsyncIterable<Uint8Array>> {
  let first: Buffer = Buffer.alloc(0);
  for await (const piece of createReadStream(file, { end: ZSTD.length - 1 })) first = piece as Buffer;
  const bytes = createReadStream(file);
  const through = first.subarray(0, 2).equals(GZIP)
    ? createGunzip()
    : first.equals(ZSTD)
      ? createZstdDecompress()
      : null;
  if (through === null) return bytes;
  bytes.once('error', (error) => through.destroy(error));
  return bytes.pipe(through);
}
