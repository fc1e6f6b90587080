import { SECRET_SETTINGS } from './schema.ts';

/** The settings as they may be printed: a secret that is set is shown as stars, one that is not as what it is. */
export function masked(value: unknown, secrets: ReadonlySet<string> = SECRET_SETTINGS, path = ''): unknown {
  if (secrets.has(path)) return value === null || value === '' ? value : '********';
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((member) => masked(member, secrets, path));
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, masked(member, secrets, path ? `${path}.${key}` : key)]),
  );
}
