import { Redis } from 'ioredis';
import { Circuit } from '../../kernel/circuit.ts';
import { FrostbyteError, isFrostbyteError } from '../../kernel/errors.ts';
import { longestWait } from '../../kernel/retry.ts';
import { type ServerTls, tlsOptions, tlsRefusal } from '../../kernel/server-tls.ts';
import { redisError } from './errors.ts';

/** How to reach a Redis server (spec 3, "Redis users"). */
export interface RedisAddress {
  host: string;
  port: number;
  username?: string;
  password?: string;
  /** Speaks TLS where given. */
  tls?: ServerTls;
}

export interface RedisLimits {
  /** Longest wait for a connection, in milliseconds. */
  connectTimeoutMs?: number;
  /** Longest wait for an answer, in milliseconds. */
  commandTimeoutMs?: number;
  /** How long a call waits for a connection that is being made again, in milliseconds. 0: it fails at once. */
  patienceMs?: number;
  /** Calls that may wait for a connection at a time; further ones fail at once. */
  mostWaiting?: number;
}

/** What the adapters on Redis share: one connection that comes back by itself, bounded waits, errors of ours. */
export interface RedisConnection {
  readonly redis: Redis;
  /**
   * Runs `work` once the server is reached; `anyway`: also while it is left alone because it failed several times. Throws
   * `STORE_UNAVAILABLE`, or what `redisError` makes of the answer.
   */
  call<T>(work: (redis: Redis) => Promise<T>, how?: { anyway: boolean }): Promise<T>;
  close(): Promise<void>;
}

const RECONNECTING = { firstWaitMs: 50, longestWaitMs: 2000 };

/**
 * Opens a connection in the background; nothing is thrown where the server is away. It asks the server nothing about
 * itself (`INFO` is denied to tenants), sends no command twice by itself, and reconnects for ever, with growing pauses.
 */
export function openRedis(address: RedisAddress, limits: RedisLimits = {}): RedisConnection {
  const { connectTimeoutMs = 2000, commandTimeoutMs = 5000, patienceMs = 2000, mostWaiting = 1000 } = limits;
  const redis = new Redis({
    host: address.host,
    port: address.port,
    ...(address.username === undefined ? {} : { username: address.username }),
    ...(address.password === undefined ? {} : { password: address.password }),
    ...(address.tls === undefined ? {} : { tls: tlsOptions(address.tls) }),
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    enableReadyCheck: false,
    // A call waits here, with a bound on time and number, rather than in a queue of commands without one.
    enableOfflineQueue: false,
    // What was on its way when a connection broke may have been done: the caller decides whether to ask again.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => pause(attempt),
  });
  return new Connection(redis, patienceMs, mostWaiting);
}

/** Grows from 50 ms to 2 s; half of it is left to chance, so that many clients do not come back in step. */
function pause(attempt: number): number {
  const longest = longestWait(attempt, RECONNECTING);
  return longest / 2 + Math.random() * (longest / 2);
}

class Connection implements RedisConnection {
  readonly redis: Redis;
  readonly #patienceMs: number;
  readonly #mostWaiting: number;
  readonly #circuit = new Circuit({
    name: 'Redis server',
    counts: (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'),
  });
  /** What was wrong with the certificates when it was last tried; null once there is a connection. */
  #refusal: unknown = null;
  #waiting = 0;
  #closed = false;

  constructor(redis: Redis, patienceMs: number, mostWaiting: number) {
    this.redis = redis;
    this.#patienceMs = patienceMs;
    this.#mostWaiting = mostWaiting;
    redis.setMaxListeners(mostWaiting + 20);
    redis.on('ready', () => {
      this.#refusal = null;
    });
    // Every call says what went wrong; the connection's own events would only end the process.
    redis.on('error', (error) => {
      if (tlsRefusal(error, '') !== null) this.#refusal = error;
    });
  }

  async call<T>(work: (redis: Redis) => Promise<T>, how?: { anyway: boolean }): Promise<T> {
    if (this.#closed) throw new FrostbyteError('STORE_UNAVAILABLE', 'The connection to Redis is closed.');
    return this.#circuit.run(async () => {
      await this.#reached();
      try {
        return await work(this.redis);
      } catch (error) {
        const told = redisError(error);
        // A server that asks for a certificate says so after the connection came about, and the client "closed".
        throw told.code === 'STORE_UNAVAILABLE' && this.#refusal !== null ? redisError(this.#refusal) : told;
      }
    }, how);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.redis.disconnect();
  }

  async #reached(): Promise<void> {
    // A connection that has just broken is still called ready for a moment.
    if (this.redis.status === 'ready' && this.redis.stream.writable) return;
    if (this.#waiting >= this.#mostWaiting || this.#patienceMs === 0) throw this.#away();
    this.#waiting += 1;
    try {
      await new Promise<void>((done, fail) => {
        const end = (result: () => void) => {
          clearTimeout(timer);
          this.redis.off('ready', ready).off('end', gone).off('error', refused);
          result();
        };
        const ready = () => end(done);
        const gone = () => end(() => fail(this.#away()));
        // Waiting mends neither a password nor a certificate.
        const refused = (error: unknown) => isRefusal(error) && end(() => fail(redisError(error)));
        const timer = setTimeout(gone, this.#patienceMs);
        this.redis.on('ready', ready).on('end', gone).on('error', refused);
      });
    } finally {
      this.#waiting -= 1;
    }
  }

  #away(): FrostbyteError {
    if (this.#refusal !== null) return redisError(this.#refusal);
    return new FrostbyteError('STORE_UNAVAILABLE', 'Redis cannot be reached. See whether its container runs.');
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Error && (/^(?:WRONGPASS|NOAUTH) /.test(error.message) || tlsRefusal(error, '') !== null);
}
