import { QdrantClient } from '@qdrant/js-client-rest';
import { Agent, request } from 'undici';
import { Circuit } from '../../../kernel/circuit.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { retry } from '../../../kernel/retry.ts';
import { type ServerTls, tlsOptions } from '../../../kernel/server-tls.ts';
import { isUnwell, qdrantError } from './errors.ts';

/** How to reach a Qdrant server (spec 3, "Qdrant tokens"). */
export interface QdrantAddress {
  /** With its port. */
  url: string;
  /** A tenant's token, or the administrator's key. */
  token: string;
  /** Certificates, for `https`. */
  tls?: ServerTls;
}

export interface QdrantLimits {
  connectTimeoutMs?: number;
  /** Longest wait for a whole answer, in milliseconds. */
  requestTimeoutMs?: number;
  /** How often a request is sent at most; all of ours may be repeated. */
  attempts?: number;
  /** Connections at a time. */
  connections?: number;
}

export type QdrantApi = ReturnType<QdrantClient['api']>;

const KEEP_ALIVE_MS = 60_000;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1000;

/**
 * Qdrant's client on one agent with bounds. The client is asked for nothing beside our requests: no greeting, no
 * telemetry. Answers must come unpacked: a packed one is written in pieces, and each waits for a delayed acknowledgement,
 * some 40 ms a request.
 */
export class QdrantConnection {
  readonly #api: QdrantApi;
  readonly #url: string;
  readonly #headers: Record<string, string>;
  readonly #agent: Agent;
  readonly #attempts: number;
  readonly #circuit = new Circuit({ name: 'vector index', counts: isUnwell });
  #closed = false;

  constructor(address: QdrantAddress, limits: QdrantLimits = {}) {
    const { connectTimeoutMs = 2000, requestTimeoutMs = 10_000, attempts = 3, connections = 16 } = limits;
    this.#attempts = attempts;
    this.#agent = new Agent({
      connections,
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: requestTimeoutMs,
      bodyTimeout: requestTimeoutMs,
      connect: { timeout: connectTimeoutMs, keepAlive: true, ...tlsOptions(address.tls ?? {}) },
    });
    this.#url = address.url.replace(/\/+$/, '');
    this.#headers = { 'api-key': address.token, 'accept-encoding': 'identity' };
    this.#api = new QdrantClient({
      url: address.url,
      headers: this.#headers,
      timeout: requestTimeoutMs,
      checkCompatibility: false,
    }).api();
  }

  /**
   * Sends a request that may be repeated, again where the server did not answer or was unwell. `anyway`: also while it is
   * left alone. Throws as `qdrantError` does.
   */
  async ask<T>(
    send: (api: QdrantApi, init: RequestInit) => Promise<{ data: { result?: T } }>,
    { anyway = false } = {},
  ): Promise<T> {
    if (this.#closed) throw new FrostbyteError('STORE_UNAVAILABLE', 'The vector index is closed.');
    // The client's own agent knows no certificates and no bounds; ours goes with each request.
    const init = { dispatcher: this.#agent } as RequestInit;
    const attempt = async () => {
      try {
        const { data } = await send(this.#api, init);
        return data.result as T;
      } catch (error) {
        throw qdrantError(error);
      }
    };
    const again = { firstWaitMs: FIRST_WAIT_MS, longestWaitMs: LONGEST_WAIT_MS, worthIt: isUnwell };
    return this.#circuit.run(() => retry(attempt, { attempts: this.#attempts, ...again }), { anyway });
  }

  /**
   * As `ask`, for a read whose answer holds vectors: the client calls a function for each of their numbers, which takes
   * longer than the request itself.
   */
  async askPlain<T>(path: string, body: object): Promise<T> {
    return this.ask<T>(async () => {
      const answer = await request(`${this.#url}${path}`, {
        method: 'POST',
        headers: { ...this.#headers, 'content-type': 'application/json' },
        body: JSON.stringify(body),
        dispatcher: this.#agent,
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 200) throw new PlainRefusal(answer.statusCode, text);
      return { data: JSON.parse(text) as { result?: T } };
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#agent.destroy();
  }
}

/** An answer that is no success, as the client's own errors show one. */
class PlainRefusal extends Error {
  readonly status: number;
  readonly data: string;

  constructor(status: number, data: string) {
    super(`answered ${status}`);
    this.status = status;
    this.data = data;
  }
}
