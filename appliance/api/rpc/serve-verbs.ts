import { once } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { carry } from '../../kernel/carry-error.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { type Bytes, type ItemLine, MOST_REQUEST_BYTES, type Verb, type VerbTable } from './verbs.ts';

/** Answers a verb; the arguments were held against the table. */
export type Handlers<Table extends VerbTable> = {
  [Name in keyof Table]: (...args: never[]) => unknown;
};

const STATUS_REFUSED = 422;

/**
 * The serving end of a table of verbs, for a Node HTTP server. Unknown verbs, other methods, arguments of another form
 * and requests beyond the limit are refused; an error goes back with code, message, details and `retryAfter`, one that is
 * not ours without its words. `failed` is told of those.
 */
export function serveVerbs<Table extends VerbTable>(
  table: Table,
  handlers: Handlers<Table>,
  failed: (verb: string, error: unknown) => void = () => undefined,
): RequestListener {
  return (request, response) => {
    const name = /^\/([A-Za-z.]{1,64})$/.exec(request.url ?? '')?.[1] ?? '';
    answer(request, response, name).catch((error: unknown) => {
      if (isDefect(error)) failed(name, error);
      if (response.headersSent) return void response.destroy();
      const body = JSON.stringify({ error: carry(error, 'The call failed.') });
      response.writeHead(STATUS_REFUSED, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        // What was not read of the request cannot be told from the next one.
        ...(request.complete ? {} : { connection: 'close' }),
      });
      response.end(body);
    });
  };

  async function answer(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    const verb = request.method === 'POST' && Object.hasOwn(table, name) ? table[name] : undefined;
    if (verb === undefined) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such verb.');
    const body = await readBody(request);
    if (body === null) return void response.destroy();
    const args = checkedArguments(verb, body);
    const result: unknown = await (handlers[name] as (...args: unknown[]) => unknown)(...args);
    if (verb.answer === 'items') return sendItems(response, result as AsyncIterable<unknown>, name);
    if (verb.answer === 'bytes') return sendBytes(response, result as Bytes);
    const said = JSON.stringify(result === undefined ? {} : { value: result });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(said) });
    response.end(said);
  }

  async function sendItems(response: ServerResponse, items: AsyncIterable<unknown>, name: string): Promise<void> {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    let last: ItemLine = { end: true };
    try {
      for await (const item of items) if (!(await send(response, `${JSON.stringify({ item })}\n`))) return;
    } catch (error) {
      if (isDefect(error)) failed(name, error);
      last = { error: carry(error, 'The call broke off.') };
    }
    response.end(`${JSON.stringify(last)}\n`);
  }
}

/** What only the serving end can find the cause of: it goes back without its words. */
function isDefect(error: unknown): boolean {
  return !(error instanceof FrostbyteError) || error.code === 'INTERNAL_ERROR';
}

async function sendBytes(response: ServerResponse, { length, stream }: Bytes): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': length });
  for await (const chunk of stream) if (!(await send(response, chunk))) return;
  response.end();
}

/** Resolves when the next piece may come; false where nobody reads any more. */
async function send(response: ServerResponse, piece: string | Uint8Array): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(piece)) return true;
  // A line that breaks is no failure of the verb.
  await Promise.race([once(response, 'drain'), once(response, 'close')]).catch(() => undefined);
  return !response.destroyed;
}

/** The arguments; null where whoever asked has gone before all was said: nothing was begun, and nobody is there to hear. */
async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MOST_REQUEST_BYTES) throw new FrostbyteError('PAYLOAD_TOO_LARGE', 'The arguments are too large.');
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof FrostbyteError) throw error;
    return null;
  }
  return Buffer.concat(chunks).toString('utf8');
}

function checkedArguments(verb: Verb, text: string): readonly unknown[] {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw new FrostbyteError('VALIDATION_ERROR', 'The arguments are not JSON.');
  }
  const parsed = verb.args.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new FrostbyteError('VALIDATION_ERROR', 'The arguments do not have the form of the verb.', {
    details: parsed.error.issues.map(({ path, message }) => ({ field: path.join('.'), constraint: message })),
  });
}
