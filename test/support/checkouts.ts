import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './shipped.ts';

/** A checkout of the commit that this tree stands on, in a folder of its own, with what is installed and fetched here. */
export interface Checkout {
  folder: string;
  /** Builds `dist/` from its sources. */
  build(): void;
  /** Runs `scripts/bundle.ts`; the bundle's folder. What of its images our program is in is made anew. */
  bundle(out: string, environment?: Record<string, string>, more?: readonly string[]): string;
  end(): void;
}

/** What a build host has fetched is linked, not copied; of what it has built, only what no source of ours goes into. */
export function checkOut(name: string): Checkout {
  const folder = mkdtempSync(join(ROOT, `.cache/checkout-${name}-`));
  const run = (command: string, args: string[], environment: Record<string, string> = {}) =>
    execFileSync(command, args, {
      cwd: folder,
      env: { ...process.env, ...environment, PATH: `${join(folder, '.toolchain/bin')}:${process.env.PATH}` },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const node = (script: string, args: string[] = [], environment: Record<string, string> = {}) =>
    void run(
      join(folder, '.toolchain/bin/node'),
      ['--disable-warning=ExperimentalWarning', script, ...args],
      environment,
    );
  execFileSync('git', ['clone', '--quiet', ROOT, folder]);
  for (const installed of ['node_modules', '.toolchain']) execFileSync('cp', ['-al', join(ROOT, installed), folder]);
  mkdirSync(join(folder, '.cache/images'), { recursive: true });
  for (const fetched of ['packages', 'go'])
    execFileSync('cp', ['-al', join(ROOT, '.cache', fetched), join(folder, '.cache')]);
  for (const key of readdirSync(join(ROOT, '.cache/images'))) {
    if (isOfOthers(join(ROOT, '.cache/images', key)))
      execFileSync('cp', ['-al', join(ROOT, '.cache/images', key), join(folder, '.cache/images')]);
  }
  const keys = join(ROOT, '.cache/trial-keys');
  if (existsSync(keys)) cpSync(keys, join(folder, '.cache/trial-keys'), { recursive: true });
  return {
    folder,
    build: () => node('scripts/build.ts'),
    bundle(out, environment = {}, more = []) {
      node('scripts/bundle.ts', ['--without=qdrant', `--out=${out}`, ...more], environment);
      return out;
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An image without our program, or the layer of one that Debian's packages are in: the lock holds them. */
function isOfOthers(folder: string): boolean {
  const read = (file: string) => {
    const path = join(folder, file);
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { name?: string; about?: string }) : null;
  };
  const name = read('image.json')?.name;
  return name === undefined ? Boolean(read('layer.json')?.about) : name !== 'appliance';
}
