import type { FileHandle } from 'node:fs/promises';
import type { FrostbyteError } from '../../kernel/errors.ts';
import { INBOX_REMEDIES, type InboxReason, inboxRemedy, refusalRemedy } from '../../kernel/remedies.ts';
import type { BatchState } from '../../stores/record/rows.ts';
import { batchReceipt } from '../1-intake/batch-receipt.ts';
import type { DataPlane } from '../plane.ts';
import { reportPage } from '../report-page/page.ts';
import { storedReport } from '../stored-report.ts';
import { RESULTS } from './disk-names.ts';
import { readPlain, removeName, syncFolder, writeBeside } from './handles.ts';
import type { Missing } from './look.ts';
import { ShareSilent } from './patience.ts';

/** What is written beside a manifest: receipt and reports of a batch that was taken, or why it was not. */

type Plane = Pick<DataPlane, 'tenant_id' | 'records'>;

/** Which state of a batch the results beside it show. */
export const stampOf = (batch: { status: BatchState; updated_at: string }): string =>
  `${batch.status} ${batch.updated_at}`;

/**
 * Writes what the record store says of a batch: its receipt, and its acceptance report once there is one; removes what
 * an earlier batch or an earlier try left. What is there already, to the byte, is not written again. Answers which state
 * that was, or null for an unknown batch. Throws the system's own errors.
 */
export async function writeResults(
  plane: Plane,
  folder: FileHandle,
  batchId: string,
): Promise<{ stamp: string; final: boolean } | null> {
  const batch = await plane.records.batch(batchId);
  if (batch === null) return null;
  const receipts = await plane.records.receipts(batchId);
  const report = await storedReport(plane.records, batchId);
  await put(folder, RESULTS.receipt, json(batchReceipt(plane.tenant_id, batch, receipts)));
  if (report !== null) {
    await put(folder, RESULTS.report, json(report));
    await put(folder, RESULTS.page, Buffer.from(reportPage(report)));
  }
  const stale = report === null ? [RESULTS.report, RESULTS.page] : [];
  await remove(folder, [...stale, RESULTS.refused, RESULTS.waiting]);
  return { stamp: stampOf(batch), final: batch.status === 'completed' || batch.status === 'cancelled' };
}

/** Says why a batch was refused, and what to do. */
export async function writeRefusal(
  folder: FileHandle,
  refused: { tenant_id: string; batch_id: string | null; error: FrostbyteError; at: string },
): Promise<void> {
  const { code, message, details } = refused.error;
  await putDated(folder, RESULTS.refused, refused.at, {
    tenant_id: refused.tenant_id,
    batch_id: refused.batch_id,
    code,
    message,
    remediation: refusalRemedy(code, details),
    details,
  });
  await remove(folder, [RESULTS.waiting]);
}

/** Says what a batch waits for. */
export async function writeWaiting(
  folder: FileHandle,
  waiting: {
    tenant_id: string;
    batch_id: string | null;
    reason: InboxReason;
    code: string | null;
    missing: readonly Missing[];
    missing_count: number;
    at: string;
  },
): Promise<void> {
  const { tenant_id, batch_id, reason, code, missing, missing_count } = waiting;
  await putDated(folder, RESULTS.waiting, waiting.at, {
    tenant_id,
    batch_id,
    reason,
    message: INBOX_REMEDIES[reason].message,
    remediation: inboxRemedy(reason, code),
    ...(code === null ? {} : { code }),
    ...(missing_count === 0 ? {} : { missing_count, missing }),
  });
  await remove(folder, [RESULTS.refused]);
}

/** Writes unless these very bytes are there. */
async function put(folder: FileHandle, name: string, bytes: Buffer): Promise<void> {
  if (!(await present(folder, name, bytes.length))?.equals(bytes)) await writeBeside(folder, name, bytes);
}

/** The same for what carries the moment of its writing: with nothing else new it stays as it is. */
async function putDated(folder: FileHandle, name: string, at: string, content: object): Promise<void> {
  const bytes = json({ at, ...content });
  const there = (await present(folder, name, bytes.length + 64))?.toString('utf8') ?? '';
  const undated = (text: string) => text.replace(/"at": "[^"\n]*"/, '');
  if (undated(there) !== undated(bytes.toString('utf8'))) await writeBeside(folder, name, bytes);
}

/** A result that is there, or null: what cannot be read is written anew, and that says what is wrong. */
async function present(folder: FileHandle, name: string, most: number): Promise<Buffer | null> {
  const unreadable = (error: unknown) => {
    if (error instanceof ShareSilent) throw error;
    return null;
  };
  return (await readPlain(folder, name, most).catch(unreadable))?.bytes ?? null;
}

async function remove(folder: FileHandle, names: readonly string[]): Promise<void> {
  let removed = false;
  for (const name of names) removed = (await removeName(folder, name)) || removed;
  if (removed) await syncFolder(folder);
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
