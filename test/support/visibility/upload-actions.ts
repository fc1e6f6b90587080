import assert from 'node:assert/strict';
import { makeBatch } from '../batch.ts';
import { closed, NOTHING, oneOf, type Run } from './action.ts';
import { arrive } from './batch-actions.ts';
import type { Desk, TenantModel, UploadNote } from './model.ts';
import type { Session } from './session.ts';

/** What people do with resumable uploads (tus 1.0). */

export const TUS = Object.freeze({ 'tus-resumable': '1.0.0' });
const BYTES = Object.freeze({ ...TUS, 'content-type': 'application/offset+octet-stream' });
/** How long an upload is kept behind its last piece. */
const KEPT_MS = 72 * 3_600_000;

const bytesOf = ({ content }: Pick<UploadNote, 'content'>) => new Uint8Array(Buffer.from(content.text));
const uploadPath = (tenant: TenantModel, { id }: UploadNote) => `/ingest/${tenant.id}/uploads/${id}`;

/** An upload of one file of the pool begins, with nothing of it, a part, or all. */
export const beginUpload = (kind: number, share: number): Run => {
  return async (session, tenant) => {
    const content = session.contents[kind]!;
    const bytes = bytesOf({ content });
    const first = bytes.slice(0, Math.floor(bytes.length * share));
    const headers = {
      ...(first.length === 0 ? TUS : BYTES),
      'upload-length': String(bytes.length),
      'upload-metadata': `filename ${Buffer.from(content.filename).toString('base64')}`,
    };
    const status = closed(tenant, 'own') || 201;
    const body = first.length === 0 ? undefined : first;
    const path = `/ingest/${tenant.id}/uploads`;
    const answer = await session.must(status, session.ownAdmin(tenant), 'POST', path, body, headers);
    if (status !== 201) return;
    const id = answer.headers.get('location')!.split('/').at(-1)!;
    const state = first.length === bytes.length ? 'finished' : 'open';
    tenant.uploads.set(id, { id, content, received: first.length, state, until: session.now + KEPT_MS });
    tenant.tell('UPLOAD_CREATED', id);
  };
};

/** An upload goes on from where it stands; one that tells another place is refused, and nothing changes. */
export const goOn = (nth: number, share: number, isAstray: boolean): Run =>
  onUpload(nth, 'open', async (session, tenant, upload) => {
    const rest = bytesOf(upload).slice(upload.received);
    const piece = rest.slice(0, Math.ceil(rest.length * share));
    const offset = upload.received + (isAstray ? 1 : 0);
    const isLive = upload.state !== 'taken' && upload.until > session.now;
    const isThere = !isAstray && upload.state === 'open';
    const status = closed(tenant, 'own') || (!isLive ? 404 : isThere ? 204 : 409);
    // Behind the end of a finished upload there is nothing to add; nobody's client sends that.
    if (isLive && upload.state === 'finished' && !isAstray) return;
    const headers = { ...BYTES, 'upload-offset': String(offset) };
    const who = session.ownAdmin(tenant);
    await session.must(status, who, 'PATCH', uploadPath(tenant, upload), piece, headers);
    if (status === 204) {
      upload.received += piece.length;
      upload.until = session.now + KEPT_MS;
      if (upload.received === bytesOf(upload).length) upload.state = 'finished';
    }
    if (tenant.isSuspended || !isLive) return;
    const told = await session.must(200, who, 'HEAD', uploadPath(tenant, upload), undefined, TUS);
    assert.equal(told.headers.get('upload-offset'), String(upload.received));
  });

export const giveUp = (nth: number): Run =>
  onUpload(nth, 'open', async (session, tenant, upload) => {
    const isLive = upload.state !== 'taken' && upload.until > session.now;
    const status = closed(tenant, 'own') || (isLive ? 204 : 404);
    await session.must(status, session.ownAdmin(tenant), 'DELETE', uploadPath(tenant, upload), undefined, TUS);
    if (status !== 204) return;
    tenant.uploads.delete(upload.id);
    tenant.tell('UPLOAD_DELETED', upload.id);
  });

/** A batch that names an upload: taken where that is finished, refused as a whole where not. */
export const submitUpload = (nth: number, desk: Desk): Run =>
  onUpload(nth, 'finished', async (session, tenant, upload) => {
    const { content } = upload;
    const batch_id = session.newBatchId();
    const file = { filename: content.filename, mime_type: 'text/plain', content: content.text };
    const { manifest } = makeBatch(tenant.id, [file], { batch_id, metadata: { desk } });
    const body = { ...manifest, files: manifest.files.map((one) => ({ ...one, upload_id: upload.id })) };
    const status = closed(tenant, 'own') || (upload.state === 'finished' ? 202 : 400);
    const answer = await session.must(status, session.ownAdmin(tenant), 'POST', `/ingest/${tenant.id}/batch`, body);
    if (status === 400) assert.match(answer.text, /MANIFEST_INVALID/);
    if (status !== 202) return;
    upload.state = 'taken';
    const { receipts } = answer.json().data as { receipts: Record<string, unknown>[] };
    arrive(session, tenant, { batchId: batch_id, files: [content], desk, wrong: null }, receipts);
  });

type ActOn = (session: Session, tenant: TenantModel, upload: UploadNote) => Promise<void>;

/** An action on one of the uploads that are there, mostly on one in this state. */
function onUpload(nth: number, state: UploadNote['state'], act: ActOn): Run {
  return async (session, tenant) => {
    const all = [...tenant.uploads.values()];
    const suited = all.filter((upload) => upload.state === state);
    const upload = oneOf(nth % 4 === 3 || suited.length === 0 ? all : suited, nth);
    if (upload === undefined) return NOTHING;
    await act(session, tenant, upload);
    return `the upload of ${upload.content.kind}`;
  };
}
