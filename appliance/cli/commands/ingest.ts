import { openAsBlob } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Command } from 'commander';
import type { MetadataProblem } from '../../api/custom-fields/metadata.ts';
import type { Manifest, ManifestFile } from '../../api/manifest.ts';
import type { BatchReceipt } from '../../api/receipts.ts';
import type { BatchStatus } from '../../api/schemas/ingest.ts';
import { MANIFEST_NAME } from '../../data/1-intake/folder-entries.ts';
import { buildManifest, readManifestFile } from '../../data/1-intake/manifest-check.ts';
import { readManifest } from '../../data/1-intake/read-manifest.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Client } from '../client.ts';
import { client, output } from '../context.ts';
import { customFieldsOf } from '../custom-fields-of.ts';
import { CheckFailed } from '../exit.ts';
import { addMetadataOptions, type MetadataOptions, withMetadata } from '../metadata-options.ts';
import { notSent } from '../not-sent.ts';
import { type Output, printable, table } from '../output.ts';
import { type LargeOptions, patiently, sendLarge } from '../send-large.ts';
import { withinLimits } from '../waiting.ts';

interface IngestOptions extends MetadataOptions {
  tenant: string;
  batch?: string;
  follow: boolean;
}

/** `frostbyte ingest`. */
export function ingestCommands(program: Command): void {
  addMetadataOptions(
    program
      .command('ingest <dir>')
      .description('Upload a folder by its manifest.json, or by one built now, and follow it to the end')
      .requiredOption('--tenant <tenant_id>', 'whose documents they are'),
  )
    .option('--batch <batch_id>', 'id of the batch; the same id continues a batch that broke off')
    .option('--no-follow', 'return when the batch is received')
    .addHelpText('after', '\nExample:\n  frostbyte ingest ./outgoing --tenant nordlaw')
    .action(async (dir: string, options: IngestOptions, command: Command) => {
      const api = client(command);
      const out = output(command);
      const given = options.metadata !== undefined || options.metadataFrom !== undefined;
      const schema = given ? await customFieldsOf(api, options.tenant) : null;
      const receipt = await submitFolder(api, dir, options.tenant, options.batch, {
        amended: (manifest) => withMetadata(manifest, options, schema, dir),
        started: (id, left) => {
          for (const line of left) out.warn(line);
          out.say(`batch ${id}: if the line breaks, run this again with --batch ${id}`);
        },
        progress: (total) => out.progress('MiB', total),
      });
      if (!options.follow) return out.answer(receipt, describeReceipt);
      out.say(describeReceipt(receipt));
      const status = await follow(api, options.tenant, receipt.batch_id, out);
      out.answer(status, describeStatus);
      if (status.status === 'cancelled') throw new CheckFailed(`The batch was cancelled. ${SEND_ANEW}`);
      if (status.summary.failed > 0)
        throw new CheckFailed(`${status.summary.failed} file(s) did not make it; the problems above say what to do.`);
    });
}

/** A cancelled batch takes nothing more, however often it is sent. */
const SEND_ANEW = 'To send what is wanted of it, run this again with --batch and another id.';

export interface SubmitOptions extends LargeOptions {
  /** May add to the manifest before anything is sent. */
  amended?: (manifest: Manifest) => Manifest;
  /** Told the batch's id, and what of the folder stays behind, before anything is sent. */
  started?: (batchId: string, notSent: readonly string[]) => void;
}

/**
 * Submits a folder as one batch: by its own `manifest.json` where it has one, else by one that is built now. Large files
 * go ahead as resumable uploads, the rest as parts. What an earlier try brought over is not sent again. Files are read as
 * they are sent, never held in memory; only plain files of the folder itself are, whatever the manifest names. Throws
 * `INVALID_STATE_TRANSITION` for a batch that was cancelled.
 */
export async function submitFolder(
  api: Client,
  dir: string,
  tenant: string,
  batchId?: string,
  options: SubmitOptions = {},
): Promise<BatchReceipt> {
  const whole = await manifestOf(dir, tenant, batchId);
  const manifest = options.amended?.(whole) ?? whole;
  options.started?.(manifest.batch_id, await notSent(dir, manifest));
  let there = await arrived(api, tenant, manifest.batch_id);
  // A manifest may name uploads that somebody made before.
  const wanted = manifest.files.filter(({ file_id, upload_id }) => !there.has(file_id) && upload_id === undefined);
  const files = await Promise.all(wanted.map(async (file) => ({ ...file, ...(await plainFile(dir, file)) })));
  const uploads = await sendLarge(api, manifest, files, options);
  const named = {
    ...manifest,
    files: manifest.files.map((file) => ({ ...file, ...uploads.get(file.file_id) })),
  };
  const path = `/ingest/${tenant}/batch`;
  const receipt = await patiently(async (again) => {
    if (again) there = await arrived(api, tenant, manifest.batch_id);
    const parts = files.filter(({ file_id }) => !uploads.has(file_id) && !there.has(file_id));
    if (parts.length === 0) return (await api.send<BatchReceipt>('POST', path, named)).data;
    const form = new FormData();
    form.set('manifest', JSON.stringify(named));
    for (const { file_id, filename, blob } of parts) form.set(file_id, blob, filename);
    return (await api.upload<BatchReceipt>(path, form, {})).data;
  }, options);
  if (receipt.status === 'cancelled') throw wasCancelled(receipt.batch_id);
  return receipt;
}

function wasCancelled(value: string): FrostbyteError {
  return new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    `The batch was cancelled, so nothing more of it is taken. ${SEND_ANEW}`,
    { details: [{ field: 'batch_id', value, constraint: 'the id of a batch that was not cancelled' }] },
  );
}

/** Ids of files that have a receipt from an earlier try of the batch. Throws where that was cancelled. */
async function arrived(api: Client, tenant: string, batchId: string): Promise<ReadonlySet<string>> {
  try {
    const { data } = await api.get<BatchStatus>(`/ingest/${tenant}/batch/${batchId}`);
    if (data.status === 'cancelled') throw wasCancelled(batchId);
    return new Set(data.files.filter(({ receipt_id }) => receipt_id !== null).map(({ file_id }) => file_id));
  } catch (error) {
    if (isFrostbyteError(error, 'RESOURCE_NOT_FOUND')) return new Set();
    throw error;
  }
}

/** A file of the folder, to be read while it is sent. A path or a link in a manifest would send what nobody meant to. */
async function plainFile(
  dir: string,
  { filename, mime_type: type }: ManifestFile,
): Promise<{ path: string; blob: Blob }> {
  const path = join(dir, filename);
  const isName = basename(filename) === filename && filename !== '.' && filename !== '..' && !filename.includes('\\');
  if (isName && (await lstat(path).catch(() => null))?.isFile())
    return { path, blob: await openAsBlob(path, { type }) };
  throw new FrostbyteError('VALIDATION_ERROR', 'The manifest names a file that is not a plain file of the folder.', {
    details: [{ field: 'filename', value: filename.slice(0, 100), constraint: 'a plain file beside the manifest' }],
  });
}

async function manifestOf(dir: string, tenant: string, batchId: string | undefined): Promise<Manifest> {
  const own = await lstat(join(dir, MANIFEST_NAME)).catch(() => null);
  if (own === null) return buildManifest(dir, tenant, batchId ?? `cli-${newId()}`);
  const { manifest } = readManifest(await readManifestFile(dir), { tenant_id: null, max_batch_size: MOST_FILES });
  return { ...manifest, tenant_id: tenant, batch_id: batchId ?? manifest.batch_id };
}

/** What a manifest can hold; the tenant's own limit is the gateway's to check. */
const MOST_FILES = 10_000;

/** Follows a batch by its progress stream until it is settled. */
export async function follow(api: Client, tenant: string, batchId: string, out: Output): Promise<BatchStatus> {
  const path = `/ingest/${tenant}/batch/${batchId}`;
  const { data: first } = await withinLimits(() => api.get<BatchStatus>(path));
  const bar = out.progress('documents', first.summary.total_files);
  const response = await withinLimits(() => api.raw(`${path}/stream`, { accept: 'text/event-stream' }));
  const decoder = new TextDecoder();
  let buffer = '';
  for await (const chunk of response.body ?? []) {
    buffer += decoder.decode(chunk as Uint8Array, { stream: true });
    const messages = buffer.split('\n\n');
    buffer = messages.pop()!;
    for (const message of messages) {
      const data = /^data: (.*)$/m.exec(message)?.[1];
      if (!data || !/^event: (?:summary|done)$/m.test(message)) continue;
      const { summary } = JSON.parse(data) as { summary: BatchStatus['summary'] };
      bar.update(summary.completed + summary.failed + summary.held, `${summary.processing} at work`);
    }
  }
  bar.end();
  return (await withinLimits(() => api.get<BatchStatus>(path))).data;
}

export function describeReceipt(receipt: BatchReceipt): string {
  const refused = [...receipt.rejected_files, ...receipt.quarantined_files];
  return [
    `batch ${receipt.batch_id}: ${receipt.receipts.length} files, ${receipt.rejected_files.length} rejected, ${receipt.quarantined_files.length} quarantined`,
    ...refused.flatMap((file) => [
      `  ${file.file_id}  ${file.reason}: ${printable(file.message)}`,
      ...fieldProblems(file).map((p) => `      ${printable(`${p.field} ${p.constraint}. ${p.remediation}`)}`),
      `      → ${printable(file.remediation)}`,
    ]),
  ].join('\n');
}

/** Field by field what is wrong with a refused file's metadata. */
function fieldProblems({ reason, details }: BatchReceipt['rejected_files'][number]): MetadataProblem[] {
  return reason === 'METADATA_INVALID' ? ((details?.problems ?? []) as MetadataProblem[]) : [];
}

export function describeStatus(status: BatchStatus): string {
  const report = status.acceptance_report;
  if (!report) return `${status.batch_id} is ${status.status}: ${JSON.stringify(status.summary)}`;
  const { summary } = report;
  const problems = report.files.flatMap((file) =>
    file.problems.map((problem) => [file.original_filename, problem.code, problem.message, problem.remediation]),
  );
  return [
    table(
      Object.entries(summary).map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value]),
    ),
    ...(problems.length > 0 ? ['', table([['FILE', 'CODE', 'PROBLEM', 'WHAT TO DO'], ...problems])] : []),
    `status: ${status.status}`,
  ].join('\n');
}
