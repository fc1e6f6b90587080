/** An image built twice, with nothing of the first left for the second: whether it is reproducible is seen by that alone. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildImage } from './build.ts';
import { ROOT } from './recipe.ts';

/** Where programs are compiled to, and what Go keeps of compiling: a program that is found there is not compiled. */
const COMPILED = ['FROSTBYTE_GO_PROGRAMS', 'GOCACHE'] as const;

/**
 * The manifest digests of two builds, each with empty caches of layers, images, compiled programs and of the compiler. What
 * stays are the inputs, packages and modules, which each build holds against the hashes of their pins.
 */
export async function buildTwice(
  name: string,
  build: (name: string, options: { cache: string }) => Promise<{ manifest_digest: string }> = buildImage,
): Promise<[string, string]> {
  return [await fromNothing(name, build), await fromNothing(name, build)];
}

async function fromNothing(name: string, build: NonNullable<Parameters<typeof buildTwice>[1]>): Promise<string> {
  const folder = mkdtempSync(join(ROOT, '.cache/twice-'));
  const before = COMPILED.map((variable) => [variable, process.env[variable]] as const);
  try {
    for (const variable of COMPILED) process.env[variable] = join(folder, variable.toLowerCase());
    return (await build(name, { cache: join(folder, 'images') })).manifest_digest;
  } finally {
    for (const [variable, value] of before) {
      if (value === undefined) delete process.env[variable];
      else process.env[variable] = value;
    }
    rmSync(folder, { recursive: true, force: true });
  }
}
