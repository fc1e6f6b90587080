import { FrostbyteError } from '../../kernel/errors.ts';
import { ByteSource } from '../format/byte-source.ts';
import { BLOCK, paddingOf } from '../format/tar.ts';
import { extendedSize, readHeader } from './entry-header.ts';

/** One file of a tar that is being read. */
export interface TarFile {
  path: string;
  size: number;
  /** Its bytes; what is not taken is skipped when the next file is asked for. */
  content(): AsyncGenerator<Buffer>;
}

/** Paths that may be made below a folder: relative, plain, no `.` and no `..`. */
const SAFE = /^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._/-]{1,255}$/;

/**
 * The files of a tar, in order, from a stream of its bytes. Memory: what a chunk of the stream holds. Throws
 * `OBJECT_CORRUPTED` for a tar that was cut, or holds anything but plain files under safe paths.
 */
export async function* readTar(stream: AsyncIterable<Uint8Array>): AsyncGenerator<TarFile> {
  const source = new ByteSource(stream, () => damaged('an end before its time'));
  for (let size: number | null = null; ; ) {
    const header = readHeader(await source.exactly(BLOCK));
    if (header === 'end') {
      if (readHeader(await source.exactly(BLOCK)) !== 'end') throw damaged('half an end');
      break;
    }
    if (header === null) throw damaged('a header that is none of ours');
    if (header.kind === 'extended') {
      size = extendedSize(await source.exactly(BLOCK));
      if (size === null) throw damaged('an extended header that says more than a size');
      continue;
    }
    const { path } = header;
    if (!SAFE.test(path)) throw damaged('a path that leads elsewhere');
    const length: number = size ?? header.size;
    size = null;
    const body = source.take(length);
    yield { path, size: length, content: () => body };
    for await (const _ of body);
    // Nothing is hashed or signed of what stands between files, so nothing may stand there.
    const padding = await source.exactly(paddingOf(length));
    if (padding.some((byte) => byte !== 0)) throw damaged('something between its files');
  }
  // To the end of the stream, so that whoever makes it can say whether it was cut.
  if ((await source.next()) !== null) throw damaged('something behind its end');
}

function damaged(what: string): FrostbyteError {
  return new FrostbyteError(
    'OBJECT_CORRUPTED',
    `The file is damaged: its tar has ${what}. Copy it again, or take another.`,
  );
}
