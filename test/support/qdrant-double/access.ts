import { createHmac, timingSafeEqual } from 'node:crypto';
import { refuse, refuseBare } from './answer.ts';

/** What a key or token opens. */
export type Access =
  | { over: 'everything'; manage: boolean }
  | { over: 'collections'; rights: ReadonlyMap<string, 'r' | 'rw'> };

interface Claims {
  exp?: number;
  access?: 'r' | 'm' | { collection: string; access: 'r' | 'rw' }[];
  value_exists?: { collection: string; matches: { key: string; value: unknown }[] };
}

/** True when a point of the collection has all these values. */
export type HasValues = (collection: string, matches: { key: string; value: unknown }[]) => boolean;

const ADMINISTRATOR: Access = { over: 'everything', manage: true };

/** Who asks? Refuses as the server does: 401 and 403 in bare text. */
export function accessOf(key: string | undefined, apiKey: string, hasValues: HasValues): Access {
  if (key === undefined) refuseBare(401, 'Must provide an API key or an Authorization bearer token');
  if (key === apiKey) return ADMINISTRATOR;
  const claims = claimsOf(key, apiKey);
  if (claims === null) refuseBare(401, 'Invalid API key or JWT');
  const { value_exists: alive, access = 'm' } = claims;
  if (alive !== undefined && !hasValues(alive.collection, alive.matches))
    refuseBare(401, 'Invalid JWT, stateful validation failed');
  if (access === 'r' || access === 'm') return { over: 'everything', manage: access === 'm' };
  return { over: 'collections', rights: new Map(access.map((each) => [each.collection, each.access])) };
}

/** The claims of a token under the key; null where it is none. */
function claimsOf(token: string, apiKey: string): Claims | null {
  const [head, body, signature, ...more] = token.split('.');
  if (head === undefined || body === undefined || signature === undefined || more.length > 0) return null;
  const header = decoded<{ alg?: unknown }>(head);
  const claims = decoded<Claims>(body);
  if (header?.alg !== 'HS256' || claims === null || !wellFormed(claims)) return null;
  const expected = createHmac('sha256', apiKey).update(`${head}.${body}`).digest();
  const given = Buffer.from(signature, 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) refuseBare(403, 'InvalidSignature');
  if (claims.exp !== undefined && claims.exp * 1000 < Date.now()) refuseBare(403, 'ExpiredSignature');
  return claims;
}

function wellFormed({ exp, access, value_exists: alive }: Claims): boolean {
  if (exp !== undefined && !Number.isInteger(exp)) return false;
  if (alive !== undefined && (typeof alive.collection !== 'string' || !Array.isArray(alive.matches))) return false;
  if (access === undefined || access === 'r' || access === 'm') return true;
  return (
    Array.isArray(access) &&
    access.every(({ collection, access: right }) => typeof collection === 'string' && (right === 'r' || right === 'rw'))
  );
}

function decoded<T>(part: string): T | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as T) : null;
  } catch {
    return null;
  }
}

/** For what concerns the whole server. */
export function needGlobal(access: Access, manage: boolean): void {
  if (access.over === 'collections') refuse(403, 'Forbidden: Global access is required');
  if (manage && !access.manage) refuse(403, 'Forbidden: Global manage access is required');
}

/** For what concerns one collection, under the name that was asked for: an alias must be named in the token itself. */
export function needCollection(access: Access, name: string, need: 'read' | 'write' | 'manage'): void {
  if (access.over === 'everything') {
    if (need !== 'read') needGlobal(access, true);
    return;
  }
  const right = access.rights.get(name);
  if (right === undefined) refuse(403, `Forbidden: Access to collection ${name} is required`);
  if (need === 'manage') refuse(403, 'Forbidden: Manage access for this operation is required');
  if (need === 'write' && right === 'r') refuse(403, `Forbidden: Write access to collection ${name} is required`);
}

export function sees(access: Access, name: string): boolean {
  return access.over === 'everything' || access.rights.has(name);
}
