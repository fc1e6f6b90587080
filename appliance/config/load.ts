import { relative, resolve } from 'node:path';
import type { z } from 'zod';
import { type ErrorDetail, FrostbyteError } from '../kernel/errors.ts';
import { ENVIRONMENT, frostbyteVariables, OTHER_VARIABLES } from './environment.ts';
import { readYaml } from './read-yaml.ts';
import { Config, defaultConfig, SECRET_SETTINGS } from './schema.ts';
import { suggestSetting, suggestValue, suggestVariable } from './suggest.ts';

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
 * each with the value given and the nearest name where one was mistyped. The result is frozen.
 */
export function loadConfig(sources: ConfigSources = {}): Readonly<Config> {
  const variables = sources.variables ?? frostbyteVariables();
  const problems: ErrorDetail[] = [];
  const settings = defaultConfig() as unknown as Tree;
  merge(settings, fromFile(sources.file, variables, problems), '', problems);
  const named = fromEnvironment(variables, problems);
  merge(settings, named.tree, '', problems);
  merge(settings, sources.overrides ?? {}, '', problems);

  const parsed = Config.safeParse(settings);
  if (!parsed.success) problems.push(...parsed.error.issues.map((issue) => describe(issue, settings)));
  // Looked at in any case, so that no mistake waits for another to be mended.
  problems.push(...checkTogether(settings));
  if (problems.length > 0 || !parsed.success) throw invalid(problems, named.variables);
  return deepFreeze(parsed.data);
}

/** The file named on the command line or by the environment; an empty name is a mistake, not "none". */
function fromFile(file: string | undefined, variables: Record<string, string>, problems: ErrorDetail[]): Tree {
  const path = file ?? variables[OTHER_VARIABLES.FROSTBYTE_CONFIG];
  if (path === undefined) return {};
  if (path.trim() !== '') return readYaml(path, problems);
  problems.push({ field: file === undefined ? 'FROSTBYTE_CONFIG' : '--config', constraint: 'must not be empty' });
  return {};
}

/** What the environment sets, and which variable set which path. */
function fromEnvironment(
  variables: Record<string, string>,
  problems: ErrorDetail[],
): { tree: Tree; variables: ReadonlyMap<string, string> } {
  const tree: Tree = {};
  const named = new Map<string, string>();
  for (const [name, text] of Object.entries(variables)) {
    const setting = ENVIRONMENT[name];
    if (!setting) {
      if (!Object.hasOwn(OTHER_VARIABLES, name))
        problems.push({ field: name, constraint: `unknown variable${suggestVariable(name)}` });
      continue;
    }
    const { path, type } = setting;
    const blank = text.trim() === '';
    if (blank || (type === 'number' && !NUMBER.test(text))) {
      const constraint = type === 'number' ? 'must be a number' : 'must not be empty';
      problems.push({ field: name, ...(SECRET_SETTINGS.has(path) ? {} : { value: text }), constraint });
      continue;
    }
    named.set(path, name);
    const keys = path.split('.');
    let at = tree;
    for (const key of keys.slice(0, -1)) {
      at[key] ??= {};
      at = at[key] as Tree;
    }
    at[keys.at(-1)!] = type === 'number' ? Number(text) : text;
  }
  return { tree, variables: named };
}

/** As people write one: nothing blank, no hexadecimal, no exponent. */
const NUMBER = /^\s*[+-]?\d+(?:\.\d+)?\s*$/;

/** One line a problem: where, what, and what stood there instead. */
function invalid(problems: readonly ErrorDetail[], named: ReadonlyMap<string, string>): FrostbyteError {
  const lines = problems.map(({ field, value, constraint }) => {
    const source = named.get(field);
    const given = [
      ...(value === undefined ? [] : [`given: ${JSON.stringify(value)}`]),
      ...(source ? [`from ${source}`] : []),
    ].join(', ');
    return `  ${field}: ${constraint}${given ? ` (${given})` : ''}`;
  });
  return new FrostbyteError(
    'CONFIG_INVALID',
    `The configuration has ${problems.length} problem(s):\n${lines.join('\n')}`,
    { details: [...problems] },
  );
}

/** Lays `from` over `into`; names that `into` does not have are problems. */
function merge(into: Tree, from: Tree, prefix: string, problems: ErrorDetail[]): void {
  for (const [key, value] of Object.entries(from)) {
    const field = prefix + key;
    if (!Object.hasOwn(into, key)) {
      problems.push({ field, constraint: `unknown setting${suggestSetting(prefix, key, Object.keys(into))}` });
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

function describe(issue: z.core.$ZodIssue, settings: Tree): ErrorDetail {
  const field = issue.path.join('.');
  const value = at(settings, issue.path);
  const constraint =
    issue.code === 'invalid_value'
      ? `must be one of ${issue.values.join(', ')}${suggestValue(value, issue.values)}`
      : issue.message;
  return { field, ...(isTree(value) || SECRET_SETTINGS.has(field) ? {} : { value }), constraint };
}

function at(settings: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((from, key) => (isTree(from) ? from[String(key)] : undefined), settings);
}

/** Rules between settings; any of them may still be of a wrong shape. */
function checkTogether(settings: Tree): ErrorDetail[] {
  const problems: ErrorDetail[] = [];
  const host = at(settings, ['listen', 'host']);
  if (typeof host === 'string' && host !== '' && !LOOPBACK.has(host)) {
    problems.push({
      field: 'listen.host',
      value: host,
      constraint:
        'plain HTTP is served on loopback only (127.0.0.1 or ::1); reach it by SSH forwarding, or open a door with listen.open',
    });
  }
  if (settings.mode === 'stack' && at(settings, ['parser', 'sandbox']) === 'reduced') {
    problems.push({
      field: 'parser.sandbox',
      value: 'reduced',
      constraint: 'only embedded mode may do with a reduced sandbox',
    });
  }
  const qdrant = at(settings, ['stack', 'qdrant']);
  if (at(settings, ['stack', 'tls']) === 'on' && typeof qdrant === 'string' && !/^https:/i.test(qdrant)) {
    problems.push({ field: 'stack.qdrant', value: qdrant, constraint: 'must be https where stack.tls is on' });
  }
  const inContainers = settings.mode === 'stack' && at(settings, ['stack', 'planes']) === 'containers';
  if (inContainers && at(settings, ['embedder', 'addresses']) !== null) {
    problems.push({
      field: 'embedder.addresses',
      value: at(settings, ['embedder', 'addresses']),
      constraint: 'must be null where data planes run in containers: the embedder is a container beside them',
    });
  }
  const endpoint = at(settings, ['embedder', 'endpoint', 'url']);
  if (typeof endpoint === 'string') problems.push(...checkEndpoint(endpoint));
  const inbox = at(settings, ['inbox', 'folder']);
  if (typeof inbox === 'string' && typeof settings.data_folder === 'string') {
    // Who may write into the inbox must not come near what the appliance keeps, and the other way round.
    const [folder, data] = [resolve(inbox), resolve(settings.data_folder)];
    if (isWithin(folder, data) || isWithin(data, folder)) {
      problems.push({
        field: 'inbox.folder',
        value: inbox,
        constraint: 'must lie outside the data folder, and the data folder outside of it',
      });
    }
  }
  return problems;
}

/**
 * Texts go to this address: what is on the way must not read them (spec 4). An address with a secret in it is not
 * repeated.
 */
function checkEndpoint(text: string): ErrorDetail[] {
  const field = 'embedder.endpoint.url';
  const url = URL.parse(text);
  // The schema says so.
  if (url === null) return [];
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    return [{ field, constraint: 'must be an address alone; the key stands in the file that key_file names' }];
  }
  const isLoopback = LOOPBACK.has(url.hostname.replace(/^\[|\]$/g, ''));
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)) return [];
  return [
    { field, value: text, constraint: 'must be https; plain http is spoken on loopback only (127.0.0.1 or ::1)' },
  ];
}

/** Whether a folder is another one or lies below it. */
function isWithin(folder: string, other: string): boolean {
  return !/^\.\.(?:\/|$)/.test(relative(other, folder));
}

const LOOPBACK = new Set(['127.0.0.1', '::1']);

function deepFreeze<T>(value: T): Readonly<T> {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
