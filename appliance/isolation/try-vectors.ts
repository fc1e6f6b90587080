import { createHmac } from 'node:crypto';
import { Agent, type Dispatcher, request } from 'undici';
import type { IsolationOrder, OrderTarget } from '../api/plane/isolation-order.ts';
import { pointId } from '../kernel/ids.ts';
import { besideCollection } from '../kernel/names.ts';
import { tlsOptions } from '../kernel/server-tls.ts';
import { type Answer, Inconclusive, type Tries } from './attempt.ts';
import { tryVectorFiles } from './try-vector-files.ts';

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 5000;
const DIMENSIONS = 768;
/** No content has this id: ids of chunks are hashes of content. */
const CANARY = 'chk_0000000000000000';

interface Call {
  method: string;
  path: string;
  body?: unknown;
  /** Whose token it carries; null: none. Default: the tenant's own. */
  token?: string | null;
}

/**
 * The vector index (spec 3, row "Qdrant"): the own collection first, then others, the server as a whole, and tokens that a
 * thief could make. Real tenants' collections are only read.
 */
export async function tryVectors(order: IsolationOrder, tries: Tries): Promise<void> {
  const { vectors } = order.own;
  if (vectors.kind !== 'qdrant') return tryVectorFiles(order, vectors.file, tries);
  const { url, collection: own, token, tls } = vectors;
  const dispatcher = new Agent({ connect: tlsOptions(tls ?? {}) });
  const ask = (call: Call) => send(url, dispatcher, { token, ...call });
  try {
    await tryAll();
  } finally {
    await dispatcher.destroy();
  }

  async function tryAll(): Promise<void> {
    const useOwn = async () => {
      const id = pointId(CANARY);
      const point = { id, vector: unit(), payload: { chunk_id: CANARY, doc_id: 'doc_0000000000000000' } };
      const answers = [
        await ask({ method: 'PUT', path: `/collections/${own}/points?wait=true`, body: { points: [point] } }),
        await ask({ method: 'POST', path: `/collections/${own}/points`, body: { ids: [id] } }),
        await ask({ method: 'POST', path: `/collections/${own}/points/delete?wait=true`, body: { points: [id] } }),
      ];
      if (answers.some(({ status }) => status !== 200)) throw new Error('not stored');
    };
    if (!(await tries.own('own access', useOwn))) return;
    for (const target of order.targets) await tryTarget(target);
    await tries.stillOwn(useOwn);
  }

  async function tryTarget({ tenant_id, probe, vectors: victim }: OrderTarget): Promise<void> {
    if (victim.kind !== 'qdrant') return;
    const second = besideCollection(victim.collection);
    const names = [victim.collection, second];
    const attempt = (test: string, call: Call) =>
      tries.foreign(tenant_id, test, async () => answerTo((await ask(call)).status));
    await tries.foreign(tenant_id, 'find it in the list of collections', async () => {
      const { status, text } = await ask({ method: 'GET', path: '/collections' });
      return status === 200 && !names.some((name) => text.includes(`"${name}"`)) ? 'denied' : answerTo(status);
    });
    await tries.foreign(tenant_id, 'find it in the list of aliases', async () => {
      const { status, text } = await ask({ method: 'GET', path: '/aliases' });
      return status === 200 && !names.some((name) => text.includes(`"${name}"`)) ? 'denied' : answerTo(status);
    });
    for (const [test, call] of readings(own, victim.collection)) await attempt(test, call);
    for (const [test, call] of readings(own, second)) await attempt(`${test} (second index)`, call);
    if (!probe) return;
    for (const [test, call] of changes(own, victim.collection)) await attempt(test, call);
    for (const [test, call] of changes(own, second)) await attempt(`${test} (second index)`, call);
    for (const [test, call] of administration(own)) await attempt(test, call);
    for (const [test, forged] of forgeries(own)) {
      await attempt(test, { method: 'GET', path: `/collections/${own}`, token: forged });
    }
  }
}

/** What a thief reads in another's collection. */
function readings(own: string, other: string): [string, Call][] {
  const at = `/collections/${other}`;
  const vector = unit();
  return [
    ['look at it', { method: 'GET', path: at }],
    ['ask whether it is there', { method: 'GET', path: `${at}/exists` }],
    ['scroll through it', { method: 'POST', path: `${at}/points/scroll`, body: { limit: 1 } }],
    ['count it', { method: 'POST', path: `${at}/points/count`, body: {} }],
    ['search it', { method: 'POST', path: `${at}/points/query`, body: { query: vector, limit: 1 } }],
    ['read a point', { method: 'POST', path: `${at}/points`, body: { ids: [pointId(CANARY)] } }],
    [
      'search the own with a point of it',
      {
        method: 'POST',
        path: `/collections/${own}/points/query`,
        body: { query: pointId(CANARY), lookup_from: { collection: other }, limit: 1 },
      },
    ],
    ['list its snapshots', { method: 'GET', path: `${at}/snapshots` }],
    ['list its aliases', { method: 'GET', path: `${at}/aliases` }],
    ['look at its shards', { method: 'GET', path: `${at}/cluster` }],
  ];
}

/** What changes another's collection, or takes something out of it. */
function changes(own: string, other: string): [string, Call][] {
  const at = `/collections/${other}`;
  const id = pointId(CANARY);
  const point = { id, vector: unit(), payload: { chunk_id: CANARY } };
  const alias = (collection: string) => ({
    actions: [{ create_alias: { collection_name: collection, alias_name: `${own}_stolen` } }],
  });
  return [
    ['write a point', { method: 'PUT', path: `${at}/points?wait=true`, body: { points: [point] } }],
    [
      'change a payload',
      { method: 'POST', path: `${at}/points/payload?wait=true`, body: { payload: {}, points: [id] } },
    ],
    ['delete a point', { method: 'POST', path: `${at}/points/delete?wait=true`, body: { points: [id] } }],
    ['make a snapshot of it', { method: 'POST', path: `${at}/snapshots` }],
    [
      'have it recovered from an address',
      { method: 'PUT', path: `${at}/snapshots/recover`, body: { location: 'http://127.0.0.1:1/none' } },
    ],
    ['name it by an alias', { method: 'POST', path: '/collections/aliases', body: alias(other) }],
    ['alter it', { method: 'PATCH', path: at, body: { optimizers_config: {} } }],
    ['drop it', { method: 'DELETE', path: at }],
  ];
}

/** What concerns the server as a whole, and the own collection's form. */
function administration(own: string): [string, Call][] {
  return [
    [
      'make a collection',
      {
        method: 'PUT',
        path: `/collections/${own}_more`,
        body: { vectors: { size: DIMENSIONS, distance: 'Cosine' } },
      },
    ],
    ['alter the own collection', { method: 'PATCH', path: `/collections/${own}`, body: { optimizers_config: {} } }],
    [
      'have the own collection recovered from an address',
      { method: 'PUT', path: `/collections/${own}/snapshots/recover`, body: { location: 'http://127.0.0.1:1/none' } },
    ],
    ['list snapshots of everything', { method: 'GET', path: '/snapshots' }],
    ['make a snapshot of everything', { method: 'POST', path: '/snapshots' }],
    ['look at the cluster', { method: 'GET', path: '/cluster' }],
    ['read the metrics', { method: 'GET', path: '/metrics' }],
    ['go without a token', { method: 'GET', path: `/collections/${own}`, token: null }],
    ['go with a token that is none', { method: 'GET', path: `/collections/${own}`, token: 'none' }],
  ];
}

/** Tokens that a thief could write. None is signed with the server's key, which no tenant knows. */
function forgeries(own: string): [string, string][] {
  const rights = { access: [{ collection: own, access: 'rw' }] };
  return [
    ['forge a token without access, which would be an administrator', jwt({}, 'HS256', 'guessed')],
    ['forge a token under an empty key', jwt(rights, 'HS256', '')],
    ['forge a token that names no algorithm', jwt(rights, 'none', null)],
    ['forge a token that manages everything', jwt({ access: 'm' }, 'HS256', 'guessed')],
  ];
}

function jwt(claims: object, alg: string, key: string | null): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const text = `${part({ alg, typ: 'JWT' })}.${part(claims)}`;
  const signature = key === null ? '' : createHmac('sha256', key).update(text).digest('base64url');
  return `${text}.${signature}`;
}

function unit(): number[] {
  return Array.from({ length: DIMENSIONS }, (_, at) => (at === 0 ? 1 : 0));
}

function answerTo(status: number): Answer {
  if (status === 401 || status === 403) return 'denied';
  if (status >= 500) throw new Inconclusive(`the server answered ${status}`);
  return 'allowed';
}

async function send(
  url: string,
  dispatcher: Dispatcher,
  { method, path, body, token }: Call,
): Promise<{ status: number; text: string }> {
  const { statusCode, body: answer } = await request(new URL(path, url), {
    method: method as 'GET',
    headers: {
      // A packed answer comes in pieces, and each waits for a delayed acknowledgement.
      'accept-encoding': 'identity',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === null || token === undefined ? {} : { 'api-key': token }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    dispatcher,
    headersTimeout: ANSWER_MS,
    bodyTimeout: ANSWER_MS,
  });
  return { status: statusCode, text: await answer.text() };
}
