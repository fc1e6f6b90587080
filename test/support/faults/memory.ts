import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const CHUNK = 4 << 20;

/**
 * Which of these texts lie anywhere in the writable memory of a process. For root, or for a process of the same user;
 * what goes away while it is read is passed by.
 */
export function memoryHolding(pid: number, texts: readonly string[]): string[] {
  const needles = texts.map((text) => ({ text, bytes: [Buffer.from(text, 'latin1'), Buffer.from(text, 'utf16le')] }));
  const longest = Math.max(...needles.flatMap(({ bytes }) => bytes.map(({ length }) => length)));
  const found = new Set<string>();
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(CHUNK + longest);
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const end = Number(BigInt(`0x${to}`));
      for (let at = Number(BigInt(`0x${from}`)); at < end; at += CHUNK) {
        const read = readAt(memory, buffer, Math.min(CHUNK + longest, end - at), at);
        const seen = buffer.subarray(0, read);
        for (const { text, bytes } of needles) if (bytes.some((needle) => seen.includes(needle))) found.add(text);
      }
    }
  } finally {
    closeSync(memory);
  }
  return [...found];
}

function readAt(file: number, buffer: Buffer, length: number, position: number): number {
  try {
    return readSync(file, buffer, 0, length, position);
  } catch {
    return 0;
  }
}
