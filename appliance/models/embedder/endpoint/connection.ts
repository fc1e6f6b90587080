import { Agent, errors, request } from 'undici';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { tlsOptions, tlsRefusal } from '../../../kernel/server-tls.ts';
import { EndpointTrouble, statusTrouble } from './trouble.ts';

export interface EndpointAddress {
  /** Up to `/embeddings`, which is added; https, or http on loopback. */
  url: string;
  /** The authority that signed the endpoint's certificate, as PEM; without it the system's count. */
  ca?: string;
  /** What is shown to the endpoint, read for each request, so that another one takes effect at once; null: nothing. */
  key(): Promise<string | null>;
}

/** The one address that is spoken to. */
export interface EndpointConnection {
  /** The text of the answer to one request. Throws `EndpointTrouble`, or what `key` throws. */
  post(body: object, options: { timeoutMs: number; signal: AbortSignal }): Promise<string>;
  close(): Promise<void>;
}

const CONNECT_MS = 10_000;
const KEEP_ALIVE_MS = 30_000;
const CONNECTIONS = 4;
/** Far more than the vectors of a batch take. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '[::1]']);
/** A key is one word of printable characters: whatever else stands in its file would end up in a header. */
const KEY = /^[\x21-\x7e]{1,4096}$/;

/**
 * Speaks to one address and no other: it follows nobody elsewhere, knows no proxy, and off loopback speaks TLS 1.3 alone.
 * Throws `CONFIG_INVALID` for plain HTTP to another host.
 */
export function connectEndpoint({ url, ca, key }: EndpointAddress): EndpointConnection {
  const address = new URL(`${url.replace(/\/+$/, '')}/embeddings`);
  if (address.protocol !== 'https:' && !(address.protocol === 'http:' && LOOPBACK.has(address.hostname))) {
    throw new FrostbyteError('CONFIG_INVALID', 'embedder.endpoint.url must be https; plain http only on loopback.', {
      details: [{ field: 'embedder.endpoint.url', constraint: 'https, or http on 127.0.0.1 or [::1]' }],
    });
  }
  const agent = new Agent({
    connections: CONNECTIONS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: MOST_ANSWER_BYTES,
    connect: { timeout: CONNECT_MS, ...tlsOptions(ca === undefined ? {} : { ca }) },
  });
  return {
    async post(body, { timeoutMs, signal }) {
      const shown = await key();
      if (shown !== null && !KEY.test(shown)) {
        throw new EndpointTrouble(
          'The file that embedder.endpoint.key_file names holds no key: one line of printable characters.',
          { isPassing: false },
        );
      }
      const late = AbortSignal.timeout(timeoutMs);
      try {
        const answer = await request(address, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            accept: 'application/json',
            'accept-encoding': 'identity',
            ...(shown !== null && { authorization: `Bearer ${shown}` }),
          },
          body: JSON.stringify(body),
          dispatcher: agent,
          headersTimeout: timeoutMs,
          bodyTimeout: timeoutMs,
          signal: AbortSignal.any([signal, late]),
        });
        if (answer.statusCode !== 200) {
          const header = answer.headers['retry-after'];
          await answer.body.dump({ limit: MOST_ANSWER_BYTES }).catch(() => undefined);
          throw statusTrouble(answer.statusCode, typeof header === 'string' ? header : null, Date.now());
        }
        return await answer.body.text();
      } catch (error) {
        throw connectionTrouble(error, late.aborted, timeoutMs);
      }
    },
    close: () => agent.destroy(),
  };
}

function connectionTrouble(error: unknown, isLate: boolean, timeoutMs: number): EndpointTrouble {
  if (error instanceof EndpointTrouble) return error;
  const certificate = tlsRefusal(error, 'the embedding endpoint');
  if (certificate !== null) return new EndpointTrouble(certificate, { isPassing: false });
  if (isLate || error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    const seconds = Math.max(1, Math.round(timeoutMs / 1000));
    return new EndpointTrouble(`The embedding endpoint did not answer within ${seconds} s.`, { isPassing: true });
  }
  if (error instanceof errors.ResponseExceededMaxSizeError) {
    return new EndpointTrouble('The embedding endpoint’s answer is larger than any could be.', { isPassing: false });
  }
  const code = (error as { code?: unknown }).code;
  const named = typeof code === 'string' && /^[A-Z_]{2,40}$/.test(code) ? ` (${code})` : '';
  return new EndpointTrouble(`The embedding endpoint cannot be reached${named}.`, { isPassing: true });
}
