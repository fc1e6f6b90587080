import type { IncomingMessage } from 'node:http';
import { type CarriedError, carried } from '../../kernel/carry-error.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { HttpWay } from './http-way.ts';
import { type ItemLine, MOST_ITEM_BYTES, MOST_VALUE_BYTES, type VerbTable } from './verbs.ts';

/** The asking end of a table of verbs. Each throws what the verb threw, or `SERVICE_UNAVAILABLE` where nobody answers. */
export interface VerbCaller<Table extends VerbTable> {
  value(verb: keyof Table & string, ...args: unknown[]): Promise<unknown>;
  items(verb: keyof Table & string, ...args: unknown[]): AsyncGenerator<unknown>;
  /** Exactly as many bytes as were promised, or it throws. */
  bytes(verb: keyof Table & string, ...args: unknown[]): AsyncGenerator<Uint8Array>;
}

const RETRY_SECONDS = 1;

/** `whom` stands in what people read when nobody answers. `headers` are asked for before each call. */
export function callVerbs<Table extends VerbTable>(
  table: Table,
  way: HttpWay,
  options: { whom: string; prefix?: string; headers?: (path: string) => Promise<Record<string, string>> },
): VerbCaller<Table> {
  const { whom, prefix = '' } = options;

  async function ask(verb: string, args: readonly unknown[], signal?: AbortSignal): Promise<IncomingMessage> {
    const path = `${prefix}/${verb}`;
    const body = JSON.stringify(args);
    const answer = await way
      .send({
        path,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'content-length': String(Buffer.byteLength(body)),
          ...(await options.headers?.(path)),
        },
        body,
        silenceMs: table[verb]!.seconds * 1000,
        ...(signal && { signal }),
      })
      .catch((cause: unknown) => Promise.reject(silent(whom, cause)));
    // A body that is given up half read says so, and nobody listens any more.
    answer.on('error', () => undefined);
    if (answer.statusCode === 200) return answer;
    const { error } = (await wholeJson(answer, whom)) as { error?: CarriedError };
    throw error === undefined ? silent(whom, answer.statusCode) : carried(error);
  }

  /** What was said, where it has the form that the table knows. */
  function given(verb: string, said: unknown): unknown {
    const parsed = table[verb]!.gives?.safeParse(said);
    if (parsed === undefined) return said;
    if (parsed.success) return parsed.data;
    throw silent(whom, 'the answer has another form');
  }

  return {
    async value(verb, ...args) {
      // Who answers drop by drop is never silent, and would keep whoever asked for ever.
      const late = new AbortController();
      const timer = setTimeout(() => late.abort(), table[verb]!.seconds * 1000);
      try {
        const said = (await wholeJson(await ask(verb, args, late.signal), whom)) as { value?: unknown } | null;
        return given(verb, said?.value);
      } finally {
        clearTimeout(timer);
      }
    },
    async *items(verb, ...args) {
      const answer = await ask(verb, args);
      try {
        for await (const text of lines(answer, whom)) {
          const line = itemLine(text, whom);
          if ('end' in line) return;
          if ('error' in line) throw carried(line.error as CarriedError);
          yield given(verb, line.item);
        }
      } finally {
        if (!answer.readableEnded) answer.destroy();
      }
      throw silent(whom, 'the answer broke off');
    },
    async *bytes(verb, ...args) {
      const answer = await ask(verb, args);
      let left = Number(answer.headers['content-length']);
      try {
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          left -= chunk.length;
          yield chunk;
        }
      } catch (cause) {
        throw silent(whom, cause);
      } finally {
        if (!answer.readableEnded) answer.destroy();
      }
      if (left !== 0) throw silent(whom, 'the answer broke off');
    },
  };
}

async function wholeJson(answer: IncomingMessage, whom: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MOST_VALUE_BYTES) throw new RangeError('the answer is too large');
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch (cause) {
    throw silent(whom, cause);
  }
}

function itemLine(text: string, whom: string): ItemLine {
  try {
    const line: unknown = JSON.parse(text);
    if (typeof line === 'object' && line !== null) return line as ItemLine;
  } catch {
    // As one that is no line at all.
  }
  throw silent(whom, 'the answer cannot be read');
}

async function* lines(chunks: AsyncIterable<Buffer>, whom: string): AsyncGenerator<string> {
  let held: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of chunks) {
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        yield Buffer.concat([...held, chunk.subarray(from, end)]).toString('utf8');
        held = [];
        size = 0;
        from = end + 1;
      }
      held.push(chunk.subarray(from));
      size += chunk.length - from;
      if (size > MOST_ITEM_BYTES) throw new RangeError('an item is too large');
    }
  } catch (cause) {
    throw cause instanceof FrostbyteError ? cause : silent(whom, cause);
  }
}

/** Nobody answered, or not in time, or broke off: worth another try soon. */
function silent(whom: string, cause: unknown): FrostbyteError {
  return new FrostbyteError('SERVICE_UNAVAILABLE', `${whom} does not answer at present. Try again in a moment.`, {
    retryAfter: RETRY_SECONDS,
    cause,
  });
}
