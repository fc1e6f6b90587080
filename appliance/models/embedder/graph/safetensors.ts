import { open } from 'node:fs/promises';
import { z } from 'zod';
import { FrostbyteError } from '../../../kernel/errors.ts';

/** Where a tensor lies in its file. */
export interface StoredTensor {
  shape: readonly number[];
  /** From the beginning of the file, in bytes. */
  offset: number;
  length: number;
}

/** Far beyond what a model of this size needs; a longer head is no head. */
const MOST_HEAD_BYTES = 1 << 20;

const Head = z.record(
  z.string(),
  z.union([
    z.object({
      dtype: z.string(),
      shape: z.array(z.number().int().nonnegative()).max(8),
      data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
    }),
    z.record(z.string(), z.string()),
  ]),
);

/**
 * The float32 tensors of a safetensors file by name, from its head alone: eight bytes with the head's length, the head
 * as JSON, then the numbers. Throws `OBJECT_CORRUPTED` where the head does not hold together or names what the file does
 * not have.
 */
export async function readTensors(file: string): Promise<Map<string, StoredTensor>> {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const first = await exactly(handle, 8, 0);
    const length = Number(Buffer.from(first).readBigUInt64LE());
    if (length > MOST_HEAD_BYTES || 8 + length > size) throw corrupted('its head is longer than it may be');
    const head = Head.safeParse(json(await exactly(handle, length, 8)));
    if (!head.success) throw corrupted('its head is none');
    const tensors = new Map<string, StoredTensor>();
    for (const [name, entry] of Object.entries(head.data)) {
      if (!('dtype' in entry) || typeof entry.dtype !== 'string' || entry.dtype !== 'F32') continue;
      const { shape, data_offsets } = entry as { shape: number[]; data_offsets: [number, number] };
      const [start, end] = data_offsets;
      const bytes = shape.reduce((product, size) => product * size, 4);
      if (end - start !== bytes || 8 + length + end > size) throw corrupted('a tensor is not where its head says');
      tensors.set(name, { shape, offset: 8 + length + start, length: bytes });
    }
    return tensors;
  } finally {
    await handle.close();
  }
}

async function exactly(handle: Awaited<ReturnType<typeof open>>, length: number, at: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await handle.read(bytes, 0, length, at);
  if (bytesRead !== length) throw corrupted('it ends before its head');
  return bytes;
}

function json(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return null;
  }
}

function corrupted(why: string): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', `The weights file is not one of safetensors: ${why}.`);
}
