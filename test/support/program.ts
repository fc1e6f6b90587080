import { existsSync, globSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const BUILT = join(ROOT, 'dist/frostbyte');

/**
 * Words that run the program: what was built, where it is of the sources as they are, since that starts several times as fast, and
 * so does each process that it starts; else the sources.
 */
export const PROGRAM: readonly string[] = isBuilt()
  ? [BUILT]
  : [process.execPath, '--disable-warning=ExperimentalWarning', join(ROOT, 'appliance/bin/cli.ts')];

function isBuilt(): boolean {
  if (!existsSync(BUILT)) return false;
  const built = statSync(BUILT).mtimeMs;
  const sources = globSync('appliance/**/*.{ts,sql}', { cwd: ROOT });
  return sources.every((file) => statSync(join(ROOT, file)).mtimeMs <= built);
}
