/** What a recipe of `images/<name>/` says, and the hash of all that goes into its image (spec 7, "Images"). */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const ROOT = resolve(import.meta.dirname, '../..');
const IMAGES = join(ROOT, 'images');
/** What of the builder decides what comes out. */
const BUILDERS = ['archive.ts', 'layers.ts', 'recipe.ts', 'root-file-system.ts'];

/** Programs that are compiled elsewhere and put into an image. */
const program = z.union([
  /** One of `scripts/go-programs.txt`, compiled from its pinned module. */
  z.strictObject({ module: z.string(), path: z.string() }),
  /** A folder below the recipe with a Go program of ours. */
  z.strictObject({ source: z.string(), path: z.string() }),
]);

const seconds = z.number().int().positive();

const recipeSchema = z.strictObject({
  /** `trixie`: a root file system from Debian packages; `scratch`: only what the recipe adds. */
  from: z.enum(['trixie', 'scratch']),
  packages: z.array(z.string()).default([]),
  /** Who runs in it. The number is fixed, so that volumes and secrets can be given to it beforehand. */
  user: z.strictObject({ name: z.string(), id: z.number().int().min(1000).max(65_000) }),
  /** Folders that belong to the user: mount points of volumes and of memory. */
  folders: z.array(z.string()).default([]),
  programs: z.array(program).default([]),
  /** Where our own program goes, with the Node that runs it: what `make build` made, in layers of its own. */
  appliance: z.string().startsWith('/').optional(),
  /** Paths, with `*`, that the packages bring and nothing here needs. */
  remove: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  entrypoint: z.array(z.string()).min(1),
  command: z.array(z.string()).default([]),
  stop_signal: z.string().default('SIGTERM'),
  health: z.strictObject({
    command: z.array(z.string()).min(1),
    every_seconds: seconds.default(10),
    timeout_seconds: seconds.default(5),
    retries: seconds.default(3),
    /** Failures while it starts do not count for this long. */
    start_seconds: seconds.default(60),
  }),
});

export type Recipe = z.output<typeof recipeSchema> & {
  name: string;
  /** The recipe's own folder. What lies in its `root/` is laid over the image. */
  folder: string;
};

/** The names of all images that have a recipe, sorted. */
export function imageNames(images = IMAGES): string[] {
  return globSync('*/recipe.yaml', { cwd: images })
    .map((file) => dirname(file))
    .sort();
}

/** Reads a recipe; throws an error that names the file and each field that is wrong. */
export function readRecipe(name: string, images = IMAGES): Recipe {
  const folder = join(images, name);
  const file = join(folder, 'recipe.yaml');
  if (!existsSync(file)) throw new Error(`there is no image ${name}: there is ${imageNames(images).join(', ')}`);
  const read = recipeSchema.safeParse(parse(readFileSync(file, 'utf8')));
  if (!read.success) throw new Error(`${relative(dirname(images), file)}: ${z.prettifyError(read.error)}`);
  return { ...read.data, name, folder };
}

/**
 * The hash under which a system is kept: of the recipe and what lies beside it, of the pins of its packages, of the
 * programs that go in, and of the tool that builds it.
 */
export function hashRecipe(recipe: Recipe, pins: readonly { sha256: string }[] = []): string {
  const hash = createHash('sha256').update(pins.map(({ sha256 }) => sha256).join(' '));
  const files = filesBelow(recipe.folder).map((file) => [recipe.folder, file] as const);
  for (const [folder, file] of [...files, ...BUILDERS.map((name) => [import.meta.dirname, name] as const)]) {
    const path = join(folder, file);
    hash.update(JSON.stringify([file, statSync(path).mode & 0o100, readFileSync(path, 'utf8')]));
  }
  for (const one of recipe.programs) if ('module' in one) hash.update(basename(dirname(compiled(one.module))));
  if (recipe.programs.length > 0) hash.update(goVersion());
  return hash.update(`${recipe.name} ${process.arch}`).digest('hex').slice(0, 16);
}

/** The path of a program of `scripts/go-programs.txt`; compiles it where it is not in the cache. */
export function compiled(name: string): string {
  return execFileSync(join(ROOT, 'scripts/go-program'), [name], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  }).trim();
}

/** Hidden ones too; tests of a program go into no image. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => statSync(join(folder, file)).isFile() && !file.endsWith('_test.go'))
    .sort();
}

/** What compiles here, as it names itself. */
export function goVersion(): string {
  return execFileSync('go', ['version'], { encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } });
}
