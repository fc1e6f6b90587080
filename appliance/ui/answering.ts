import { FrostbyteError } from '../kernel/errors.ts';
import type { Assets } from './assets.ts';
import { isLanguage, LANGUAGE_COOKIE } from './texts/language.ts';

/** How pages are answered, whoever serves them: the appliance, and the installer before there is one. */

/** Forms are small; a file never comes by one. */
const MOST_FORM_BYTES = 64 << 10;
const YEAR_S = 365 * 86_400;

/** A page loads what this appliance serves, runs its one client and nothing else, and shows itself in nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types frostbyte',
].join('; ');

/** Of every page. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = Object.freeze({
  'content-security-policy': POLICY,
  // Pages of ours must be told apart from others', so that the origin of a form is named to ourselves.
  'referrer-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
});

/** A built asset by the last part of its address. Throws `RESOURCE_NOT_FOUND`. */
export function assetAnswer(assets: Assets, name: string): Response {
  const file = assets.file(name);
  if (file === null) throw new FrostbyteError('RESOURCE_NOT_FOUND', 'There is no such asset.');
  return new Response(file.bytes, {
    headers: { 'content-type': file.type, 'cache-control': `public, max-age=${YEAR_S}, immutable` },
  });
}

/** Keeps the language that a form chose, and leads back to where it was chosen. */
export function languageAnswer(form: FormData): Response {
  const chosen = form.get('language');
  const cookie = `${LANGUAGE_COOKIE}=${chosen}; Path=/; Max-Age=${YEAR_S}; SameSite=Lax`;
  return new Response(null, {
    status: 303,
    headers: { location: ownPath(form.get('next')), ...(isLanguage(chosen) ? { 'set-cookie': cookie } : {}) },
  });
}

/** The form of a request, if it is one of ours: urlencoded, and small. Throws `VALIDATION_ERROR`, `PAYLOAD_TOO_LARGE`. */
export async function formOf(request: Request): Promise<FormData> {
  if (!/^application\/x-www-form-urlencoded\b/i.test(request.headers.get('content-type') ?? '')) {
    throw new FrostbyteError('VALIDATION_ERROR', 'This is not a form that can be read.');
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_FORM_BYTES) throw new FrostbyteError('PAYLOAD_TOO_LARGE', 'The form is too large.');
    chunks.push(chunk);
  }
  const form = new FormData();
  for (const [field, value] of new URLSearchParams(Buffer.concat(chunks).toString('utf8'))) form.append(field, value);
  return form;
}

/** A path of ours to go on to, whatever was asked for: never another site's address. */
export function ownPath(value: unknown): string {
  if (typeof value !== 'string' || !/^\/(?![/\\])[\x21-\x7e]{0,500}$/.test(value)) return '/';
  return value.startsWith('/api/') || value.includes('\\') ? '/' : value;
}
