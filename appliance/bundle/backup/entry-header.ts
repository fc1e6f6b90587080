import { BLOCK, tarHeader } from '../format/tar.ts';

/**
 * Headers of the tar files of a backup: POSIX ustar, and in front of it an extended header (pax) where a size does not fit
 * one, or is not known yet. Any `tar` reads them.
 */

/** The largest size that ustar can say. */
const MOST_USTAR = 0o77777777777;
/** `29 size=` and twenty digits: of one length, whatever the size. */
const SIZE_RECORD = /^29 size=(\d{20})\n\0*$/;

export interface EntryHeader {
  path: string;
  size: number;
}

/** The header of an entry whose size is known. */
export function entryHeader({ path, size }: EntryHeader): Buffer {
  return size > MOST_USTAR ? fixedHeader({ path, size }) : tarHeader({ path, size, executable: false });
}

/** A header of the same length for every size, so that the size can be put in when the entry is written. */
export function fixedHeader({ path, size }: EntryHeader): Buffer {
  const record = Buffer.alloc(BLOCK);
  record.write(`29 size=${String(size).padStart(20, '0')}\n`, 'latin1');
  const extended = tarHeader({ path: 'PaxHeader/size', size: 29, executable: false });
  extended.write('x', 156, 'latin1');
  const own = tarHeader({ path, size: size > MOST_USTAR ? 0 : size, executable: false });
  return Buffer.concat([withChecksum(extended), record, own]);
}

/** Length of what `fixedHeader` answers. */
export const FIXED_HEADER_BYTES = 3 * BLOCK;

/** Reads one header block: a file, an extended header, the end, or null for anything else. */
export function readHeader(block: Buffer): { kind: 'file' | 'extended'; path: string; size: number } | 'end' | null {
  if (block.every((byte) => byte === 0)) return 'end';
  const text = (at: number, length: number) => block.toString('latin1', at, at + length).replace(/\0.*$/s, '');
  const kind = { '0': 'file', x: 'extended' }[text(156, 1)] as 'file' | 'extended' | undefined;
  const size = text(124, 12);
  const sum = Buffer.from(block);
  if (kind === undefined || text(257, 6) !== 'ustar' || !/^[0-7]{11}$/.test(size)) return null;
  if (!withChecksum(sum).equals(block)) return null;
  const prefix = text(345, 155);
  const path = prefix === '' ? text(0, 100) : `${prefix}/${text(0, 100)}`;
  return { kind, path, size: Number.parseInt(size, 8) };
}

/** The size that an extended header says, or null where it says something else. */
export function extendedSize(record: Buffer): number | null {
  const size = Number(SIZE_RECORD.exec(record.toString('latin1'))?.[1] ?? Number.NaN);
  return Number.isSafeInteger(size) ? size : null;
}

function withChecksum(block: Buffer): Buffer {
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
