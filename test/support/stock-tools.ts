import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The stock tools that interoperability is proven with: how to call each, or null where a machine does not have it. */

export const stockAge: string | null = spawnSync('age', ['--version']).error === undefined ? 'age' : null;

const kept = join(import.meta.dirname, '..', '..', '.cache', 'tools', 'sops');
export const stockSops: string | null =
  spawnSync('sops', ['--version', '--disable-version-check']).error === undefined
    ? 'sops'
    : existsSync(kept)
      ? kept
      : null;

/** For a test's `skip`: false where the tool is there, else why it is left out. */
export const without = (tool: string | null, name: string): string | false =>
  tool === null ? `the ${name} tool is not installed` : false;
