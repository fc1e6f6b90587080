import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { TUS_VERSION, type UploadAnswer } from '../api/schemas/uploads.ts';
import { FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import type { Client } from './client.ts';

/** Bytes read from the file at a time. */
const READ_BYTES = 256 << 10;
/** Failures in a row without a byte of progress: three minutes or so, longer than a restart of the appliance takes. */
const MOST_FAILURES = 10;
const LONGEST_WAIT_S = 30;

export interface ResumableFile {
  path: string;
  size: number;
  /** What the upload is called; it is found again by these. */
  metadata: Readonly<Record<string, string>>;
}

export interface SendOptions {
  /** How much of the file is over, each time that changes. */
  sent?: (offset: number) => void;
  /** Waits these seconds. */
  pause?: (seconds: number) => Promise<unknown>;
}

/**
 * Sends a file as a resumable upload (tus 1.0) and answers its id when all of it is there. Goes on where one of `known`
 * with the same metadata and length stands. A connection that breaks is tried again, from the byte that the appliance
 * has, with growing pauses; it gives up after some failures without progress, and what is over stays there for the next
 * try. Throws `VALIDATION_ERROR` when the file changes meanwhile.
 */
export async function sendResumable(
  api: Client,
  tenant: string,
  file: ResumableFile,
  known: readonly UploadAnswer[],
  { sent = () => {}, pause = (seconds) => sleep(seconds * 1000) }: SendOptions = {},
): Promise<string> {
  const uploads = `/ingest/${tenant}/uploads`;
  let id = known.find((upload) => isSame(upload, file))?.upload_id ?? null;
  let reached = -1;
  for (let failures = 0; ; ) {
    try {
      id ??= await begin(api, uploads, file);
      const offset = await offsetOf(api, `${uploads}/${id}`);
      if (offset > reached) failures = 0;
      reached = Math.max(reached, offset);
      sent(offset);
      if (offset === file.size) return id;
      await append(api, `${uploads}/${id}`, file, offset, sent);
    } catch (error) {
      // It has expired, or somebody deleted it: once more from the start.
      if (isFrostbyteError(error, 'RESOURCE_NOT_FOUND') && id !== null) id = null;
      else if (!mayPass(error)) throw error;
      failures++;
      if (failures > MOST_FAILURES) throw error;
      await pause((error as FrostbyteError).retryAfter ?? Math.min(LONGEST_WAIT_S, 2 ** (failures - 1)));
    }
  }
}

/** Failures that the next try may not meet: a broken line, a restart, a full minute, another offset than thought. */
function mayPass(error: unknown): boolean {
  return isFrostbyteError(error) && (error.kind === 'later' || error.code === 'INVALID_STATE_TRANSITION');
}

function isSame({ state, length, metadata }: UploadAnswer, file: ResumableFile): boolean {
  const named = Object.entries(file.metadata).every(([key, value]) => metadata[key] === value);
  return state !== 'taken' && length === file.size && named;
}

async function begin(api: Client, uploads: string, { size, metadata }: ResumableFile): Promise<string> {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key} ${Buffer.from(value).toString('base64')}`);
  const headers = { 'tus-resumable': TUS_VERSION, 'upload-length': String(size), 'upload-metadata': pairs.join(',') };
  const { headers: answered } = await api.call('POST', uploads, { headers });
  const id = answered.get('location')?.split('/').at(-1);
  if (id) return id;
  throw new FrostbyteError('INTERNAL_ERROR', 'The gateway did not say where the upload is.');
}

/** Asked by HEAD: that ends a request of ours that the appliance still takes for alive. */
async function offsetOf(api: Client, upload: string): Promise<number> {
  const { headers } = await api.call('HEAD', upload, { headers: { 'tus-resumable': TUS_VERSION } });
  return Number(headers.get('upload-offset'));
}

async function append(
  api: Client,
  upload: string,
  { path, size }: ResumableFile,
  offset: number,
  sent: (offset: number) => void,
): Promise<void> {
  const file = await open(path);
  try {
    let at = offset;
    let failure: unknown = null;
    const rest = async function* () {
      try {
        while (at < size) {
          const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, size - at));
          const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
          if (bytesRead === 0) throw changed();
          yield buffer.subarray(0, bytesRead);
          at += bytesRead;
          sent(at);
        }
      } catch (error) {
        failure = error;
        throw error;
      }
    };
    const headers = {
      'tus-resumable': TUS_VERSION,
      'upload-offset': String(offset),
      'content-type': 'application/offset+octet-stream',
    };
    await api
      .call('PATCH', upload, { headers, body: rest() as unknown as RequestInit['body'] })
      .catch((error: unknown) => {
        throw failure ?? error;
      });
  } finally {
    await file.close();
  }
}

function changed(): FrostbyteError {
  return new FrostbyteError('VALIDATION_ERROR', 'A file became shorter while it was sent.', {
    details: [{ field: 'file', constraint: 'unchanged until the batch is received' }],
  });
}
