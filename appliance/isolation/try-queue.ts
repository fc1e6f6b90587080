import { Redis } from 'ioredis';
import type { IsolationOrder, OrderTarget } from '../api/plane/isolation-order.ts';
import { type ServerTls, tlsOptions } from '../kernel/server-tls.ts';
import { type Answer, Inconclusive, type Tries } from './attempt.ts';
import { isUnreachable, REACH_MS, reaches } from './reach.ts';

const ANSWER_MS = 3000;

/**
 * The tenant's own Redis server (spec 3, "Redis users"): its own keys first, then the servers of others, which no network
 * leads to, and on its own server all that would show or reach more than its keys. Nothing here changes what it does not
 * own, and what would end the server is asked in a form that ends nothing.
 */
export async function tryQueue(order: IsolationOrder, tries: Tries): Promise<void> {
  const { queue: own } = order.own;
  const key = `${own.prefix}:isolation`;
  const useOwn = () =>
    session(own, async (redis) => {
      await redis.set(key, 'own', 'EX', 60);
      const found = await redis.get(key);
      await redis.del(key);
      if (found !== 'own') throw new Error('not stored');
    });
  if (!(await tries.own('own access', useOwn))) return;
  await Promise.all([tryServers(order, tries), tryOwnServer(order, tries)]);
  await tries.stillOwn(useOwn);
}

/** The servers of others. All together: each that no network leads to is waited for. */
async function tryServers({ own: { queue: own }, targets }: IsolationOrder, tries: Tries): Promise<void> {
  const elsewhere = targets.filter(({ queue }) => queue.host !== own.host || queue.port !== own.port);
  await Promise.all(
    elsewhere.map(async ({ tenant_id, queue: { host, port, username, password } }) => {
      await tries.foreign(tenant_id, 'reach its server', () => reaches(host, port));
      if (password === null) return;
      await tries.foreign(tenant_id, 'log in to its server with its password', () =>
        answerOf(
          () => session({ host, port, username, password, tls: own.tls }, (redis) => redis.ping()),
          // No network leads there.
          'denied',
        ),
      );
    }),
  );
}

/** Its own server, one after the other: it serves the tenant meanwhile. */
async function tryOwnServer(order: IsolationOrder, tries: Tries): Promise<void> {
  for (const target of order.targets) await tryTarget(order, target, tries);
}

async function tryTarget(order: IsolationOrder, target: OrderTarget, tries: Tries): Promise<void> {
  const { queue: own } = order.own;
  const { queue: other, probe, tenant_id } = target;
  const command = (test: string, name: string, ...args: string[]) =>
    tries.foreign(tenant_id, test, () => answerOf(() => session(own, (redis) => redis.call(name, ...args))));

  // Were its keys ever on this server, they would be closed all the same.
  const foreign = `${other.prefix}:isolation`;
  await command('read its keys', 'GET', foreign);
  await command('look whether a key is there', 'EXISTS', foreign);
  await command('listen to its channels', 'SUBSCRIBE', foreign);
  if (!probe) return;
  await command('write its keys', 'SET', foreign, 'planted', 'EX', '60');
  await command('delete its keys', 'DEL', foreign);
  await command('write to its channels', 'PUBLISH', foreign, 'planted');
  await command('reach its keys by a script', 'EVAL', "return redis.call('GET', KEYS[1])", '1', foreign);
  await command('reach its keys by a script that hides them', 'EVAL', `return redis.call('GET', '${foreign}')`, '0');
  for (const [test, ...words] of ADMINISTRATION) await command(test, words[0] as string, ...words.slice(1));
}

/** Commands that show or change more than the own keys. None of them harms the server where it is let through. */
const ADMINISTRATION: readonly (readonly [test: string, ...words: string[]])[] = Object.freeze([
  ['list all keys', 'KEYS', '*'],
  ['walk through all keys', 'SCAN', '0'],
  ['be shown some key', 'RANDOMKEY'],
  ['count all keys', 'DBSIZE'],
  ['read the state of the server', 'INFO'],
  ['read the configuration', 'CONFIG', 'GET', 'dir'],
  ['list users', 'ACL', 'LIST'],
  ['make a user', 'ACL', 'SETUSER', 'frostbyte_thief', 'off'],
  ['go to another database', 'SELECT', '1'],
  ['list other clients', 'CLIENT', 'LIST'],
  ['end other clients', 'CLIENT', 'KILL', 'ID', '0'],
  ['see what others do', 'SLOWLOG', 'GET', '1'],
  ['keep a script', 'SCRIPT', 'EXISTS', '0000000000000000000000000000000000000000'],
  ['list functions', 'FUNCTION', 'LIST'],
  ['look inside the server', 'DEBUG', 'SLEEP', '0'],
  ['save to the disk', 'LASTSAVE'],
  ['load a module', 'MODULE', 'LIST'],
  ['make it follow another server', 'REPLICAOF', 'NO', 'ONE'],
  ['end the server', 'SHUTDOWN', 'ABORT'],
  ['forget everything', 'FLUSHDB', 'wrong'],
]);

interface Login {
  host: string;
  port: number;
  username: string;
  password: string;
  tls?: ServerTls | undefined;
}

async function session<T>(
  { host, port, username, password, tls }: Login,
  work: (redis: Redis) => Promise<T>,
): Promise<T> {
  const redis = new Redis({
    host,
    port,
    username,
    password,
    ...(tls === undefined ? {} : { tls: tlsOptions(tls) }),
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: REACH_MS,
    commandTimeout: ANSWER_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let failed: unknown;
  redis.on('error', (error) => {
    failed = error;
  });
  try {
    await redis.connect();
    return await work(redis);
  } catch (error) {
    // The client says "closed"; what closed it is more telling.
    throw failed ?? error;
  } finally {
    redis.disconnect();
  }
}

/** By its user's rule, or by the server's own, which nobody can change over a connection. */
const REFUSED = /^(?:(?:NOPERM|WRONGPASS|NOAUTH) |ERR (?:DEBUG|MODULE) command not allowed)/;
const BUSY = /^(?:BUSY|LOADING|OOM|Command timed out)/;

/**
 * What a server answers. `unreached`: what it means that it is not reached. Of the own server, which was there a moment ago,
 * nothing: dead, it refuses everybody.
 */
async function answerOf(work: () => Promise<unknown>, unreached: Answer | null = null): Promise<Answer> {
  try {
    await work();
    return 'allowed';
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    if (REFUSED.test(message)) return 'denied';
    if (unreached !== null && isUnreachable(error)) return unreached;
    // Within a script the server says it in the middle.
    if (/NOPERM|ACL failure in script/.test(message)) return 'denied';
    if (BUSY.test(message) || (error as { name?: string }).name !== 'ReplyError') throw new Inconclusive(message);
    return 'allowed';
  }
}
