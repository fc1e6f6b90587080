/**
 * Holds every import of `appliance/` against the house's order (docs/architecture.md): arrows point one way, sibling
 * stages do not know each other, adapters are chosen in `bin/wire/` alone.
 */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', 'appliance');

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
  data: ['kernel', 'api', 'stores', 'models', 'secrets', 'audit'],
  control: ['kernel', 'api', 'stores', 'secrets', 'audit'],
  gateway: ['kernel', 'api', 'audit', 'stores', 'control'],
  cli: ['kernel', 'api', 'config', 'audit', 'data', 'control', 'bin'],
  bin: [
    'kernel',
    'api',
    'config',
    'stores',
    'models',
    'secrets',
    'audit',
    'data',
    'control',
    'gateway',
    'observability',
    'cli',
  ],
};

/** Files of another folder that may be imported although they lie behind a seam: its face. */
const FACES: Readonly<Record<string, RegExp>> = {
  stores: /(?:^|\/)(?:port|rows)\.ts$/,
  models: /(?:^|\/)(?:port|assert)\.ts$/,
  secrets: /\.ts$/,
  'gateway>control': /^control\/verbs\.ts$/,
};

/** Control keeps its own SQLite file, in both modes (spec 4): it may use the shared opener. */
const EXCEPTIONS: readonly [from: RegExp, to: RegExp][] = [
  [/^control\//, /^stores\/sqlite\//],
  [/^data\/evaluate-retrieval\.ts$/, /^data\//],
  [/^data\/routes\//, /^data\/\d-/],
];

const IMPORT = /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'(\.[^']+)'|import\(\s*'(\.[^']+)'\s*\)/g;

const problems: string[] = [];
for (const file of globSync('**/*.{ts,tsx}', { cwd: root })) {
  const text = readFileSync(join(root, file), 'utf8');
  for (const match of text.matchAll(IMPORT)) {
    const target = relative(root, resolve(root, dirname(file), match[1] ?? match[2]!));
    const problem = judge(file, target);
    if (problem) problems.push(`${file} → ${target}: ${problem}`);
  }
}
if (problems.length > 0) {
  console.error(
    `Imports against the order of the house (docs/architecture.md):\n${problems.map((line) => `  ${line}`).join('\n')}`,
  );
  process.exit(1);
}

function judge(from: string, to: string): string | null {
  if (EXCEPTIONS.some(([source, target]) => source.test(from) && target.test(to))) return null;
  const [here, there] = [layer(from), layer(to)];
  const stage = stageOf(from);
  if (here === there) {
    const other = stageOf(to);
    if (stage && other && stage !== other) return 'a stage does not know its siblings';
    return null;
  }
  if (!MAY[here]) return `${here}/ is not in the order`;
  if (!MAY[here].includes(there)) return `${here}/ may not import ${there}/`;
  if (here === 'bin' || here === 'cli') return null;
  const face = FACES[`${here}>${there}`] ?? FACES[there];
  if (face && !face.test(to)) return 'behind a seam: only its port may be imported';
  return null;
}

function layer(path: string): string {
  return path.split('/')[0]!;
}

function stageOf(path: string): string | null {
  return /^data\/(\d-[a-z]+)\//.exec(path)?.[1] ?? null;
}
