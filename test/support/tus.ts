import { answerTus } from '../../appliance/data/1-intake/uploads/answer-tus.ts';
import { UPLOAD_LIMITS, type UploadLimits } from '../../appliance/data/1-intake/uploads/limits.ts';
import type { IntakeWorld } from './intake.ts';

/** Speaks tus to a tenant's intake without a gateway between. */
export interface Tus {
  /** Any request; `uploadId` names an upload, without it the collection is meant. */
  ask(method: string, uploadId?: string, headers?: Record<string, string>, body?: RequestBody): Promise<Response>;
  /** Begins an upload of so many bytes; answers its id. */
  begin(length: number, headers?: Record<string, string>, body?: RequestBody): Promise<string>;
  append(uploadId: string, offset: number, body: RequestBody, headers?: Record<string, string>): Promise<Response>;
  offset(uploadId: string): Promise<number>;
  /** A whole upload in one request. */
  send(bytes: string | Uint8Array): Promise<string>;
}

export type RequestBody = string | Uint8Array | ReadableStream<Uint8Array>;

export function tusOf(world: IntakeWorld, limits: Partial<UploadLimits> = {}): Tus {
  const ask: Tus['ask'] = (method, uploadId, headers = {}, body) => {
    const url = `http://appliance/api/v1/ingest/acme/uploads${uploadId === undefined ? '' : `/${uploadId}`}`;
    const request = new Request(url, {
      method,
      headers: { 'tus-resumable': '1.0.0', ...headers },
      ...(body === undefined ? {} : { body, duplex: 'half' }),
    } as RequestInit);
    return answerTus(world.plane, { request, subject: 'dana', uploadId, limits: { ...UPLOAD_LIMITS, ...limits } });
  };
  const tus: Tus = {
    ask,
    async begin(length, headers = {}, body) {
      const response = await ask('POST', undefined, { 'upload-length': String(length), ...headers }, body);
      return response.headers.get('location')!.split('/').at(-1)!;
    },
    append: (uploadId, offset, body, headers = {}) =>
      ask(
        'PATCH',
        uploadId,
        { 'upload-offset': String(offset), 'content-type': 'application/offset+octet-stream', ...headers },
        body,
      ),
    offset: async (uploadId) => Number((await ask('HEAD', uploadId)).headers.get('upload-offset')),
    async send(bytes) {
      const uploadId = await tus.begin(Buffer.byteLength(bytes));
      await tus.append(uploadId, 0, bytes);
      return uploadId;
    },
  };
  return tus;
}

/** A body in these pieces; then it ends, breaks, or just stays silent: `onSilent` is called when all were fetched. */
export function bodyIn(
  pieces: readonly (string | Uint8Array)[],
  end: 'whole' | 'broken' | 'silent' = 'whole',
  onSilent: () => void = () => {},
): ReadableStream<Uint8Array> {
  const left = [...pieces];
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const piece = left.shift();
        if (piece !== undefined) controller.enqueue(Buffer.from(piece as string));
        else if (end === 'whole') controller.close();
        else if (end === 'broken') controller.error(new Error('connection reset'));
        else {
          onSilent();
          await new Promise(() => undefined);
        }
      },
    },
    { highWaterMark: 0 },
  );
}
