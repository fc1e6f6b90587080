/** Bytes of one value by TIFF field type: BYTE, ASCII, SHORT, LONG, RATIONAL, and UNDEFINED as 7. */
const SIZES: Readonly<Record<number, number>> = Object.freeze({ 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1 });
/** More values than a page has strips, or a colour map has entries. */
const MOST_VALUES = 200_000;

/** The fields of one TIFF directory. */
export interface TiffTags {
  /** All values of a tag, a RATIONAL as its quotient; empty when it is absent, broken or lies outside the file. */
  all(tag: number): number[];
  /** Its first value. */
  one(tag: number, otherwise: number): number;
}

/** Reads fields of the directory at `offset`, which `readTiffPages` has found to lie within the file. */
export function tiffTags(bytes: Uint8Array, littleEndian: boolean, offset: number): TiffTags {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(offset, littleEndian);
  const all = (tag: number): number[] => {
    for (let at = offset + 2; at < offset + 2 + 12 * count; at += 12) {
      if (view.getUint16(at, littleEndian) === tag) return values(view, littleEndian, at);
    }
    return [];
  };
  return { all, one: (tag, otherwise) => all(tag)[0] ?? otherwise };
}

function values(view: DataView, littleEndian: boolean, at: number): number[] {
  const type = view.getUint16(at + 2, littleEndian);
  const count = view.getUint32(at + 4, littleEndian);
  const size = SIZES[type] ?? 0;
  if (size === 0 || count > MOST_VALUES) return [];
  const start = size * count <= 4 ? at + 8 : view.getUint32(at + 8, littleEndian);
  if (start + size * count > view.byteLength) return [];
  const read = (place: number) => {
    if (type === 3) return view.getUint16(place, littleEndian);
    if (type === 4) return view.getUint32(place, littleEndian);
    if (type === 5) return view.getUint32(place, littleEndian) / view.getUint32(place + 4, littleEndian);
    return view.getUint8(place);
  };
  return Array.from({ length: count }, (_, index) => read(start + index * size));
}
