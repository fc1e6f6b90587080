/**
 * The tar form of a bundle: POSIX ustar, plain files alone, every header made of path, size and mode and nothing else, so
 * that the same files give the same bytes. Reading is as narrow as writing: a header that this would not have written, byte
 * for byte, is refused, which leaves no room for links, devices, extended headers or a second meaning.
 */

export const BLOCK = 512;
/** A tar ends with two empty blocks; more than that is padding that nothing vouches for. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

export interface TarEntry {
  path: string;
  size: number;
  executable: boolean;
}

/** The header of a file. O(1). Throws a `RangeError` where path or size do not fit. */
export function tarHeader({ path, size, executable }: TarEntry): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(path);
  const text = (value: string, at: number) => block.write(value, at, 'latin1');
  const octal = (value: number, at: number, width: number) => text(value.toString(8).padStart(width, '0'), at);
  text(name, 0);
  octal(executable ? 0o755 : 0o644, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  if (size > 0o77777777777) throw new RangeError(`${path} is too large for a tar`);
  octal(size, 124, 11);
  octal(0, 136, 11);
  text('        ', 148);
  text('0', 156);
  text('ustar\u000000', 257);
  text(prefix, 345);
  const sum = block.reduce((total, byte) => total + byte, 0);
  octal(sum, 148, 6);
  text('\0 ', 154);
  return block;
}

/** Reads a header that `tarHeader` made; a string says why it is none. */
export function readTarHeader(block: Buffer): TarEntry | string {
  const field = (at: number, length: number) => {
    const end = block.indexOf(0, at);
    return block.toString('latin1', at, end === -1 || end > at + length ? at + length : end);
  };
  const kind = field(156, 1);
  if (kind !== '0') return KINDS[kind] ?? `an entry of an unknown kind (${JSON.stringify(kind)})`;
  const [prefix, name] = [field(345, 155), field(0, 100)];
  const path = prefix === '' ? name : `${prefix}/${name}`;
  const sizeField = field(124, 12);
  if (!/^[0-7]{11}$/.test(sizeField)) return 'a size that is no number';
  const entry = { path, size: Number.parseInt(sizeField, 8), executable: field(100, 8) === '0000755' };
  return isWritten(block, entry) ? entry : 'a header in another form than a bundle has';
}

/** Bytes behind an entry's content up to the next block. */
export const paddingOf = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK;

const KINDS: Readonly<Record<string, string>> = {
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a device',
  '4': 'a device',
  '5': 'a folder as an entry of its own',
  '6': 'a pipe',
  x: 'an extended header',
  g: 'an extended header',
  L: 'an extended header',
  K: 'an extended header',
};

function isWritten(block: Buffer, entry: TarEntry): boolean {
  try {
    return tarHeader(entry).equals(block);
  } catch {
    return false;
  }
}

/** A path as prefix and name: the name as long as it may be. */
function splitPath(path: string): [prefix: string, name: string] {
  if (path.length <= 100) return ['', path];
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    if (path.length - at - 1 <= 100 && at <= 155) return [path.slice(0, at), path.slice(at + 1)];
  }
  throw new RangeError(`${path} is too long for a tar`);
}
