import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { IsolationOrder } from '../../../appliance/api/plane/isolation-order.ts';
import { passes, unanswered } from '../../../appliance/control/isolation/verdict.ts';
import { type Tries, triesOf } from '../../../appliance/isolation/attempt.ts';
import { tryObjects } from '../../../appliance/isolation/objects/try-objects.ts';
import { tryScanner } from '../../../appliance/isolation/try-network.ts';
import { tryQueue } from '../../../appliance/isolation/try-queue.ts';
import { tryRecords } from '../../../appliance/isolation/try-records.ts';
import { fileId, tryVectorFiles } from '../../../appliance/isolation/try-vector-files.ts';
import { tryVectors } from '../../../appliance/isolation/try-vectors.ts';
import { mortalServer } from '../../support/isolation/mortal-server.ts';
import { postgresDouble } from '../../support/isolation/postgres-double.ts';
import { bulk, redisDouble } from '../../support/isolation/redis-double.ts';

/**
 * A store that dies while it is tried, and a credential that does, refuse everybody: nothing of that is a closed door. Each
 * store is a double that lets the tenant at its own and refuses the rest, and takes so many connections before its port
 * closes.
 */

const [OWN, OTHER] = ['acme', 'probe'];
const tries = (store: string) => triesOf(store, OWN, { againMs: [0, 0] });
const closed = { host: '127.0.0.1', port: 1 };

interface Store {
  name: string;
  /** Tries a store that takes so many connections, and goes by the tenant's credential during so many. */
  run(t: TestContext, all: Tries, lives?: number, goesBy?: number): Promise<void>;
}

const order = (parts: { own: object; target: object; scanner?: object }): IsolationOrder =>
  ({
    tenant_id: OWN,
    inside: true,
    control_database: 'control',
    own: parts.own,
    targets: [{ tenant_id: OTHER, probe: true, ...parts.target }],
    scanner: parts.scanner ?? null,
  }) as unknown as IsolationOrder;

const records: Store = {
  name: 'records',
  async run(t, all, lives, goesBy = Number.POSITIVE_INFINITY) {
    const { host, port } = await mortalServer(
      t,
      (socket, connection) =>
        postgresDouble(socket, {
          login: ({ user, database }) => {
            if (connection > goesBy) return '28P01';
            return user === 'mine' && database === 'mine' ? null : '28000';
          },
          statement: (sql) =>
            /^(?:BEGIN|ROLLBACK|INSERT INTO records\.store_check|SELECT count\(\*\) FROM records\.documents|SELECT (?:query|1) )/.test(
              sql,
            )
              ? null
              : '42501',
        }),
      lives,
    );
    const own = { records: { host, port, database: 'mine', user: 'mine', password: 'x' } };
    await tryRecords(order({ own, target: { records: { database: 'its', role: 'its', password: 'y' } } }), all);
  },
};

const queue: Store = {
  name: 'queue',
  async run(t, all, lives, goesBy = Number.POSITIVE_INFINITY) {
    const stored = new Map<string, string>();
    const { host, port } = await mortalServer(
      t,
      (socket, connection) =>
        redisDouble(socket, ([name, key = '', value = '']) => {
          if (connection > goesBy) return '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
          if (name === 'hello' || (name === 'client' && key === 'SETINFO')) return '+OK\r\n';
          if (!key.startsWith('tenant:acme:')) return '-NOPERM no permissions\r\n';
          if (name === 'get') return bulk(stored.get(key));
          if (name === 'set') stored.set(key, value);
          return '+OK\r\n';
        }),
      lives,
    );
    const own = { queue: { host, port, username: 'mine', password: 'x', prefix: 'tenant:acme:' } };
    const target = { queue: { ...closed, username: 'its', password: 'y', prefix: 'tenant:probe:' } };
    await tryQueue(order({ own, target }), all);
  },
};

interface Asked {
  method: string;
  url: string;
  body: string;
  isSigned: boolean;
  connection: number;
}

/** An HTTP server, of which each connection carries one request. */
const http = (t: TestContext, lives: number | undefined, answer: (asked: Asked) => [status: number, body: string]) => {
  const server = createServer((request, response) => {
    const { connection } = request.socket as unknown as { connection: number };
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      const [status, text] = answer({
        ...{ method: request.method!, url: request.url!, body, connection },
        isSigned: request.headers.authorization !== undefined,
      });
      response.writeHead(status, { connection: 'close' }).end(request.method === 'HEAD' ? undefined : text);
    });
  });
  return mortalServer(
    t,
    (socket, connection) => server.emit('connection', Object.assign(socket, { connection })),
    lives,
  );
};

const objects: Store = {
  name: 'objects',
  async run(t, all, lives, goesBy = Number.POSITIVE_INFINITY) {
    const stored = new Map<string, string>();
    const refused = '<Error><Code>AccessDenied</Code></Error>';
    const { host, port } = await http(t, lives, ({ method, url, body, isSigned, connection }) => {
      if (connection > goesBy || !isSigned) return [403, refused];
      if (`${method} ${url}` === 'GET /') return [200, '<Buckets></Buckets>'];
      if (/^\/mine\?.*versions/.test(url)) return [200, '<ListVersionsResult></ListVersionsResult>'];
      if (!/^\/mine\/receipts\/isolation-[^?]+$/.test(url)) return [403, refused];
      if (method === 'PUT') stored.set(url, body);
      return [200, stored.get(url) ?? ''];
    });
    const own = { objects: { endpoint: `http://${host}:${port}`, bucket: 'mine', access_key: 'a', secret_key: 's' } };
    await tryObjects(order({ own, target: { objects: { bucket: 'its', user: null } } }), all);
  },
};

const vectors: Store = {
  name: 'vectors',
  async run(t, all, lives, goesBy = Number.POSITIVE_INFINITY) {
    const { host, port } = await http(t, lives, ({ url, body, connection }) => {
      if (connection > goesBy) return [401, 'Invalid API key'];
      if (['/collections', '/aliases'].includes(url)) return [200, '{"result":{}}'];
      return /^\/collections\/mine\/points(?:\/delete)?(?:\?wait=true)?$/.test(url) && !body.includes('its')
        ? [200, '{}']
        : [403, 'Forbidden'];
    });
    const own = { vectors: { kind: 'qdrant', url: `http://${host}:${port}`, collection: 'mine', token: 'x' } };
    await tryVectors(order({ own, target: { vectors: { kind: 'qdrant', collection: 'its' } } }), all);
  },
};

const scanner: Store = {
  name: 'scanner',
  async run(t, all, lives, goesBy = Number.POSITIVE_INFINITY) {
    const address = await mortalServer(
      t,
      (socket, connection) =>
        socket.once('data', (said) =>
          socket.end(said.toString() === 'zPING\0' && connection <= goesBy ? 'PONG\0' : 'UNKNOWN COMMAND\0'),
        ),
      lives,
    );
    await tryScanner(order({ own: {}, target: {}, scanner: { host: address.host, port: address.port } }), all);
  },
};

/** Connections that the own access takes, so that the store is gone with its end. */
const OWN_TAKES: Readonly<Record<string, number>> = { records: 1, queue: 1, objects: 2, vectors: 3, scanner: 1 };

for (const { name, run } of [records, queue, objects, vectors, scanner]) {
  const first = OWN_TAKES[name]!;
  /** What a store whose end is in the middle breaks off with is told by who called it. */
  const tried = async (t: TestContext, lives?: number, goesBy?: number) => {
    const all = tries(name);
    await run(t, all, lives, goesBy).catch(() => undefined);
    const [own, last] = [all.found[0]!, all.found.at(-1)!];
    assert.deepEqual([own.target, own.test, own.result], [OWN, 'own access', 'OK']);
    assert.deepEqual([last.target, last.test], [OWN, 'own access after all that']);
    return { found: all.found, foreign: all.found.slice(1, -1), last };
  };

  test(`${name}: that lives passes: each foreign door refused, the own one open before and after`, async (t) => {
    const { found, foreign, last } = await tried(t);
    assert.equal(last.result, 'OK');
    assert.deepEqual(
      foreign.filter(({ result }) => result !== 'DENIED').map(({ test: door, result }) => `${door}: ${result}`),
      [],
    );
    assert.ok(foreign.length >= 5, String(foreign.length));
    assert.equal(passes(OWN, found), true);
  });

  for (const [when, more] of [
    ['behind the own access', 0],
    ['in the middle', 2],
  ] as const) {
    test(`${name}: that dies ${when} has closed no door`, async (t) => {
      const { found, foreign, last } = await tried(t, first + more);
      assert.equal(last.result, 'DENIED');
      assert.deepEqual([...new Set(foreign.map(({ result }) => result))], ['SKIPPED']);
      assert.ok(foreign.every(({ reason }) => reason !== undefined));
      assert.equal(passes(OWN, found), false);
      assert.ok(unanswered(found).length > 0, 'and it is worth another try');
    });
  }

  test(`${name}: a credential that dies behind the own access has closed no door`, async (t) => {
    const { found, foreign, last } = await tried(t, undefined, first);
    assert.equal(last.result, 'DENIED');
    assert.deepEqual([...new Set(foreign.map(({ result }) => result))], ['SKIPPED']);
    assert.equal(passes(OWN, found), false);
  });
}

test('another tenant’s own Redis server that no way leads to is a closed door; the own one must be there', async (t) => {
  const all = tries('queue');
  await queue.run(t, all);
  const of = (door: string) => all.found.find(({ test: name }) => name === door)?.result;
  assert.deepEqual(['reach its server', 'log in to its server with its password'].map(of), ['DENIED', 'DENIED']);
});

test('vectors in files whose own file goes meanwhile have closed no door', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-own-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'vectors.sqlite');
  writeFileSync(file, 'SQLite format 3\0');
  const missing = statSync(file, { bigint: true });
  const target = {
    vectors: { kind: 'sqlite-vec', folder: '/nowhere/its', ids: [fileId({ dev: missing.dev, ino: 2n ** 60n })] },
  };
  for (const goes of [false, true]) {
    const all = tries('vectors');
    const asked: Tries = {
      ...all,
      foreign: async (...words) => {
        await all.foreign(...words);
        if (goes) rmSync(file, { force: true });
      },
    };
    await tryVectorFiles(order({ own: {}, target }), file, asked);
    const foreign = all.found.filter(({ target: whose }) => whose === OTHER).map(({ result }) => result);
    assert.deepEqual([...new Set(foreign)], [goes ? 'SKIPPED' : 'DENIED']);
    assert.equal(passes(OWN, all.found), !goes);
  }
});
