import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { after, before, describe, it, mock } from 'node:test';
import { type QdrantServer, startQdrantDouble } from '../support/qdrant-double/start.ts';
import { qdrantToken } from '../support/qdrant-double/tokens.ts';
import { randomVectors } from '../support/vectors.ts';

interface Recorded {
  name: string;
  as: string;
  method: string;
  path: string;
  body: unknown;
  status: number;
  type?: string | null;
  answer: unknown;
  equal?: boolean;
}

const RECORDED = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../vectors/qdrant-answers.json'), 'utf8'),
) as Recorded[];

/** Vectors of the recorded points: the first and the ninth are the same. */
const VECTORS = randomVectors(9, 1);
VECTORS[8] = VECTORS[0]!;

describe('the double of Qdrant gives the answers that were recorded of a real one', () => {
  let server: QdrantServer;
  let keys: Record<string, Record<string, string>>;
  before(async () => {
    // Snapshots are named by the second, and all of this was recorded within one.
    mock.timers.enable({ apis: ['Date'], now: Date.now() });
    server = await startQdrantDouble();
    keys = whoAsks(server.apiKey);
  });
  after(async () => {
    await server.stop();
    mock.timers.reset();
  });

  /** Names of snapshots hold the time: recorded to given. Two that were recorded in one second may be made in two here. */
  const names = new Map<string, Set<string>>();
  let download = Buffer.alloc(0);
  let checksum = '';

  it('all of them are here', () => assert.equal(RECORDED.length, 147));

  for (const [at, recorded] of RECORDED.entries()) {
    it(`${at + 1}: ${recorded.name}, as ${recorded.as}`, async () => {
      if (recorded.equal) return assert.equal(createHash('sha256').update(download).digest('hex'), checksum);
      const [, snapshot] = /snapshots\/([^/?]+\.snapshot)/.exec(recorded.path) ?? [];
      const path =
        snapshot === undefined ? recorded.path : recorded.path.replace(snapshot, [...names.get(snapshot)!].at(-1)!);
      const response = await fetch(server.url + path, {
        method: recorded.method,
        headers: { 'accept-encoding': 'identity', ...keys[recorded.as]! },
        ...bodyOf(recorded.body, download),
      });
      const content = Buffer.from(await response.arrayBuffer());
      assert.equal(response.status, recorded.status, content.toString().slice(0, 300));
      if (recorded.type !== undefined) assert.equal(response.headers.get('content-type'), recorded.type);
      if (recorded.answer === null) return;
      if (recorded.answer === '<tar archive>') {
        download = content;
        return;
      }
      const isJson = recorded.type === undefined || recorded.type === 'application/json';
      const given: unknown = isJson ? JSON.parse(content.toString()) : content.toString();
      compare(given, withAllMade(recorded.answer, names), '');
      const made = recordedSnapshot(recorded.answer);
      if (made === undefined) return;
      const { name, checksum: sum } = (given as { result: { name: string; checksum: string } }).result;
      names.set(made, (names.get(made) ?? new Set()).add(name));
      checksum = sum;
    });
  }

  it('what it does not know it refuses', async () => {
    const ask = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(server.url + path, {
        method,
        headers: keys.admin!,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return response.status;
    };
    assert.equal(await ask('GET', '/collections/tenant_a/optimizations'), 404);
    assert.equal(await ask('POST', '/collections/tenant_a/points/scroll', { limits: 3 }), 501);
    assert.equal(await ask('POST', '/collections/tenant_a/points/count?exact=true', {}), 501);
    assert.equal(await ask('PUT', '/collections/another', { vectors: { size: 3, distance: 'Euclid' } }), 501);
    const condition = { filter: { must: [{ key: 'page', geo_radius: {} }] } };
    assert.equal(await ask('POST', '/collections/tenant_a/points/count', condition), 501);
    assert.equal(await ask('POST', '/collections/tenant_a/points/count', { exact: 'yes' }), 400);
  });
});

/** A recorded answer whose list of snapshots has each name as often as it was made under names of its own here. */
function withAllMade(answer: unknown, names: ReadonlyMap<string, ReadonlySet<string>>): unknown {
  const { result } = answer as { result?: unknown };
  if (!Array.isArray(result)) return answer;
  const all = result.flatMap((one: { name?: string }) => [...(names.get(one?.name ?? '') ?? [0])].map(() => one));
  return { ...(answer as object), result: all };
}

/** What only a test of the double asks: a real server's own disk is its makers' business. */
describe('the double of Qdrant, started again', () => {
  for (const force of [false, true]) {
    it(`${force ? 'behind a kill' : 'in order'}, knows all that it answered for, and goes on from there`, async (t) => {
      const server = await startQdrantDouble();
      t.after(() => server.stop());
      const ask = async (method: string, path: string, body?: object) => {
        const headers = { 'api-key': server.apiKey, 'content-type': 'application/json' };
        const answer = await fetch(server.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
        assert.equal(answer.status, 200, `${method} ${path}`);
        return ((await answer.json()) as { result: unknown }).result;
      };
      const points = VECTORS.map((vector, id) => ({ id, vector: [...vector], payload: { page: id } }));
      await ask('PUT', '/collections/kept', { vectors: { size: VECTORS[0]!.length, distance: 'Cosine' } });
      await ask('PUT', '/collections/kept/index?wait=true', { field_name: 'page', field_schema: 'integer' });
      await ask('PUT', '/collections/kept/points?wait=true', { points });
      await ask('POST', '/collections/kept/points/delete?wait=true', { points: [3] });
      await ask('POST', '/collections/kept/points/payload?wait=true', { payload: { page: 70 }, points: [4] });
      await ask('POST', '/collections/kept/snapshots');
      const actions = [{ create_alias: { collection_name: 'kept', alias_name: 'also' } }];
      await ask('POST', '/collections/aliases', { actions });
      await ask('PUT', '/collections/gone', { vectors: { size: 4, distance: 'Dot' } });
      await ask('DELETE', '/collections/gone');
      const all = async () => [
        await ask('GET', '/collections'),
        await ask('GET', '/aliases'),
        await ask('GET', '/collections/kept'),
        await ask('GET', '/collections/kept/snapshots'),
        await ask('POST', '/collections/kept/points/scroll', { limit: 100, with_vector: true }),
        await ask('POST', '/collections/also/points/query', { query: [...VECTORS[5]!], limit: 3 }),
      ];
      const before = await all();
      const { url } = server;
      await server.restart({ force });
      assert.equal(server.url, url);
      assert.deepEqual(await all(), before);
      const next = await ask('POST', '/collections/kept/points/delete?wait=true', { points: [5] });
      await server.restart({ force });
      const behind = await ask('POST', '/collections/kept/points/delete?wait=true', { points: [6] });
      const numbers = [next, behind].map((change) => (change as { operation_id: number }).operation_id);
      assert.equal(numbers[1], numbers[0]! + 1);
    });
  }
});

/** The headers of everybody who asked when the answers were recorded. */
function whoAsks(apiKey: string): Record<string, Record<string, string>> {
  const token = (claims: object, header?: object) => ({ 'api-key': qdrantToken(apiKey, claims, header) });
  const to = (...collections: string[]) => collections.map((collection) => ({ collection, access: 'rw' }));
  const alive = (jti: string) => ({
    access: to('tenant_a'),
    value_exists: { collection: 'tokens', matches: [{ key: 'jti', value: jti }] },
  });
  const own = qdrantToken(apiKey, { access: to('tenant_a') });
  return {
    admin: { 'api-key': apiKey },
    none: {},
    wrong: { 'api-key': 'wrong' },
    a_rw: { 'api-key': own },
    'a_rw (Bearer)': { authorization: `Bearer ${own}` },
    a_r: token({ access: [{ collection: 'tenant_a', access: 'r' }] }),
    a_two: token({ access: to('tenant_a', 'tenant_a_r1') }),
    expired: token({ access: to('tenant_a'), exp: 1_700_000_000 }),
    noaccess: token({}),
    global_r: token({ access: 'r' }),
    alg_none: token({ access: to('tenant_a') }, { alg: 'none' }),
    badsig: { 'api-key': qdrantToken('another key', { access: to('tenant_a') }) },
    live: token(alive('live-1')),
    dead: token(alive('dead-1')),
  };
}

function bodyOf(body: unknown, file: Buffer): { body?: string | FormData } {
  if (body === null) return {};
  if (body === 'multipart: snapshot') {
    const form = new FormData();
    form.set('snapshot', new Blob([new Uint8Array(file)]), 'a.snapshot');
    return { body: form };
  }
  if (typeof body === 'string') return { body };
  return { body: JSON.stringify(withVectors(body, 0)) };
}

/** Puts numbers where the recording shows how many there were: a point's own, or those of point `number`. */
function withVectors(value: unknown, number: number): unknown {
  if (typeof value === 'string') {
    const [, length] = /^<(\d+) numbers>$/.exec(value) ?? [];
    return length === undefined ? value : Array.from(VECTORS[number]!.subarray(0, Number(length)));
  }
  if (Array.isArray(value)) return value.map((each, at) => withVectors(each, isSearch(each) ? at : number));
  if (typeof value !== 'object' || value === null) return value;
  const { id } = value as { id?: unknown };
  const own = typeof id === 'string' ? Math.max(0, Number(id.slice(-1)) - 1) || 0 : number;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withVectors(each, own)]));
}

function isSearch(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'query' in value && !('lookup_from' in value);
}

/** Names of the recorded snapshot that an answer says was made. */
function recordedSnapshot(answer: unknown): string | undefined {
  const result = (answer as { result?: { name?: string } | null } | null)?.result;
  return result?.name?.endsWith('.snapshot') ? result.name : undefined;
}

/** Values that differ from run to run, by name: of the same shape is the same. */
const VARY: Readonly<Record<string, RegExp>> = {
  score: /^-?\d(?:\.\d+)?(?:e-\d+)?$/,
  name: /^tenant_a(?:_r1)?-\d+-[\d-]+\.snapshot$/,
  creation_time: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/,
  size: /^\d+$/,
  checksum: /^[0-9a-f]{64}$/,
};

function compare(given: unknown, recorded: unknown, name: string): void {
  const varies = VARY[name];
  if (varies?.test(String(recorded)) && (name !== 'name' || String(recorded).endsWith('.snapshot'))) {
    assert.equal(typeof given, typeof recorded, name);
    return void assert.match(String(given), varies);
  }
  if (recorded === '<seconds>') return void assert.ok(typeof given === 'number' && given >= 0);
  if (recorded === '<object>') return void assert.ok(typeof given === 'object' && given !== null);
  if (recorded === '<Prometheus text>') return void assert.match(String(given), /^\w+ \d+$/m);
  if (recorded === '<768 numbers>') {
    assert.ok(Array.isArray(given) && given.length === 768);
    return void assert.ok(given.every((x) => typeof x === 'number' && Number.isFinite(x)));
  }
  if (name === 'error') return void assert.equal(withoutPlace(given), withoutPlace(recorded));
  if (typeof recorded !== 'object' || recorded === null) return void assert.equal(given, recorded, name);
  assert.ok(typeof given === 'object' && given !== null, name);
  assert.deepEqual(Object.keys(given).sort(), Object.keys(recorded).sort(), name);
  for (const [key, value] of Object.entries(recorded)) compare((given as Record<string, unknown>)[key], value, key);
}

/** Where in a body a mistake lies is the parser's matter. */
function withoutPlace(error: unknown): string {
  return String(error).replace(/ at line \d+ column \d+$/, '');
}
