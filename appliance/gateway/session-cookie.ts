import { createHash, timingSafeEqual } from 'node:crypto';
import { FrostbyteError } from '../kernel/errors.ts';

/**
 * The session of a browser, as its cookie carries it, and the marks by which a change that a page of ours asked for is told
 * from one that another site made the browser send.
 */

/** Carries what a page of ours was given with its session (`forgeryMark`). */
export const FORGERY_HEADER = 'x-frostbyte-page';

/** Over TLS the prefix binds the cookie to this host, this path and TLS; a browser keeps it in no plain connection. */
const [SECURE, PLAIN] = ['__Host-frostbyte', 'frostbyte'] as const;
const SECRET = /^[A-Za-z0-9_-]{43}$/;
const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The secret of the session that a request came with, or null; `name`: of another cookie than the appliance's own. */
export function sessionOf(request: Request, name = cookieName(request)): string | null {
  for (const pair of (request.headers.get('cookie') ?? '').split(';')) {
    const at = pair.indexOf('=');
    if (at === -1 || pair.slice(0, at).trim() !== name) continue;
    const value = pair.slice(at + 1).trim();
    if (SECRET.test(value)) return value;
  }
  return null;
}

/** The header that gives a browser its session; with null, the one that takes it away. */
export function sessionCookie(request: Request, session: { secret: string; expires_at: string } | null): string {
  const name = cookieName(request);
  const secure = name === SECURE ? '; Secure' : '';
  const end = session === null ? 'Thu, 01 Jan 1970 00:00:00 GMT' : new Date(session.expires_at).toUTCString();
  return `${name}=${session?.secret ?? ''}; Path=/; HttpOnly; SameSite=Strict${secure}; Expires=${end}`;
}

/** What pages of a session carry, and send back with every change: made of the secret, which no other site can read. */
export function forgeryMark(secret: string): string {
  return createHash('sha256').update(`page\n${secret}`).digest('base64url');
}

/**
 * Refuses a change that no page of ours asked for (`INSUFFICIENT_PERMISSIONS`): the browser says that it came from
 * elsewhere, or does not say where from, or the session's mark is missing. What only reads passes.
 */
export function refuseForgery(request: Request, secret: string): void {
  if (SAFE.has(request.method)) return;
  const mark = Buffer.from(request.headers.get(FORGERY_HEADER) ?? '');
  const wanted = Buffer.from(forgeryMark(secret));
  if (isFromHere(request) && mark.length === wanted.length && timingSafeEqual(mark, wanted)) return;
  throw new FrostbyteError(
    'INSUFFICIENT_PERMISSIONS',
    'This change was not asked for by a page of this appliance. Load the page again, then repeat it there.',
  );
}

/** Whether the browser says that a page of this very address sent the request. */
export function isFromHere(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site');
  if (site !== null && site !== 'same-origin') return false;
  const origin = request.headers.get('origin');
  if (origin === null) return site === 'same-origin';
  return URL.canParse(origin) && new URL(origin).host === new URL(request.url).host;
}

function cookieName(request: Request): string {
  return request.url.startsWith('https:') ? SECURE : PLAIN;
}
