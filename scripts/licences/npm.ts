/** The npm packages that go into `dist/`: what ours depends on, and what those do, and what some hold inside a binary. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '../images/recipe.ts';
import { type Component, type LicencePolicy, readPolicy, textOf, textsByPeople } from './policy.ts';

interface PackageFile {
  name: string;
  version: string;
  license?: string;
  repository?: string | { url?: string };
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

type Lock = { packages: Record<string, { integrity?: string }> };

/** Files that a package brings its licences in. */
const TEXT_FILE = /^(?:licen[cs]e|copying|unlicense|notice|third[-_ ]?party)/i;
/** What a README says is a text where it grants something, and not only a name. */
const GRANTS = /permission is hereby granted|redistribution and use|permission to use, copy/i;

const read = (folder: string): PackageFile => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/**
 * Every package once, with the hash that `package-lock.json` holds it to, and behind it what it holds inside. Sorted. Optional
 * ones that are not installed do not ship.
 */
export function npmComponents(root = ROOT, policy: LicencePolicy = readPolicy()): Component[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const found = new Map<string, { folder: string; file: PackageFile }>();
  const queue = Object.keys(read(root).dependencies ?? {}).map((name) => ({ name, from: root, isOptional: false }));
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const folder = folderOf(next.name, next.from);
    if (folder === null) {
      if (next.isOptional) continue;
      throw new Error(`${next.name} is not installed: make setup`);
    }
    const file = read(folder);
    const { name, version, dependencies = {}, optionalDependencies = {} } = file;
    if (found.has(`${name}@${version}`)) continue;
    found.set(`${name}@${version}`, { folder, file });
    for (const one of Object.keys({ ...dependencies, ...optionalDependencies }))
      queue.push({ name: one, from: folder, isOptional: one in optionalDependencies });
  }
  const base = dirname(realpathSync(join(root, 'node_modules')));
  const sorted = [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
  const brought = new Map(sorted.map(({ folder }) => [folder, textsIn(folder)]));
  return sorted.flatMap(({ folder, file }) => {
    const { name, version, license } = file;
    const own = brought.get(folder)!;
    // Several packages of one repository: not each brings the text along.
    const sibling = sorted.find((one) => isOfSameRepository(one.file, file) && brought.get(one.folder)!.length > 0);
    const byPeople = textsByPeople(policy, `npm/${name}`);
    const texts = own.length > 0 ? own : byPeople.length > 0 ? byPeople : (brought.get(sibling?.folder ?? '') ?? []);
    const sha512 = integrityOf(lock, relative(base, folder));
    const component: Component = {
      ecosystem: 'npm',
      name,
      version,
      sha512,
      says: license === undefined ? [] : [license],
      texts,
    };
    const inside = (policy.within[`npm/${name}`] ?? []).map((part): Component => {
      const files = part.files.map(textOf);
      return {
        ecosystem: 'generic',
        name: part.name,
        // Which one it is stands nowhere: it is what lies in that package.
        version: `in-${name.replaceAll(/[@/]+/g, '-').replace(/^-/, '')}-${version}`,
        says: [part.licence],
        texts: files.length > 0 ? files : texts,
      };
    });
    return [component, ...inside];
  });
}

function folderOf(name: string, from: string): string | null {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return realpathSync(folder);
    if (at === dirname(at)) return null;
  }
}

/** `sha512-…` in hexadecimal. Throws for a package that the lock does not hold to one. */
function integrityOf({ packages }: Lock, place: string): string {
  const base64 = /^sha512-([A-Za-z0-9+/]{86}==)$/.exec(packages[place]?.integrity ?? '')?.[1];
  if (base64 === undefined) throw new Error(`package-lock.json has no SHA-512 of ${place}: nothing says what it is`);
  return Buffer.from(base64, 'base64').toString('hex');
}

function textsIn(folder: string): string[] {
  const files = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isFile() && TEXT_FILE.test(one.name));
  const texts = files.map(({ name }) => readFileSync(join(folder, name), 'utf8'));
  if (texts.length > 0) return texts;
  const readme = readdirSync(folder).find((name) => /^readme/i.test(name));
  const section =
    readme === undefined ? null : /^#+\s*licen[cs]e[\s\S]*$/im.exec(readFileSync(join(folder, readme), 'utf8'));
  return section !== null && GRANTS.test(section[0]) ? [section[0]] : [];
}

function isOfSameRepository(one: PackageFile, other: PackageFile): boolean {
  const [a, b] = [one, other].map(({ repository }) =>
    (typeof repository === 'string' ? repository : repository?.url)?.replace(/^git\+|\.git$/g, ''),
  );
  return a !== undefined && a === b;
}
