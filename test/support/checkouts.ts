import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { ROOT, runProgram } from './shipped.ts';

/** A checkout of the commit that this tree stands on, in a folder of its own, with what is installed and fetched here. */
export interface Checkout {
  folder: string;
  /** Builds `dist/` from its sources. */
  build(): void;
  /** Runs a target of make, as it is typed there; what it printed. */
  make(...words: string[]): Promise<string>;
  /** Runs `scripts/bundle.ts`; the bundle's folder. What of its images our program is in is made anew. */
  bundle(out: string, environment?: Record<string, string>, more?: readonly string[]): string;
  end(): void;
}

/** A folder with the commit that this tree stands on and what is installed here, linked; nothing is fetched or built in it. */
export function bareCheckout(name: string): string {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(ROOT, `.cache/checkout-${name}-`));
  execFileSync('git', ['clone', '--quiet', ROOT, folder]);
  for (const installed of ['node_modules', '.toolchain']) execFileSync('cp', ['-al', join(ROOT, installed), folder]);
  for (const stamp of ['.toolchain/integrity.json', 'node_modules/.stamp']) ownCopy(join(folder, stamp));
  return folder;
}

/** A file of its own in the place of a link, as old as now: by those of the links everything would be older than the sources. */
export function ownCopy(file: string): void {
  const [bytes, { mode }] = [readFileSync(file), statSync(file)];
  rmSync(file);
  writeFileSync(file, bytes, { mode });
}

/**
 * What a build host has fetched is linked, not copied; of what it has built, only what no source of ours goes into, and of that
 * nothing of these images (`all`: of no image, and no program that is compiled), which are made from nothing.
 */
export function checkOut(name: string, { anew = [] }: { anew?: readonly string[] | 'all' } = {}): Checkout {
  const folder = bareCheckout(name);
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
  for (const made of ['.cache/images', '.cache/go']) mkdirSync(join(folder, made), { recursive: true });
  for (const one of ['packages', anew === 'all' ? 'go/licences' : 'go'])
    execFileSync('cp', ['-alT', join(ROOT, '.cache', one), join(folder, '.cache', one)]);
  for (const key of readdirSync(join(ROOT, '.cache/images'))) {
    const image = join(ROOT, '.cache/images', key);
    if (anew !== 'all' && isOfOthers(image) && !anew.includes(nameOf(image)))
      execFileSync('cp', ['-al', join(ROOT, '.cache/images', key), join(folder, '.cache/images')]);
  }
  const keys = join(ROOT, '.cache/trial-keys');
  if (existsSync(keys)) cpSync(keys, join(folder, '.cache/trial-keys'), { recursive: true });
  return {
    folder,
    build: () => node('scripts/build.ts'),
    async make(...words) {
      const { MAKEFLAGS: _, MAKELEVEL: __, ...env } = process.env;
      const ran = await runProgram(['make', ...words], { cwd: folder, env: env as Record<string, string> });
      if (ran.code !== 0) throw new Error(`make ${words.join(' ')}: ${ran.err}`);
      return ran.out;
    },
    bundle(out, environment = {}, more = []) {
      const compiler: Record<string, string> = anew.length === 0 ? {} : { GOCACHE: join(folder, '.cache/compiler') };
      node('scripts/bundle.ts', ['--without=qdrant', `--out=${out}`, ...more], { ...environment, ...compiler });
      return out;
    },
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An image without our program, or the layer of one that Debian's packages are in: the lock holds them. */
function isOfOthers(folder: string): boolean {
  const name = nameOf(folder);
  return name === '' ? Boolean(read(folder, 'layer.json')?.about) : name !== 'appliance';
}

/** Of a layer none. */
const nameOf = (folder: string): string => read(folder, 'image.json')?.name ?? '';

function read(folder: string, file: string): { name?: string; about?: string } | null {
  const path = join(folder, file);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as { name?: string; about?: string }) : null;
}
