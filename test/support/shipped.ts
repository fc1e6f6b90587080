import { spawn } from 'node:child_process';
import { chmodSync, constants, copyFileSync, cpSync, existsSync, globSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

/** Throws, saying what to do, where `dist/` is missing or older than what it is built from. O(files of the sources). */
export function requireBuild(root = ROOT): void {
  const launcher = join(root, 'dist/frostbyte');
  if (!existsSync(launcher)) throw new Error('dist/ is missing: run `make build` first (`make test` does)');
  const built = statSync(launcher).mtimeMs;
  const sources = ['package.json', 'scripts/build.ts', ...globSync('appliance/**/*.{ts,tsx,json,sql}', { cwd: root })];
  const newer = sources.filter((file) => statSync(join(root, file)).mtimeMs > built);
  if (newer.length > 0)
    throw new Error(`dist/ is older than ${newer[0]} (${newer.length} file(s)): run \`make build\` first`);
}

/**
 * Puts what ships into a new folder: `dist/` and the pinned Node as `bin/node`, readable by everybody, no package
 * folder above it. Returns the launcher's path.
 */
export function unpackShipped(into: string): string {
  requireBuild();
  cpSync(join(ROOT, 'dist'), into, { recursive: true });
  mkdirSync(join(into, 'bin'));
  copyFileSync(process.execPath, join(into, 'bin/node'), constants.COPYFILE_FICLONE);
  chmodSync(join(into, 'bin/node'), 0o755);
  for (let above = dirname(into); above !== '/'; above = dirname(above)) {
    if (existsSync(join(above, 'node_modules')))
      throw new Error(`${above} has a node_modules: a bare folder is needed`);
  }
  return join(into, 'frostbyte');
}

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a program to its end and collects what it says; the environment is exactly the one given. */
export async function runProgram(
  words: readonly string[],
  { env = {}, cwd = '/', input = '' }: { env?: Record<string, string>; cwd?: string; input?: string } = {},
): Promise<Ran> {
  const [command, ...args] = words;
  const child = spawn(command!, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
  });
  // A program that reads no input may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number | null>((done, failed) => {
    child.on('error', failed).on('close', done);
  });
  return { code, out, err };
}
