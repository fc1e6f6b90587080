/**
 * Whether a TIFF is whole, as far as its beginning and its end tell. A TIFF has no end mark: its directories name where
 * the pictures lie, and in a file that was cut some of that lies beyond the end.
 */
export interface TiffView {
  head: Buffer;
  tail: Buffer;
  /** Bytes of the whole file. */
  size: number;
}

/** Where a picture's strips or tiles lie, and how long they are. */
const PLACES: Readonly<Record<number, number>> = Object.freeze({ 273: 279, 324: 325 });
const ENTRY_BYTES = 12;
/** Bytes of a value by its type; 0 for types that no place is written in. */
const BYTES: Readonly<Record<number, number>> = Object.freeze({ 3: 2, 4: 4 });
/** Directories, and values in them, that are looked at; of a longer chain the rest is the parser's to judge. */
const MOST_DIRECTORIES = 1000;
const MOST_VALUES = 1 << 20;

/**
 * False where a directory, a list or a picture that it names lies beyond the end. What lies in neither the head nor the
 * tail is not looked into. O(head + tail).
 */
export function isWholeTiff({ head, tail, size }: TiffView): boolean {
  const little = head[0] === 0x49;
  const window = (at: number, bytes: number): Buffer | null => {
    if (at + bytes <= head.length) return head.subarray(at, at + bytes);
    const start = at - (size - tail.length);
    return start >= 0 && at + bytes <= size ? tail.subarray(start, start + bytes) : null;
  };
  const short = (bytes: Buffer, at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at));
  const long = (bytes: Buffer, at: number) => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at));

  let looked = 0;
  /** The values of an entry; null where they are not to be seen, `beyond` where they cannot be there. */
  const values = (entry: Buffer): number[] | 'beyond' | null => {
    const width = BYTES[short(entry, 2)] ?? 0;
    const count = long(entry, 4);
    if (width === 0) return null;
    const bytes = width * count;
    if (bytes > 4 && long(entry, 8) + bytes > size) return 'beyond';
    looked += count;
    if (looked > MOST_VALUES) return null;
    const list = bytes <= 4 ? entry.subarray(8, 8 + bytes) : window(long(entry, 8), bytes);
    if (list === null) return null;
    return Array.from({ length: count }, (_, n) => (width === 2 ? short(list, n * 2) : long(list, n * 4)));
  };

  if (!/^(?:II\*\0|MM\0\*)/.test(head.subarray(0, 4).toString('latin1')) || size < 8) return false;
  const seen = new Set<number>();
  for (let at = long(head, 4); at !== 0 && seen.size < MOST_DIRECTORIES && !seen.has(at); ) {
    seen.add(at);
    if (at + 2 > size) return false;
    const counted = window(at, 2);
    if (counted === null) return true;
    const length = short(counted, 0) * ENTRY_BYTES;
    if (at + 2 + length + 4 > size) return false;
    const directory = window(at + 2, length + 4);
    if (directory === null) return true;
    const entries = new Map<number, Buffer>();
    for (let n = 0; n < length; n += ENTRY_BYTES)
      entries.set(short(directory, n), directory.subarray(n, n + ENTRY_BYTES));
    for (const [places, lengths] of Object.entries(PLACES)) {
      const [where, long] = [entries.get(Number(places)), entries.get(lengths)].map((entry) => entry && values(entry));
      if (where === 'beyond' || long === 'beyond') return false;
      if (where && long && where.some((place, n) => place + (long[n] ?? 0) > size)) return false;
    }
    at = long(directory, length);
  }
  return true;
}
