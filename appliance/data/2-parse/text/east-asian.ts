/**
 * Short East Asian text gives statistics nothing to count. Its double-byte structure still does: nearly all characters
 * of ordinary text lie in the block of common characters that each of these encodings put first. O(n).
 */

interface DoubleByte {
  encoding: string;
  lead(byte: number): boolean;
  trail(byte: number): boolean;
  /** True for common characters: kana, everyday ideographs, full-width punctuation. */
  common(code: number): boolean;
  /** Single bytes above 0x7f that are characters. */
  single(byte: number): boolean;
}

const within = (value: number, from: number, to: number) => value >= from && value <= to;

const ENCODINGS: readonly DoubleByte[] = [
  {
    encoding: 'shift_jis',
    lead: (byte) => within(byte, 0x81, 0x9f) || within(byte, 0xe0, 0xfc),
    trail: (byte) => within(byte, 0x40, 0x7e) || within(byte, 0x80, 0xfc),
    common: (code) => within(code, 0x8140, 0x8396) || within(code, 0x889f, 0x9872),
    single: (byte) => within(byte, 0xa1, 0xdf),
  },
  {
    encoding: 'big5',
    lead: (byte) => within(byte, 0xa1, 0xf9),
    trail: (byte) => within(byte, 0x40, 0x7e) || within(byte, 0xa1, 0xfe),
    common: (code) => within(code, 0xa140, 0xa3bf) || within(code, 0xa440, 0xc67e),
    single: () => false,
  },
  {
    encoding: 'gb18030',
    lead: (byte) => within(byte, 0x81, 0xfe),
    trail: (byte) => within(byte, 0x40, 0x7e) || within(byte, 0x80, 0xfe),
    common: (code) => (code & 0xff) >= 0xa1 && (within(code, 0xa1a1, 0xa3fe) || within(code, 0xb0a1, 0xd7f9)),
    single: () => false,
  },
];

const LEAST_CHARACTERS = 3;
const LEAST_COMMON = 0.75;

/** The East Asian encoding whose common characters these bytes are made of; undefined when none fits. */
export function eastAsianEncoding(bytes: Uint8Array): string | undefined {
  let best: { encoding: string; share: number } | undefined;
  for (const encoding of ENCODINGS) {
    const share = commonShare(bytes, encoding);
    if (share >= LEAST_COMMON && (!best || share > best.share)) best = { encoding: encoding.encoding, share };
  }
  return best?.encoding;
}

/** The share of common characters among those outside ASCII; 0 when the bytes break the encoding's rules. */
function commonShare(bytes: Uint8Array, { lead, trail, common, single }: DoubleByte): number {
  let total = 0;
  let hits = 0;
  let doubles = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte < 0x80) continue;
    total++;
    if (single(byte)) continue;
    const next = bytes[at + 1];
    if (!lead(byte)) return 0;
    if (next === undefined) break;
    if (!trail(next)) return 0;
    doubles++;
    if (common((byte << 8) | next)) hits++;
    at++;
  }
  return doubles < LEAST_CHARACTERS ? 0 : hits / total;
}
