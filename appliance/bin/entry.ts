import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The program of a role, beside this one: a bundle in a package, a source file in a checkout. */
export function entryOf(role: 'daemon' | 'worker' | 'search-thread' | 'data-plane' | 'role'): string {
  const bundled = fileURLToPath(new URL(`./${role}.mjs`, import.meta.url));
  return existsSync(bundled) ? bundled : fileURLToPath(new URL(`./${role}.ts`, import.meta.url));
}
