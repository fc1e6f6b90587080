import { type Access, needCollection, needGlobal, sees } from './access.ts';
import { type Answer, Refusal, refuse, result, unknown } from './answer.ts';
import { type Fields, fieldsOf, listOf, textOf } from './body.ts';
import { Collection, PEER } from './collection.ts';
import { pointId, readPointId } from './point-id.ts';
import * as points from './points.ts';
import type { World } from './world.ts';

/** A request whose key was accepted. */
export interface Call {
  world: World;
  access: Access;
  /** What the path names: a collection first, then a point, a field or a snapshot. */
  name: string;
  second: string;
  query: URLSearchParams;
  body: unknown;
  /** The file of a multipart body. */
  upload: Buffer | null;
  /** When it came, in milliseconds since the epoch. */
  at: number;
}

interface Route {
  method: string;
  path: RegExp;
  /** Query parameters that it knows. */
  query: readonly string[];
  work: (call: Call) => Answer;
}

const route = (method: string, path: string, work: Route['work'], query: readonly string[] = []): Route => ({
  method,
  path: new RegExp(`^${path.replaceAll('*', '([^/]+)')}$`),
  query,
  work,
});

const WAIT = ['wait', 'ordering', 'timeout'] as const;
const READ = ['consistency', 'timeout'] as const;
const text = (content: string): Answer => ({ status: 200, text: content, type: 'text/plain; charset=utf-8' });

/** Paths that need no key. */
export const OPEN = new Set(['/', '/healthz', '/livez', '/readyz']);

/** A read of one collection. */
function reading(work: (collection: Collection, call: Call) => unknown): Route['work'] {
  return (call) => {
    needCollection(call.access, call.name, 'read');
    return result(work(call.world.get(call.name), call));
  };
}

/** A change of one collection, which answers its number. */
function writing(work: (collection: Collection, call: Call) => number): Route['work'] {
  return (call) => {
    needCollection(call.access, call.name, 'write');
    const operation_id = work(call.world.get(call.name), call);
    return result({ operation_id, status: call.query.get('wait') === 'true' ? 'completed' : 'acknowledged' });
  };
}

function managing(work: (call: Call) => unknown): Route['work'] {
  return (call) => {
    needGlobal(call.access, true);
    return result(work(call));
  };
}

/** What only an administrator may look at. */
function overseeing(work: (call: Call) => Answer): Route['work'] {
  return (call) => {
    needGlobal(call.access, false);
    return work(call);
  };
}

function queried(collection: Collection, call: Call, body: unknown): unknown[] {
  for (const other of points.reaches(body)) needCollection(call.access, other, 'read');
  return points.query(collection, body);
}

const nothing = (): Answer => ({ status: 404, text: '' });

export const ROUTES: readonly Route[] = [
  route('GET', '/', () => ({
    status: 200,
    json: {
      title: 'qdrant - vector search engine',
      version: '1.19.0',
      commit: '74f3e85b9473c62560006c043e13737ce6b48412',
    },
  })),
  route('GET', '/healthz', () => text('healthz check passed')),
  route('GET', '/livez', () => text('healthz check passed')),
  route('GET', '/readyz', () => text('all shards are ready')),
  route(
    'GET',
    '/metrics',
    overseeing(({ world }) => text(`collections_total ${world.collections.size}\n`)),
  ),
  route('GET', '/telemetry', ({ world }) =>
    result({ id: 'double', collections: { number_of_collections: world.collections.size } }),
  ),
  route(
    'GET',
    '/cluster',
    overseeing(() => result({ status: 'disabled' })),
  ),
  route('GET', '/issues', () => result({ issues: [] })),
  route(
    'POST',
    '/logger',
    overseeing(() => unknown('the logger')),
  ),
  route(
    'GET',
    '/stacktrace',
    overseeing(() => result({ threads: [] })),
  ),
  route(
    'GET',
    '/snapshots',
    overseeing(() => result([])),
  ),
  route(
    'POST',
    '/snapshots',
    managing(() => unknown('snapshots of everything')),
  ),

  route('GET', '/aliases', ({ world, access }) => result(aliases(world, (name) => sees(access, name)))),
  route('GET', '/collections', ({ world, access }) => {
    const names = [...world.collections.keys()].filter((name) => sees(access, name)).sort();
    return result({ collections: names.map((name) => ({ name })) });
  }),
  route('POST', '/collections/aliases', managing(changeAliases), ['timeout']),
  route(
    'PUT',
    '/collections/*',
    managing(({ world, name, body }) => {
      world.create(name, body);
      return true;
    }),
    ['timeout'],
  ),
  route(
    'GET',
    '/collections/*',
    reading((collection) => collection.info()),
  ),
  route(
    'PATCH',
    '/collections/*',
    managing(({ world, name, body }) => {
      world.get(name).alter(body);
      return true;
    }),
    ['timeout'],
  ),
  route(
    'DELETE',
    '/collections/*',
    managing(({ world, name }) => world.drop(name)),
    ['timeout'],
  ),
  route('GET', '/collections/*/exists', ({ world, access, name }) => {
    needCollection(access, name, 'read');
    return result({ exists: world.collections.has(world.aliases.get(name) ?? name) });
  }),
  route(
    'GET',
    '/collections/*/aliases',
    reading((collection, { world }) => aliases(world, (name) => name === collection.name)),
  ),
  route(
    'GET',
    '/collections/*/cluster',
    reading((collection) => ({
      peer_id: PEER,
      shard_count: 1,
      local_shards: [{ shard_id: 0, points_count: collection.points.size, state: 'Active' }],
      remote_shards: [],
      shard_transfers: [],
    })),
  ),
  route(
    'PUT',
    '/collections/*/shards',
    ({ access, name }) => {
      needCollection(access, name, 'manage');
      return unknown('shard keys');
    },
    ['timeout'],
  ),
  route(
    'PUT',
    '/collections/*/index',
    writing((collection, { body }) => collection.addIndex(body)),
    WAIT,
  ),
  route(
    'DELETE',
    '/collections/*/index/*',
    writing((collection, { second }) => collection.dropIndex(second)),
    WAIT,
  ),

  route(
    'PUT',
    '/collections/*/points',
    writing((collection, { body }) => points.upsert(collection, body)),
    WAIT,
  ),
  route(
    'POST',
    '/collections/*/points',
    reading((collection, { body }) => points.retrieve(collection, body)),
    READ,
  ),
  route(
    'POST',
    '/collections/*/points/delete',
    writing((collection, { body }) => points.remove(collection, body)),
    WAIT,
  ),
  route(
    'POST',
    '/collections/*/points/payload',
    writing((collection, { body }) => points.setPayload(collection, body)),
    WAIT,
  ),
  route(
    'POST',
    '/collections/*/points/batch',
    (call) => {
      needCollection(call.access, call.name, 'write');
      const status = call.query.get('wait') === 'true' ? 'completed' : 'acknowledged';
      return result(
        points.batch(call.world.get(call.name), call.body).map((operation_id) => ({ operation_id, status })),
      );
    },
    WAIT,
  ),
  route(
    'POST',
    '/collections/*/points/scroll',
    reading((collection, { body }) => points.scroll(collection, body)),
    READ,
  ),
  route(
    'POST',
    '/collections/*/points/count',
    reading((collection, { body }) => ({ count: points.count(collection, body) })),
    READ,
  ),
  route(
    'POST',
    '/collections/*/points/search',
    reading((collection, { body }) => points.query(collection, body)),
    READ,
  ),
  route(
    'POST',
    '/collections/*/points/query',
    reading((collection, call) => ({ points: queried(collection, call, call.body) })),
    READ,
  ),
  route(
    'POST',
    '/collections/*/points/query/batch',
    reading((collection, call) => {
      const { searches } = fieldsOf(call.body, 'QueryRequestBatch', ['searches']);
      return listOf(searches, 'searches').map((search) => ({ points: queried(collection, call, search) }));
    }),
    READ,
  ),
  route(
    'POST',
    '/collections/*/facet',
    reading((collection, { body }) => ({ hits: points.facet(collection, body) })),
    READ,
  ),
  route(
    'GET',
    '/collections/*/points/*',
    reading((collection, { second }) => {
      const id = readPointId(/^\d+$/.test(second) ? Number(second) : second);
      if (id === null) refuse(400, `Bad request: Can not recognize "${second}" as point id`);
      return points.one(collection, pointId(id));
    }),
    READ,
  ),

  route(
    'GET',
    '/collections/*/snapshots',
    reading((collection) => [...collection.snapshots.values()].map(({ about }) => about)),
  ),
  route(
    'POST',
    '/collections/*/snapshots',
    (call) => {
      needCollection(call.access, call.name, 'write');
      return result(call.world.get(call.name).takeSnapshot(call.at));
    },
    ['wait'],
  ),
  route(
    'PUT',
    '/collections/*/snapshots/recover',
    managing(() => unknown('snapshots from an address')),
    ['wait'],
  ),
  route(
    'POST',
    '/collections/*/snapshots/upload',
    managing(({ world, name, upload }) => {
      if (upload === null) refuse(400, 'Bad request: Field `snapshot` is required');
      world.collections.set(name, Collection.restored(name, upload));
      return true;
    }),
    ['wait', 'priority', 'checksum'],
  ),
  route('GET', '/collections/*/snapshots/*', (call) => {
    needCollection(call.access, call.name, 'read');
    return { status: 200, bytes: snapshotOf(call).bytes };
  }),
  route(
    'DELETE',
    '/collections/*/snapshots/*',
    (call) => {
      needCollection(call.access, call.name, 'write');
      snapshotOf(call);
      return result(call.world.get(call.name).snapshots.delete(call.second));
    },
    ['wait'],
  ),
];

/** The route of a request, and whether it may change something: all but `GET` and searches. An unknown path or method is 404 without a word, an unknown parameter is refused. */
export function routeOf(
  method: string,
  path: string,
  query: URLSearchParams,
): { work: Route['work']; names: string[]; changes: boolean } {
  for (const each of ROUTES) {
    const match = each.method === method ? each.path.exec(path) : null;
    if (match === null) continue;
    for (const name of query.keys()) if (!each.query.includes(name)) unknown(`the parameter ${name} of ${path}`);
    const changes = method !== 'GET' && each.query !== READ;
    return { work: each.work, names: match.slice(1).map(decodeURIComponent), changes };
  }
  throw new Refusal(nothing());
}

function aliases(world: World, seen: (collection: string) => boolean): unknown {
  const visible = [...world.aliases].filter(([, collection]) => seen(collection));
  return { aliases: visible.map(([alias_name, collection_name]) => ({ alias_name, collection_name })) };
}

function changeAliases({ world, body }: Call): boolean {
  const { actions } = fieldsOf(body, 'ChangeAliasesOperation', ['actions']);
  for (const value of listOf(actions, 'actions')) {
    const { create_alias, delete_alias } = fieldsOf(value, 'AliasOperations', ['create_alias', 'delete_alias']);
    if (create_alias !== undefined) {
      const names = fieldsOf(create_alias, 'CreateAlias', ['collection_name', 'alias_name']);
      const target = world.get(textOf(names.collection_name, 'collection_name')).name;
      world.aliases.set(textOf(names.alias_name, 'alias_name'), target);
    } else {
      const { alias_name } = fieldsOf(delete_alias, 'DeleteAlias', ['alias_name']) as Fields;
      world.aliases.delete(textOf(alias_name, 'alias_name'));
    }
  }
  return true;
}

function snapshotOf({ world, name, second }: Call): { bytes: Buffer } {
  const snapshot = world.get(name).snapshots.get(second);
  if (snapshot === undefined) refuse(404, `Not found: Snapshot ${second} not found`);
  return snapshot;
}
