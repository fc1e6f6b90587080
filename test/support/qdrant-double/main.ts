/**
 * A double of a Qdrant server, in memory, as a process of its own: it gives the answers that were recorded of a real one
 * (`test/vectors/qdrant-answers.json`) and refuses what it does not know. Its first line of input is `{"api_key": …}`
 * (with `host` and `port` where it is not to take a free one of the loopback, `tls` where it is to show a certificate, and
 * `folder` where it is to know again what it was told, whatever ends it), its first line of output `{"port": …}`; it ends
 * when its input does.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { accessOf } from './access.ts';
import { type Answer, Refusal, refuse } from './answer.ts';
import { readBody } from './body.ts';
import { type Journal, journalIn } from './journal.ts';
import { OPEN, routeOf } from './routes.ts';
import { World } from './world.ts';

const MOST_BYTES = 32 * 1024 * 1024;
/** What a compressed answer, written in pieces, waits for: the other side's delayed acknowledgement. */
const STALL_MS = 40;

const world = new World();
let journal: Journal | undefined;
const input = createInterface({ input: process.stdin });
input.once('line', (line) => {
  const {
    api_key,
    host = '127.0.0.1',
    port = 0,
    tls,
    folder,
  } = JSON.parse(line) as {
    api_key: string;
    host?: string;
    port?: number;
    tls?: { cert: string; key: string };
    folder?: string;
  };
  journal = folder === undefined ? undefined : journalIn(folder);
  journal?.replay(world);
  const take = (request: IncomingMessage, response: ServerResponse) => {
    const started = performance.now();
    answer(request, api_key)
      .catch((error: unknown) => {
        if (error instanceof Refusal) return error.answer;
        process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
        return { status: 500, json: { status: { error: 'The double failed' } } } satisfies Answer;
      })
      .then((given) => send(request, response, given, (performance.now() - started) / 1000));
  };
  const server = tls === undefined ? createServer(take) : createTlsServer({ ...tls, minVersion: 'TLSv1.3' }, take);
  server.keepAliveTimeout = 60_000;
  server.listen(port, host, () => {
    process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
  });
});
input.on('close', () => process.exit(0));
// As the first process of a container it has no other way to be told.
process.on('SIGTERM', () => process.exit(0));

async function answer(request: IncomingMessage, apiKey: string): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const content = Buffer.concat(chunks);
  const url = new URL(request.url ?? '/', 'http://double');
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const key = (request.headers['api-key'] as string | undefined) ?? bearer;
  const access = OPEN.has(url.pathname)
    ? ({ over: 'everything', manage: false } as const)
    : accessOf(key, apiKey, world.hasValues);
  const { work, names, changes } = routeOf(request.method ?? 'GET', url.pathname, url.searchParams);
  const type = request.headers['content-type'] ?? '';
  const multipart = type.startsWith('multipart/form-data');
  if (!multipart && content.length > MOST_BYTES) refuse(413, `Payload too large: ${content.length}`);
  const text = multipart ? '' : content.toString();
  const upload = multipart ? await uploadOf(content, type) : null;
  const at = Date.now();
  const given = work({
    world,
    access,
    name: names[0] ?? '',
    second: names[1] ?? '',
    query: url.searchParams,
    body: multipart ? null : readBody(text),
    upload,
    at,
  });
  if (changes && given.status === 200) {
    const file = upload === null ? {} : { upload: upload.toString('base64') };
    journal?.append({ at, method: request.method!, path: url.pathname + url.search, body: text, ...file });
  }
  return given;
}

async function uploadOf(content: Buffer, type: string): Promise<Buffer | null> {
  const form = await new Response(new Uint8Array(content), { headers: { 'content-type': type } }).formData();
  const file = form.get('snapshot');
  return file instanceof Blob ? Buffer.from(await file.arrayBuffer()) : null;
}

async function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  seconds: number,
): Promise<void> {
  response.statusCode = answer.status;
  if ('bytes' in answer) {
    response.setHeader('content-type', 'application/octet-stream');
    response.end(answer.bytes);
  } else if ('text' in answer) {
    if (answer.type !== undefined) response.setHeader('content-type', answer.type);
    response.end(answer.text);
  } else {
    response.setHeader('content-type', 'application/json');
    const content = Buffer.from(JSON.stringify({ ...(answer.json as object), ...timed(answer.json, seconds) }));
    if (/\b(?:gzip|br|deflate)\b/.test(String(request.headers['accept-encoding'] ?? ''))) {
      const packed = gzipSync(content);
      response.setHeader('content-encoding', 'gzip');
      response.write(packed.subarray(0, 10));
      await wait(STALL_MS);
      response.end(packed.subarray(10));
    } else {
      response.setHeader('content-length', content.length);
      response.end(content);
    }
  }
}

/** Every answer in the server's envelope says how long it took; the greeting is none. */
function timed(json: unknown, seconds: number): { time?: number } {
  return (json as { title?: unknown }).title === undefined ? { time: seconds } : {};
}
