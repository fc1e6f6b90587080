/** An Adobe marker that says "these are red, green and blue"; without one a decoder takes three samples for YCbCr. */
const RGB_MARKER = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, 0];

/**
 * A strip or tile of a JPEG-compressed TIFF as a JPEG file of its own: the page's common tables go in front. Null when
 * it does not begin as a JPEG does.
 */
export function jpegOfStrip(tables: Uint8Array, strip: Uint8Array, rgb: boolean): Uint8Array | null {
  const begins = (bytes: Uint8Array) => bytes[0] === 0xff && bytes[1] === 0xd8;
  if (!begins(strip)) return null;
  // The tables are a JPEG without a picture: its beginning and end are cut off.
  const common = begins(tables) ? tables.subarray(2, tables.length - 2) : new Uint8Array(0);
  return Buffer.concat([strip.subarray(0, 2), Uint8Array.from(rgb ? RGB_MARKER : []), common, strip.subarray(2)]);
}

/** The size a JPEG says it has, found without decoding it; null when it says none. O(markers). */
export function jpegSize(jpeg: Uint8Array): { width: number; height: number } | null {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  for (let at = 2; at + 9 <= jpeg.length && jpeg[at] === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = jpeg[at + 1]!;
    // SOF0 to SOF15 hold the size; DHT, JPG and DAC share their range.
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    }
  }
  return null;
}
