import { createHmac } from 'node:crypto';

/** A token as the server reads it: HS256 under the API key. For tests; the product's issuing code knows fewer claims. */
export function qdrantToken(apiKey: string, claims: object, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', apiKey).update(signed).digest('base64url')}`;
}
