import { readFileSync } from 'node:fs';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import type { z } from 'zod';
import { type ErrorDetail, FrostbyteError } from '../kernel/errors.ts';
import { nearest } from '../kernel/nearest.ts';
import { ENVIRONMENT, frostbyteVariables, OTHER_VARIABLES } from './environment.ts';
import { Config, defaultConfig } from './schema.ts';

export interface ConfigSources {
  /** Path of a YAML file; default: `FROSTBYTE_CONFIG`, or none. */
  file?: string;
  variables?: Record<string, string>;
  /** Settings of the command line; they win. */
  overrides?: Record<string, unknown>;
}

type Tree = { [key: string]: unknown };

/**
 * Reads defaults, file, environment and overrides, in this order. Throws `CONFIG_INVALID` with every problem at once,
 * each with the nearest name where one was mistyped. The result is frozen.
 */
export function loadConfig(sources: ConfigSources = {}): Readonly<Config> {
  const variables = sources.variables ?? frostbyteVariables();
  const problems: ErrorDetail[] = [];
  const settings = defaultConfig() as unknown as Tree;
  const path = sources.file ?? variables[OTHER_VARIABLES.FROSTBYTE_CONFIG];
  if (path) merge(settings, readFile(path, problems), '', problems);
  merge(settings, fromEnvironment(variables, problems), '', problems);
  merge(settings, sources.overrides ?? {}, '', problems);

  const parsed = Config.safeParse(settings);
  if (!parsed.success) problems.push(...parsed.error.issues.map(describe));
  // Looked at in any case, so that no mistake waits for another to be mended.
  problems.push(...checkTogether(settings as unknown as Config));
  if (problems.length > 0 || !parsed.success) {
    const lines = problems.map(({ field, constraint }) => `  ${field}: ${constraint}`);
    throw new FrostbyteError(
      'CONFIG_INVALID',
      `The configuration has ${problems.length} problem(s):\n${lines.join('\n')}`,
      { details: problems },
    );
  }
  return deepFreeze(parsed.data);
}

function readFile(path: string, problems: ErrorDetail[]): Tree {
  try {
    const content: unknown = parseYaml(readFileSync(path, 'utf8'), { maxAliasCount: 0 }) ?? {};
    if (typeof content === 'object' && !Array.isArray(content)) return content as Tree;
    problems.push({ field: path, constraint: 'must hold names and values' });
  } catch (error) {
    const reason =
      error instanceof YAMLParseError
        ? `is not YAML: ${error.message.split('\n')[0]}`
        : `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`;
    problems.push({ field: path, constraint: reason });
  }
  return {};
}

function fromEnvironment(variables: Record<string, string>, problems: ErrorDetail[]): Tree {
  const tree: Tree = {};
  const known = [...Object.keys(ENVIRONMENT), ...Object.keys(OTHER_VARIABLES)];
  for (const [name, text] of Object.entries(variables)) {
    const setting = ENVIRONMENT[name];
    if (!setting) {
      if (!known.includes(name))
        problems.push({ field: name, constraint: `unknown variable${suggestion(name, known)}` });
      continue;
    }
    const value = setting.type === 'number' ? Number(text) : text;
    if (Number.isNaN(value) || text === '') {
      problems.push({
        field: name,
        value: text,
        constraint: setting.type === 'number' ? 'must be a number' : 'must not be empty',
      });
      continue;
    }
    const keys = setting.path.split('.');
    let at = tree;
    for (const key of keys.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as Tree;
    }
    at[keys.at(-1)!] = value;
  }
  return tree;
}

/** Lays `from` over `into`; names that `into` does not have are problems. */
function merge(into: Tree, from: Tree, prefix: string, problems: ErrorDetail[]): void {
  for (const [key, value] of Object.entries(from)) {
    const field = prefix + key;
    if (!Object.hasOwn(into, key)) {
      problems.push({ field, constraint: `unknown setting${suggestion(key, Object.keys(into))}` });
    } else if (isTree(into[key]) && isTree(value)) {
      merge(into[key], value, `${field}.`, problems);
    } else {
      into[key] = value;
    }
  }
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describe(issue: z.core.$ZodIssue): ErrorDetail {
  return { field: issue.path.join('.'), constraint: issue.message };
}

/** Rules between settings. */
function checkTogether(config: Config): ErrorDetail[] {
  const problems: ErrorDetail[] = [];
  const complain = (field: string, value: unknown, constraint: string) => problems.push({ field, value, constraint });
  if (typeof config.listen.host === 'string' && config.listen.host !== '' && !LOOPBACK.has(config.listen.host)) {
    complain(
      'listen.host',
      config.listen.host,
      'plain HTTP is served on loopback only (127.0.0.1 or ::1); reach it by SSH forwarding',
    );
  }
  if (config.mode === 'stack' && config.parser.sandbox === 'reduced') {
    complain('parser.sandbox', 'reduced', 'only embedded mode may do with a reduced sandbox');
  }
  return problems;
}

const LOOPBACK = new Set(['127.0.0.1', '::1']);

function suggestion(name: string, known: readonly string[]): string {
  const close = nearest(name, known);
  return close ? `; did you mean ${close}?` : '';
}

function deepFreeze<T>(value: T): Readonly<T> {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
