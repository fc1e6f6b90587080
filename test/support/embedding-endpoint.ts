import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { lexicalVector } from '../../appliance/models/embedder/lexical/vector.ts';
import { type Certificate, testAuthority } from './certificate.ts';

/** What an endpoint was sent. */
export interface ReceivedRequest {
  path: string;
  authorization: string | undefined;
  model: string;
  input: string[];
  dimensions: number | undefined;
}

/** How one request is answered instead of rightly: with a status, a text, or not at all. */
export interface OtherAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string | ((input: readonly string[]) => string);
  hangs?: true;
}

/** An OpenAI-compatible endpoint of the test's own, strict about what it is asked. Its vectors know words. */
export interface EmbeddingEndpoint {
  url: string;
  /** The authority that signed its certificate. */
  ca: string;
  received: ReceivedRequest[];
  /** How the next requests are answered, one after the other; then rightly again. */
  next(...answers: OtherAnswer[]): void;
  /** How all are answered from now on, while nothing else is set for the next; null: rightly. */
  always(answer: OtherAnswer | null): void;
  close(): Promise<void>;
}

/** The right answer for some texts, as an object that a test may spoil. */
export function rightAnswer(input: readonly string[]) {
  return {
    object: 'list',
    data: input.map((text, index) => ({ object: 'embedding', index, embedding: [...lexicalVector(text)] })),
    model: 'words',
    usage: { prompt_tokens: 1, total_tokens: 1 },
  };
}

/** `certificate` is what it shows; one for its own address by default. With `tls: false` it speaks plain HTTP. */
export async function startEmbeddingEndpoint(
  options: { tls?: boolean; certificate?: Certificate; host?: string } = {},
): Promise<EmbeddingEndpoint> {
  const { host = '127.0.0.1' } = options;
  const authority = testAuthority();
  const received: ReceivedRequest[] = [];
  const queue: OtherAnswer[] = [];
  let otherwise: OtherAnswer | null = null;
  const handle = (request: IncomingMessage, response: ServerResponse) =>
    void answer(request, response).catch((error: Error) => {
      response.writeHead(400, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: error.message } }));
    });
  const server =
    options.tls === false
      ? createHttpServer(handle)
      : createServer({ ...(options.certificate ?? authority.issue([`IP:${host}`])), minVersion: 'TLSv1.3' }, handle);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${options.tls === false ? 'http' : 'https'}://${host}:${port}/v1`,
    ca: authority.ca,
    received,
    next: (...answers) => void queue.push(...answers),
    always: (one) => {
      otherwise = one;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>;
    const input = strictInput(request, body);
    received.push({
      path: request.url ?? '',
      authorization: request.headers.authorization,
      model: String(body.model),
      input,
      dimensions: body.dimensions as number | undefined,
    });
    const other = queue.shift() ?? otherwise ?? {};
    if (other.hangs) return;
    response.writeHead(other.status ?? 200, { 'content-type': 'application/json', ...other.headers });
    const made = typeof other.body === 'function' ? other.body(input) : other.body;
    response.end(made ?? JSON.stringify(rightAnswer(input)));
  }
}

/** What such an API takes: no empty text, no half of a pair, no unknown field. */
function strictInput(request: IncomingMessage, body: Record<string, unknown>): string[] {
  const { model, input, encoding_format, dimensions, ...others } = body;
  if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') throw new Error('no POST');
  if (Object.keys(others).length > 0) throw new Error('an unknown field');
  if (typeof model !== 'string' || encoding_format !== 'float') throw new Error('no model, or another encoding');
  if (dimensions !== undefined && dimensions !== 768) throw new Error('other dimensions');
  const isText = (text: unknown) => typeof text === 'string' && text.trim() !== '' && text.isWellFormed();
  if (!Array.isArray(input) || input.length === 0 || !input.every(isText)) throw new Error('an empty or broken text');
  return input as string[];
}
