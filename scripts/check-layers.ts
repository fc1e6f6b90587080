/**
 * Holds every import of `appliance/` against the house's order (docs/architecture.md): arrows point one way, sibling
 * stages do not know each other, adapters are chosen in `bin/wire/` alone.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Which folders a folder may import, besides itself. */
const MAY: Readonly<Record<string, readonly string[]>> = {
  kernel: [],
  api: ['kernel'],
  config: ['kernel'],
  stores: ['kernel'],
  models: ['kernel'],
  secrets: ['kernel', 'stores'],
  audit: ['kernel', 'stores'],
  observability: ['kernel'],
  bundle: ['kernel'],
  isolation: ['kernel', 'api', 'stores'],
  data: ['kernel', 'api', 'stores', 'models', 'secrets', 'audit'],
  control: ['kernel', 'api', 'stores', 'secrets', 'audit'],
  gateway: ['kernel', 'api', 'audit', 'stores', 'control'],
  ui: ['kernel', 'api', 'gateway', 'control'],
  cli: ['kernel', 'api', 'config', 'audit', 'observability', 'bundle', 'data', 'control', 'bin'],
  bin: [
    'kernel',
    'api',
    'config',
    'stores',
    'models',
    'secrets',
    'audit',
    'bundle',
    'data',
    'control',
    'gateway',
    'ui',
    'observability',
    'isolation',
    'cli',
  ],
};

/** Files of another folder that may be imported although they lie behind a seam: its face. */
const FACES: Readonly<Record<string, RegExp>> = {
  stores: /(?:^|\/)(?:port|rows)\.ts$/,
  models: /(?:^|\/)(?:port|assert)\.ts$/,
  'gateway>control': /^control\/verbs\.ts$/,
  'ui>control': /^control\/verbs\.ts$/,
};

/** The one place that chooses adapters, and so the one that sees behind every face. */
const CHOOSES_ADAPTERS = /^bin\/wire\//;

/** Control keeps its own SQLite file, in both modes (spec 4): it may use the shared opener. */
const EXCEPTIONS: readonly [from: RegExp, to: RegExp][] = [
  [/^control\//, /^stores\/sqlite\//],
  // A thief signs and sends requests of its own making.
  [/^isolation\//, /^stores\/object\/minio\//],
  // The model lock is data that others read too: it lies with the manifests.
  [/^models\/embedder\/lock\.ts$/, /^\.\.\/manifests\/models\.json$/],
];

/** What all adapters share, and those of one kind: how SQLite files are opened, how a server is reached. */
const SHARED = /^stores\/(?:shared|sqlite|postgres|redis)\//;

/**
 * Every way to name another file: `import … from`, `export … from`, `import '…'` for its effects, `import('…')` as a
 * call or a type, and a program that is started by its address.
 */
const IMPORTS: readonly RegExp[] = [
  /(?:^|[\n;])\s*(?:import|export)\s[^;]*?\bfrom\s*['"](\.[^'"]+)['"]/g,
  /(?:^|[\n;])\s*import\s*['"](\.[^'"]+)['"]/g,
  /\b(?:import|require|new URL)\(\s*['"`](\.[^'"`$]+)['"`]/g,
];

/** Every import below `root` that goes against the order, as a line that says why. */
export function checkLayers(root: string): string[] {
  return globSync('**/*.{ts,tsx,mts}', { cwd: root })
    .sort()
    .flatMap((file) =>
      importsOf(readFileSync(join(root, file), 'utf8')).flatMap((path) => {
        const target = relative(root, resolve(root, dirname(file), path));
        const problem = judge(file, target);
        return problem ? [`${file} → ${target}: ${problem}`] : [];
      }),
    );
}

/** The relative paths that a source text imports. */
export function importsOf(text: string): string[] {
  return IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, path]) => path!));
}

/** Why a file may not import another (paths below `appliance/`), or null when it may. */
export function judge(from: string, to: string): string | null {
  if (EXCEPTIONS.some(([source, target]) => source.test(from) && target.test(to))) return null;
  const [here, there] = [layer(from), layer(to)];
  if (here === there) return judgeSiblings(here, from, to);
  if (!MAY[here]) return `${here}/ is not in the order`;
  if (!MAY[here].includes(there)) return `${here}/ may not import ${there}/`;
  if (CHOOSES_ADAPTERS.test(from)) return null;
  const face = FACES[`${here}>${there}`] ?? FACES[there];
  if (!face || face.test(to)) return null;
  return here === 'bin' ? 'adapters are chosen in bin/wire/ alone' : 'behind a seam: only its port may be imported';
}

function judgeSiblings(here: string, from: string, to: string): string | null {
  const [stage, other] = [stageOf(from), stageOf(to)];
  if (stage && other && stage !== other) return 'a stage does not know its siblings';
  if (here !== 'stores' && here !== 'models') return null;
  const [own, its] = [from.split('/')[1], to.split('/')[1]];
  const [kind, foreign] = [kindOf(from), kindOf(to)];
  if (kind && foreign && kind !== foreign) return 'an adapter knows its own port and no other adapter';
  if (own === its || SHARED.test(to) || FACES[here]!.test(to)) return null;
  return 'an adapter knows its own port and no other adapter';
}

function kindOf(path: string): string | null {
  return /\b(sqlite|postgres)\b/.exec(path)?.[1] ?? null;
}

function layer(path: string): string {
  return path.split('/')[0]!;
}

function stageOf(path: string): string | null {
  return /^data\/(\d-[a-z]+)\//.exec(path)?.[1] ?? null;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const problems = checkLayers(resolve(import.meta.dirname, '..', 'appliance'));
  if (problems.length > 0) {
    const lines = problems.map((line) => `  ${line}\n`).join('');
    process.stderr.write(`Imports against the order of the house (docs/architecture.md):\n${lines}`);
    process.exitCode = 1;
  }
}
