/** The modules that a Go program was compiled of, as it says itself, with the licences that each brings. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type GoModule, pinnedModule } from '../go-programs.ts';
import { ROOT } from '../images/recipe.ts';
import { type Component, type LicencePolicy, textsByPeople } from './policy.ts';

const KEPT = join(ROOT, '.cache/go/licences');
const TEXT_FILE = /^(?:licen[cs]e|copying|unlicense|notice|patents)/i;

/** A program of `scripts/go-programs.txt`: its own module first, which does not know its version itself. */
export function modulesOf(name: string, file: string): GoModule[] {
  const modules = [pinnedModule(name)];
  for (const line of toldBy(file).split('\n')) {
    const [, kind, path, version] = /^\t(dep|=>)\t(\S+)\t(\S+)/.exec(line) ?? [];
    if (path === undefined || version === undefined) continue;
    // A replacement stands below what it replaces.
    if (kind === '=>') modules.pop();
    modules.push({ path, version });
  }
  return modules;
}

/** The modules of a program, and Go's own library, whose holes are the program's too. */
export function goComponents(name: string, file: string, policy: LicencePolicy): Component[] {
  const found = modulesOf(name, file);
  const texts = textsOfModules(found);
  const modules = found.map(({ path, version }): Component => {
    const says = policy.go[`${path}@${version}`];
    const own = texts.get(`${path}@${version}`) ?? [];
    return {
      ecosystem: 'golang',
      name: path,
      version,
      says: says === undefined ? [] : [says],
      texts: own.length > 0 ? own : textsByPeople(policy, `golang/${path}`),
    };
  });
  return [...modules, standardLibrary(toldBy(file))];
}

const goRoot = (): string => execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim();

/** Go's own library, of what `go version -m` says: under the name that lists of known holes have for it. */
export function standardLibrary(told: string, rootOf: () => string = goRoot): Component {
  const version = /^.*: go(\d\S*)/.exec(told)?.[1];
  if (version === undefined) throw new Error('the program does not say which Go compiled it');
  const licence = join(rootOf(), 'LICENSE');
  const texts = existsSync(licence) ? [readFileSync(licence, 'utf8')] : [];
  return { ecosystem: 'golang', name: 'stdlib', version, says: ['BSD-3-Clause'], texts };
}

/**
 * The licence files of modules, in `.cache/go/licences/`; those that are not there are read from the modules, which Go
 * fetches where it does not have them, held against its checksum database.
 */
function textsOfModules(modules: readonly GoModule[]): Map<string, string[]> {
  const fileOf = ({ path, version }: GoModule) => join(KEPT, `${path}@${version}.json`);
  const missing = modules.filter((one) => !existsSync(fileOf(one)));
  for (const { Path, Version, Dir } of foldersOf(missing)) {
    const texts = readdirSync(Dir, { withFileTypes: true })
      .filter((entry) => entry.isFile() && TEXT_FILE.test(entry.name))
      .map(({ name }) => readFileSync(join(Dir, name), 'utf8'));
    const to = fileOf({ path: Path, version: Version });
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, JSON.stringify(texts));
  }
  return new Map(
    modules.map((one) => [`${one.path}@${one.version}`, JSON.parse(readFileSync(fileOf(one), 'utf8')) as string[]]),
  );
}

function foldersOf(modules: readonly GoModule[]): { Path: string; Version: string; Dir: string }[] {
  if (modules.length === 0) return [];
  const names = modules.map(({ path, version }) => `${path}@${version}`);
  const told = execFileSync('go', ['mod', 'download', '-json', ...names], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 16 << 20,
  });
  // One object behind the other.
  return JSON.parse(`[${told.trim().replaceAll(/^}\n\{/gm, '},\n{')}]`);
}

function toldBy(file: string): string {
  return execFileSync('go', ['version', '-m', file], {
    encoding: 'utf8',
    env: { ...process.env, GOTOOLCHAIN: 'local' },
    maxBuffer: 16 << 20,
  });
}
