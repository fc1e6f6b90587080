import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import type { IsolationOrder } from '../../../appliance/api/plane/isolation-order.ts';
import type { Tries } from '../../../appliance/isolation/attempt.ts';
import { tryObjects } from '../../../appliance/isolation/objects/try-objects.ts';
import { tryScanner } from '../../../appliance/isolation/try-network.ts';
import { tryQueue } from '../../../appliance/isolation/try-queue.ts';
import { tryRecords } from '../../../appliance/isolation/try-records.ts';
import { tryVectors } from '../../../appliance/isolation/try-vectors.ts';
import { postgresDouble } from './postgres-double.ts';
import { bulk, redisDouble } from './redis-double.ts';

/** The tenant that the check is of, and the one that it tries. */
export const [OWN, OTHER] = ['acme', 'probe'] as const;

/** A store that lets the tenant at its own and refuses the rest, and how the isolation check tries it. */
export interface RefusingStore {
  name: string;
  /** Connections that an own access takes. */
  ownTakes: number;
  /** Tries that do not come to this server. */
  elsewhere: readonly string[];
  /** Serves one connection; `knows`: whether it goes by the tenant's credential. */
  serving(): (socket: Socket, knows: boolean) => void;
  tryAt(address: { host: string; port: number }, tries: Tries): Promise<void>;
}

/** An order of the check with nothing but what one store needs. */
export const orderOf = (parts: { own: object; target: object; scanner?: object }): IsolationOrder =>
  ({
    tenant_id: OWN,
    inside: true,
    control_database: 'control',
    own: parts.own,
    targets: [{ tenant_id: OTHER, probe: true, ...parts.target }],
    scanner: parts.scanner ?? null,
  }) as unknown as IsolationOrder;

const OWN_STATEMENTS =
  /^(?:BEGIN|ROLLBACK|INSERT INTO records\.store_check|SELECT count\(\*\) FROM records\.documents|SELECT (?:query|1) )/;

const records: RefusingStore = {
  name: 'records',
  ownTakes: 1,
  elsewhere: [],
  serving: () => (socket, knows) =>
    postgresDouble(socket, {
      login: ({ user, database }) => {
        if (!knows) return '28P01';
        return user === 'mine' && database === 'mine' ? null : '28000';
      },
      statement: (sql) => (OWN_STATEMENTS.test(sql) ? null : '42501'),
    }),
  tryAt: (address, tries) => {
    const own = { records: { ...address, database: 'mine', user: 'mine', password: 'x' } };
    return tryRecords(orderOf({ own, target: { records: { database: 'its', role: 'its', password: 'y' } } }), tries);
  },
};

const queue: RefusingStore = {
  name: 'queue',
  ownTakes: 1,
  elsewhere: ['reach its server', 'log in to its server with its password'],
  serving: () => {
    const stored = new Map<string, string>();
    return (socket, knows) =>
      redisDouble(socket, ([name, key = '', value = '']) => {
        if (!knows) return '-WRONGPASS invalid username-password pair or user is disabled.\r\n';
        if (name === 'hello' || (name === 'client' && key === 'SETINFO')) return '+OK\r\n';
        if (!key.startsWith('tenant:acme:')) return '-NOPERM no permissions\r\n';
        if (name === 'get') return bulk(stored.get(key));
        if (name === 'set') stored.set(key, value);
        return '+OK\r\n';
      });
  },
  tryAt: (address, tries) => {
    const own = { queue: { ...address, username: 'mine', password: 'x', prefix: 'tenant:acme:' } };
    // Nobody listens there, as where no network leads.
    const its = { host: '127.0.0.1', port: 1, username: 'its', password: 'y', prefix: 'tenant:probe:' };
    return tryQueue(orderOf({ own, target: { queue: its } }), tries);
  },
};

interface Asked {
  method: string;
  url: string;
  body: string;
  isSigned: boolean;
}

/** HTTP of which each connection carries one request. */
function http(answer: (asked: Asked) => [status: number, body: string], unknown: [status: number, body: string]) {
  const knowing = new WeakMap<Socket, boolean>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part;
    });
    request.on('end', () => {
      const { method, url, headers } = request as { method: string; url: string; headers: Record<string, unknown> };
      const asked = { method, url, body, isSigned: headers.authorization !== undefined };
      const [status, text] = knowing.get(request.socket) ? answer(asked) : unknown;
      response.writeHead(status, { connection: 'close' }).end(method === 'HEAD' ? undefined : text);
    });
  });
  return (socket: Socket, knows: boolean) => {
    knowing.set(socket, knows);
    server.emit('connection', socket);
  };
}

const objects: RefusingStore = {
  name: 'objects',
  ownTakes: 2,
  elsewhere: [],
  serving: () => {
    const stored = new Map<string, string>();
    const refused: [number, string] = [403, '<Error><Code>AccessDenied</Code></Error>'];
    return http(({ method, url, body, isSigned }) => {
      if (!isSigned) return refused;
      if (`${method} ${url}` === 'GET /') return [200, '<Buckets></Buckets>'];
      if (/^\/mine\?.*versions/.test(url)) return [200, '<ListVersionsResult></ListVersionsResult>'];
      if (!/^\/mine\/receipts\/isolation-[^?]+$/.test(url)) return refused;
      if (method === 'PUT') stored.set(url, body);
      return [200, stored.get(url) ?? ''];
    }, refused);
  },
  tryAt: ({ host, port }, tries) => {
    const endpoint = `http://${host}:${port}`;
    const own = { objects: { endpoint, bucket: 'mine', access_key: 'a', secret_key: 's' } };
    return tryObjects(orderOf({ own, target: { objects: { bucket: 'its', user: null } } }), tries);
  },
};

const vectors: RefusingStore = {
  name: 'vectors',
  ownTakes: 3,
  elsewhere: [],
  serving: () =>
    http(
      ({ url, body }) => {
        if (['/collections', '/aliases'].includes(url)) return [200, '{"result":{}}'];
        return /^\/collections\/mine\/points(?:\/delete)?(?:\?wait=true)?$/.test(url) && !body.includes('its')
          ? [200, '{}']
          : [403, 'Forbidden'];
      },
      [401, 'Invalid API key'],
    ),
  tryAt: ({ host, port }, tries) => {
    const own = { vectors: { kind: 'qdrant', url: `http://${host}:${port}`, collection: 'mine', token: 'x' } };
    return tryVectors(orderOf({ own, target: { vectors: { kind: 'qdrant', collection: 'its' } } }), tries);
  },
};

const scanner: RefusingStore = {
  name: 'scanner',
  ownTakes: 1,
  elsewhere: [],
  serving: () => (socket, knows) =>
    void socket.once('data', (said) =>
      socket.end(knows && said.toString() === 'zPING\0' ? 'PONG\0' : 'UNKNOWN COMMAND\0'),
    ),
  tryAt: ({ host, port }, tries) => tryScanner(orderOf({ own: {}, target: {}, scanner: { host, port } }), tries),
};

/** All that are servers. */
export const REFUSING_STORES: readonly RefusingStore[] = Object.freeze([records, queue, objects, vectors, scanner]);
