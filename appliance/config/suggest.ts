import { nearest } from '../kernel/nearest.ts';
import { ENVIRONMENT, OTHER_VARIABLES } from './environment.ts';
import { defaultConfig } from './schema.ts';

/** What was probably meant, as the end of a sentence that begins with the mistake; empty where nothing is near. */

const PREFIX = 'FROSTBYTE_';

/** Every setting by its path: `listen.port`. */
const PATHS: readonly string[] = pathsOf(defaultConfig() as unknown as Record<string, unknown>);

/** For a variable that nobody reads: the one that sets what its name says, else the one that is spelt like it. */
export function suggestVariable(name: string): string {
  const rest = name.slice(PREFIX.length);
  const path = PATHS.find((known) => [known.replaceAll('.', '_'), leaf(known)].includes(rest.toLowerCase()));
  const variable = Object.keys(ENVIRONMENT).find((known) => ENVIRONMENT[known]!.path === path);
  if (path && !variable) return `; ${path} is set in the configuration file (FROSTBYTE_CONFIG)`;
  // Compared without what they all begin with, else everything is like everything.
  const known = [...Object.keys(ENVIRONMENT), ...Object.keys(OTHER_VARIABLES)].map((one) => one.slice(PREFIX.length));
  const near = nearest(rest, known);
  return variable ? didYouMean(variable) : near ? didYouMean(PREFIX + near) : '';
}

/** For a name that a section does not have: one of its own, else the same name in another section. */
export function suggestSetting(section: string, name: string, known: readonly string[]): string {
  if (PATHS.includes(section + name)) {
    const under = (section + name).slice(0, -leaf(name).length - 1);
    return `; sections are nested: write ${leaf(name)} under ${under}`;
  }
  const begun = known.filter((one) => name.length > 2 && one.startsWith(`${name}_`));
  const near = nearest(name, known) ?? (begun.length === 1 ? begun[0]! : null);
  if (near) return didYouMean(section + near);
  const elsewhere = PATHS.find((path) => leaf(path) === name);
  return elsewhere ? didYouMean(elsewhere) : '';
}

/** For a value that is not among those a setting may have. */
export function suggestValue(value: unknown, known: readonly unknown[]): string {
  const near = typeof value === 'string' ? nearest(value, known.map(String)) : null;
  return near ? didYouMean(near) : '';
}

function didYouMean(name: string): string {
  return `; did you mean ${name}?`;
}

function leaf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function pathsOf(tree: Record<string, unknown>, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null
      ? pathsOf(value as Record<string, unknown>, `${prefix}${key}.`)
      : [prefix + key],
  );
}
