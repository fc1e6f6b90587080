import { type IncomingMessage, request } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { FrostbyteError } from '../../kernel/errors.ts';

/** One request each to the engine behind a socket, in a version of its API that both speak. */
export interface EngineRequests {
  /**
   * The answer's JSON; null where it has none, or where its status is one of `fine`, or its message matches `fineText`:
   * there was nothing (more) to do. `lasts`: seconds that the engine may take beyond those of every answer.
   */
  ask(
    method: 'GET' | 'POST' | 'DELETE',
    path: string,
    options?: { body?: object; fine?: readonly number[]; fineText?: RegExp; lasts?: number },
  ): Promise<unknown>;
  /** Asks for what takes as long as it takes. That there is no such thing is an answer too. */
  until(path: string, signal?: AbortSignal): Promise<void>;
  /**
   * Sends a tar piece by piece, as fast as the engine takes it, and gives the text that it answers with. What `pieces`
   * throws is thrown, and the engine sees that the tar broke off.
   */
  send(path: string, pieces: AsyncIterable<Uint8Array>): Promise<string>;
}

/** What the engine refused, in its own words, as the cause of what is thrown. */
export class EngineRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The versions of the API in which each call means the same: Engine 20.10, and the newest that was read through. */
const OLDEST = [1, 41] as const;
const NEWEST = [1, 47] as const;

const ANSWER_SECONDS = 30;
/** It unpacks an image in minutes at most, and says nothing meanwhile. */
const SILENT_SECONDS = 1800;
/** Answers are far below. */
const MOST_BYTES = 16 << 20;
const RETRY_SECONDS = 5;

type Version = readonly [major: number, minor: number];

export function engineRequests(socketPath: string): EngineRequests {
  let spoken: Promise<string> | null = null;

  const send = async (method: string, path: string, body: object | undefined, signal: AbortSignal | undefined) => {
    try {
      const answer = await head(socketPath, method, path, body, signal);
      return { status: answer.statusCode ?? 0, text: await textOf(answer) };
    } catch (cause) {
      throw new FrostbyteError(
        'SERVICE_UNAVAILABLE',
        `The container engine behind ${socketPath} does not answer. See whether it runs.`,
        { cause, retryAfter: RETRY_SECONDS },
      );
    }
  };
  /** Asked for once; again after an engine did not answer, since another may have taken its place. */
  const version = (): Promise<string> => {
    spoken ??= send('GET', '/version', undefined, AbortSignal.timeout(ANSWER_SECONDS * 1000)).then(({ status, text }) =>
      bothSpeak(status === 200 ? jsonOf(text) : null),
    );
    spoken.catch(() => {
      spoken = null;
    });
    return spoken;
  };
  const call: (
    method: string,
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
  ) => ReturnType<typeof send> = async (method, path, body, signal) => {
    try {
      return await send(method, `/v${await version()}${path}`, body, signal);
    } catch (error) {
      spoken = null;
      throw error;
    }
  };

  return {
    async ask(method, path, { body, fine = [], fineText, lasts = 0 } = {}) {
      const { status, text } = await call(method, path, body, AbortSignal.timeout((ANSWER_SECONDS + lasts) * 1000));
      if (fine.includes(status)) return null;
      if (status >= 200 && status < 300) return text === '' ? null : jsonOf(text);
      const message = messageOf(text);
      if (fineText?.test(message)) return null;
      throw refused(status, message);
    },
    async send(path, pieces) {
      const { status, text } = await stream(socketPath, `/v${await version()}${path}`, pieces);
      if (status < 200 || status >= 300) throw refused(status, messageOf(text));
      return text;
    },
    async until(path, signal) {
      const { status, text } = await call('POST', path, undefined, signal);
      if (status !== 404 && (status < 200 || status >= 300)) throw refused(status, messageOf(text));
      // The head came at once, and the rest when it was over: an answer that broke off is none.
      if (status !== 404) jsonOf(text);
    },
  };
}

/** A connection for each request: what an engine closed when it was restarted is never used again. */
function head(
  socketPath: string,
  method: string,
  path: string,
  body: object | undefined,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    host: 'engine',
    ...(payload === undefined
      ? { 'content-length': 0 }
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asking = request({
    socketPath,
    method,
    path,
    headers,
    agent: false,
    ...(signal === undefined ? {} : { signal }),
  });
  asking.on('error', reject);
  asking.on('response', resolve);
  asking.end(payload);
  return promise;
}

async function stream(
  socketPath: string,
  path: string,
  pieces: AsyncIterable<Uint8Array>,
): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = { host: 'engine', 'content-type': 'application/x-tar' };
  const sending = request({ socketPath, method: 'POST', path, headers, agent: false });
  sending.on('error', reject);
  sending.on('response', resolve);
  // An engine that is silent for so long while it has all that it needs is taken for one that hangs.
  sending.setTimeout(SILENT_SECONDS * 1000, () => sending.destroy(new Error('the engine fell silent')));
  let own: unknown;
  const guarded = async function* () {
    try {
      yield* pieces;
    } catch (error) {
      own = error;
      throw error;
    }
  };
  try {
    // The answer may come before all was sent: what is refused is not read to its end.
    const sent = pipeline(guarded, sending);
    sent.catch(reject);
    const answer = await promise;
    const text = await textOf(answer);
    await sent.catch(() => undefined);
    if (own !== undefined) throw own;
    return { status: answer.statusCode ?? 0, text };
  } catch (cause) {
    sending.destroy();
    if (own !== undefined) throw own;
    throw new FrostbyteError(
      'SERVICE_UNAVAILABLE',
      `The container engine behind ${socketPath} stopped answering while it was sent something. See whether it runs.`,
      { cause, retryAfter: RETRY_SECONDS },
    );
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new RangeError('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The newest version of the API that the engine and we speak. */
function bothSpeak(answer: unknown): string {
  const { ApiVersion, MinAPIVersion } = (answer ?? {}) as { ApiVersion?: string; MinAPIVersion?: string };
  const [theirs, least] = [versionOf(ApiVersion), versionOf(MinAPIVersion)];
  if (theirs === null || compare(theirs, OLDEST) < 0 || (least !== null && compare(least, NEWEST) > 0)) {
    throw new FrostbyteError(
      'SERVICE_UNAVAILABLE',
      `The container engine speaks version ${ApiVersion ?? '?'} of its API; between ${OLDEST.join('.')} (Docker Engine 20.10) and ${NEWEST.join('.')} is needed.`,
      { kind: 'never' },
    );
  }
  return (compare(theirs, NEWEST) < 0 ? theirs : NEWEST).join('.');
}

function versionOf(text: string | undefined): Version | null {
  const match = /^(\d{1,3})\.(\d{1,3})$/.exec(text ?? '');
  return match === null ? null : [Number(match[1]), Number(match[2])];
}

function compare(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1];
}

function refused(status: number, message: string): FrostbyteError {
  return new FrostbyteError('SERVICE_UNAVAILABLE', `The container engine refused (${status}): ${message}`, {
    kind: status >= 500 ? 'later' : 'never',
    cause: new EngineRefusal(status, message),
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The container engine’s answer broke off, or is not its own.', {
      cause,
      retryAfter: RETRY_SECONDS,
    });
  }
}

function messageOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message ?? 'no reason given').slice(0, 300);
  } catch {
    return 'no reason given';
  }
}
