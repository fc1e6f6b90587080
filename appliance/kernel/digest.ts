import { createHash, timingSafeEqual } from 'node:crypto';

/** Lower-case hex SHA-256 of bytes or of a string's UTF-8 (spec 2, "Ids, hashes, time"). O(n). */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** SHA-256 as audit events write it: `sha256:` and lower-case hex (spec 2). */
export function prefixedSha256(data: string | Uint8Array): string {
  return `sha256:${sha256Hex(data)}`;
}

/** Whether two digests, or other texts, are the same; how long it takes tells nothing of where they differ. */
export function sameDigest(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Lower-case hex SHA-256 over the little-endian float32 bytes of a vector (spec 2 D, `vector_sha256`). */
export function vectorSha256(vector: Float32Array): string {
  return sha256Hex(float32LittleEndian(vector));
}

/** The vector's bytes, little-endian whatever the host is. No copy on little-endian hosts. */
export function float32LittleEndian(vector: Float32Array): Uint8Array {
  const bytes = new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength);
  if (LITTLE_ENDIAN) return bytes;
  return Buffer.from(bytes).swap32();
}

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
