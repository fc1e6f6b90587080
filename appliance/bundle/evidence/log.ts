import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { diskError, replaceFile, syncFolder, writeAll } from '../../kernel/durable-file.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { lockFile } from '../operation/host-lock.ts';
import { broken, EMPTY, type Head, holdAgainst, type ReadChain, readChain } from './chain.ts';
import { type Chained, type EvidenceRecord, type Happening, hashOf, lineOf } from './record.ts';

/** The hash-chained log of a host, in a folder of its own; only ever added to. */

const LOG = 'evidence.jsonl';
const HEAD = 'head.json';
const LOCK = 'lock';
/** Somebody else adds a record at most this long. */
const PATIENCE_MS = 10_000;

const StoredHead = z.strictObject({ count: z.number().int().min(0), hash: z.string().regex(/^[0-9a-f]{64}$/) });

/**
 * Adds a record, durable on return, and answers it. What is there is verified first: behind evidence that does not hold
 * nothing is written. Throws `AUDIT_CHAIN_BROKEN`, `DISK_FULL`, `STORE_READ_ONLY`, `OPERATION_RUNNING`.
 */
export function addEvidence(folder: string, happening: Happening, now: () => Date): Chained {
  const lock = lockFile(join(folder, LOCK), PATIENCE_MS);
  if (lock === null) {
    throw new FrostbyteError('OPERATION_RUNNING', 'Another process writes into the evidence. Repeat it in a moment.');
  }
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const chain = readEvidence(folder);
    if (!chain.torn) return append(folder, chain, happening, now);
    // That something was begun here and never written is itself evidence.
    const { by, host } = happening;
    const mended: Happening = {
      by,
      host,
      action: 'log-mended',
      bundle: null,
      result: 'ok',
      detail: { bytes_cut_off: statSync(join(folder, LOG)).size - chain.bytes },
    };
    append(folder, chain, mended, now);
    return append(folder, readEvidence(folder), happening, now);
  } finally {
    lock.close();
  }
}

/** The whole log, held against its chain and its head. An empty one where there is none. Throws `AUDIT_CHAIN_BROKEN`. */
export function readEvidence(folder: string): ReadChain {
  const chain = readChain(textOf(join(folder, LOG)) ?? '');
  holdAgainst(chain, headOf(folder));
  return chain;
}

function append(folder: string, { head, bytes }: ReadChain, happening: Happening, now: () => Date): Chained {
  const record: EvidenceRecord = { n: head.count, at: now().toISOString(), ...happening, previous: head.hash };
  const chained = { ...record, hash: hashOf(record) };
  const file = join(folder, LOG);
  const headFile = join(folder, HEAD);
  // One record ahead of its head is what a kill leaves; two are what somebody wrote who had no head to write.
  if (headOf(folder).count < head.count) keepHead(headFile, head);
  const isNew = !existsSync(file);
  try {
    const fd = openSync(file, isNew ? 'wx' : 'r+', 0o600);
    try {
      if (isNew) fchmodSync(fd, 0o600);
      try {
        ftruncateSync(fd, bytes);
        writeAll(fd, Buffer.from(lineOf(chained)), bytes);
        fsyncSync(fd);
      } catch (error) {
        ftruncateSync(fd, bytes);
        throw error;
      }
    } finally {
      closeSync(fd);
    }
    if (isNew) syncFolder(folder);
  } catch (error) {
    throw diskError(error, file);
  }
  try {
    keepHead(headFile, { count: record.n + 1, hash: chained.hash });
  } catch (error) {
    // Nobody was told that it is there, and on a full disk it is tried again.
    if (headOf(folder).count <= record.n) cutOff(file, bytes);
    throw error;
  }
  return chained;
}

const keepHead = (file: string, head: Head): void => replaceFile(file, `${JSON.stringify(head)}\n`);

const headOf = (folder: string): Head => readHead(textOf(join(folder, HEAD)));

function cutOff(file: string, bytes: number): void {
  const fd = openSync(file, 'r+');
  try {
    ftruncateSync(fd, bytes);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function readHead(text: string | null): Head {
  if (text === null) return EMPTY;
  try {
    const parsed = StoredHead.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
  } catch {
    // Told below.
  }
  throw broken(0, 'a head beside it that can be read');
}

function textOf(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}
