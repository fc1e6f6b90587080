import { type CallOptions, call, patiently, Refused } from './call.ts';
import { finished, type ManifestDraft, type Outgoing } from './manifest.ts';

/** From this size on a file is sent as a resumable upload; a smaller one is sent again faster than it is asked about. */
const RESUMABLE_FROM = 8 << 20;
/** Of a file that is larger than the tenant takes: enough to tell its type, so that its refusal says the right thing. */
const HEAD_BYTES = 64 << 10;
const TUS = { 'tus-resumable': '1.0.0' };

export interface Sending {
  tenant: string;
  batch: string;
  base: Partial<ManifestDraft>;
  outgoing: readonly Outgoing[];
  /** The headers by which the API knows a page of ours. */
  headers: Record<string, string>;
  signal: AbortSignal;
  /** How much of a file is over. */
  sent(file: Outgoing, bytes: number): void;
  /** The line broke; it is tried again after so many seconds. */
  waits(seconds: number): void;
}

interface Known {
  upload_id: string;
  state: string;
  length: number;
  metadata: Record<string, string | null>;
}

/**
 * Sends a batch: large files ahead as resumable uploads, one after another, then the manifest with the small ones. What is there
 * already, of this try or an earlier one, is not sent again, so that calling it once more goes on. Throws `Refused`, and the
 * signal's reason.
 */
export async function sendBatch(sending: Sending): Promise<void> {
  const { tenant, batch, outgoing, signal, waits } = sending;
  const ingest = `/api/v1/ingest/${encodeURIComponent(tenant)}`;
  const arrived = await patiently(
    () => arrivedOf(sending, `${ingest}/batch/${encodeURIComponent(batch)}`),
    signal,
    waits,
  );
  const missing = outgoing.filter(({ entry }) => !arrived.has(entry.file_id));
  for (const one of outgoing) if (arrived.has(one.entry.file_id)) sending.sent(one, one.file.size);
  const cut = new Set<Outgoing>();
  const large = missing.filter(({ file }) => file.size >= RESUMABLE_FROM);
  const known = large.length === 0 ? [] : await patiently(() => knownUploads(sending, ingest), signal, waits);
  for (const one of large) {
    try {
      one.entry.upload_id = await patiently(() => upload(sending, ingest, one, known), signal, waits);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== 'PAYLOAD_TOO_LARGE') throw error;
      cut.add(one);
    }
  }
  await patiently(() => submit(sending, ingest, cut), signal, waits);
}

/** Ids of files that have a receipt from an earlier try of the batch. */
async function arrivedOf({ headers, signal }: Sending, path: string): Promise<Set<string>> {
  try {
    const { text } = await call('GET', path, { headers, signal });
    const { data } = JSON.parse(text) as { data: { files: { file_id: string; receipt_id: string | null }[] } };
    return new Set(data.files.filter(({ receipt_id }) => receipt_id !== null).map(({ file_id }) => file_id));
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return new Set();
    throw error;
  }
}

async function knownUploads({ headers, signal }: Sending, ingest: string): Promise<Known[]> {
  const { text } = await call('GET', `${ingest}/uploads?limit=500`, { headers, signal });
  return (JSON.parse(text) as { data: Known[] }).data;
}

/** One file by tus: from the byte that the appliance has. Answers the upload's id. */
async function upload(sending: Sending, ingest: string, one: Outgoing, known: readonly Known[]): Promise<string> {
  const { headers: own, signal, sent, batch } = sending;
  const { entry, file } = one;
  const headers = { ...own, ...TUS };
  const same = known.find(
    ({ state, length, metadata }) => state !== 'taken' && length === file.size && metadata.sha256 === entry.sha256,
  );
  entry.upload_id ??= same?.upload_id ?? (await begin());
  const path = `${ingest}/uploads/${entry.upload_id}`;
  try {
    const offset = Number((await call('HEAD', path, { headers, signal })).header('upload-offset'));
    sent(one, offset);
    if (offset < file.size) {
      const body: CallOptions = { headers: { ...headers, ...from(offset) }, body: file.slice(offset), signal };
      await call('PATCH', path, { ...body, sent: (bytes) => sent(one, offset + bytes) });
    }
    return entry.upload_id;
  } catch (error) {
    // It has expired, or somebody gave it up: the next try begins another.
    if (error instanceof Refused && error.status === 404) delete entry.upload_id;
    throw error;
  }

  async function begin(): Promise<string> {
    const { filename, mime_type, file_id, sha256 } = entry;
    const pairs = Object.entries({ filename, filetype: mime_type, batch_id: batch, file_id, sha256 });
    const metadata = pairs.map(([key, value]) => `${key} ${base64(value)}`).join(',');
    const about = { 'upload-length': String(file.size), 'upload-metadata': metadata };
    const answer = await call('POST', `${ingest}/uploads`, { headers: { ...headers, ...about }, signal });
    return answer.header('location')!.split('/').at(-1)!;
  }
}

const from = (offset: number) => ({
  'upload-offset': String(offset),
  'content-type': 'application/offset+octet-stream',
});

/** The manifest, and as parts what is neither there nor an upload. */
async function submit(sending: Sending, ingest: string, cut: ReadonlySet<Outgoing>): Promise<void> {
  const { tenant, batch, base, outgoing, headers, signal, sent } = sending;
  const arrived = await arrivedOf(sending, `${ingest}/batch/${encodeURIComponent(batch)}`);
  const parts = outgoing.filter(({ entry }) => entry.upload_id === undefined && !arrived.has(entry.file_id));
  const form = new FormData();
  form.set('manifest', JSON.stringify(finished(base, tenant, batch, outgoing)));
  for (const one of parts) {
    const { file_id, filename, mime_type } = one.entry;
    const bytes = cut.has(one) ? one.file.slice(0, HEAD_BYTES, mime_type) : one.file;
    form.set(file_id, bytes, filename);
  }
  await call('POST', `${ingest}/batch`, {
    headers,
    body: form,
    signal,
    // They go one behind the other; the few bytes between them do not count.
    sent(bytes) {
      let left = bytes;
      for (const one of parts) {
        sent(one, Math.max(0, Math.min(one.file.size, left)));
        left -= one.file.size;
      }
    },
  });
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}
