/**
 * A 32-bit hash of a string's UTF-16 code units: FNV-1a, then a finaliser that lets every input bit reach every output
 * bit. Integer arithmetic only, so it is the same on every machine.
 */
export function hash32(text: string, seed: number): number {
  let state = (0x811c9dc5 ^ seed) >>> 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    state = Math.imul(state ^ (unit & 0xff), 0x01000193);
    state = Math.imul(state ^ (unit >>> 8), 0x01000193);
  }
  return mix32(state);
}

/** Spreads an integer over all 32 bits; a chain of calls gives as many independent numbers as are asked for. */
export function mix32(value: number): number {
  let state = value | 0;
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
