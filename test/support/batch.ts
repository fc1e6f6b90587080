import { createHash, randomUUID } from 'node:crypto';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import type { Client } from '../../appliance/cli/client.ts';

/** Batches made in memory, for tests. */
export interface TestFile {
  file_id?: string;
  filename: string;
  mime_type: string;
  content: string | Uint8Array;
  /** What the manifest claims instead of the truth. */
  claim?: { sha256?: string; size_bytes?: number };
}

export interface TestBatch {
  manifest: {
    batch_id: string;
    tenant_id: string;
    file_count: number;
    files: { file_id: string; filename: string; mime_type: string; size_bytes: number; sha256: string }[];
    [extra: string]: unknown;
  };
  form: FormData;
}

export function makeBatch(tenant: string, files: TestFile[], extra: Record<string, unknown> = {}): TestBatch {
  const form = new FormData();
  const entries = files.map((file, i) => {
    const bytes = Buffer.from(file.content as string);
    return {
      file_id: file.file_id ?? `f${i + 1}`,
      filename: file.filename,
      mime_type: file.mime_type,
      size_bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      ...file.claim,
    };
  });
  const manifest = {
    batch_id: `b-${randomUUID()}`,
    tenant_id: tenant,
    file_count: files.length,
    files: entries,
    ...extra,
  };
  form.set('manifest', JSON.stringify(manifest));
  files.forEach((file, i) => {
    form.set(
      entries[i]!.file_id,
      new Blob([Buffer.from(file.content as string)], { type: file.mime_type }),
      file.filename,
    );
  });
  return { manifest, form };
}

export const text = (filename: string, content: string): TestFile => ({ filename, mime_type: 'text/plain', content });

export async function submit(
  client: Client,
  tenant: string,
  files: TestFile[],
  extra?: Record<string, unknown>,
): Promise<BatchReceipt> {
  const { form } = makeBatch(tenant, files, extra);
  return (await client.upload<BatchReceipt>(`/ingest/${tenant}/batch`, form, {})).data;
}

/** Reads the progress stream until the batch is settled, then answers its status. */
export async function whenSettled(client: Client, tenant: string, batchId: string): Promise<BatchStatus> {
  const response = await client.raw(`/ingest/${tenant}/batch/${batchId}/stream`);
  let seen = '';
  for await (const chunk of response.body!) seen += Buffer.from(chunk as Uint8Array).toString();
  if (!seen.includes('event: done')) throw new Error(`the stream ended early: ${seen.slice(-500)}`);
  return (await client.get<BatchStatus>(`/ingest/${tenant}/batch/${batchId}`)).data;
}
