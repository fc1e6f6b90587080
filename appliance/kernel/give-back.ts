/** Smaller buffers may share their memory with others, and are no burden. */
const WORTH_IT = 32 << 10;

/**
 * Gives a buffer's memory back at once instead of when the garbage collector comes by: a file of 500 MiB that streams
 * through leaves a gigabyte of buffers behind, and collecting those costs more than hashing the file. The buffer is
 * empty afterwards, so only its last user may call this. Does nothing where the buffer is small or but a part of its
 * memory. O(1).
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength < WORTH_IT || byteLength !== buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  buffer.transfer(0);
}
