/**
 * Compiles every `appliance/…/migrations/<dialect>/NNNN-name.sql` into `appliance/…/migrations/<dialect>.gen.ts`, so
 * that a bundled build reads no SQL from disk. `--check` writes nothing and fails when a module is stale.
 *
 * The first line of a migration says what it does to the release before, and which release brings it:
 * `-- expand, since 0.2.0` or `-- contract, since 0.3.0`. Those of the first release say nothing: nobody was before it.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The release whose migrations say nothing, and how many of each folder are its. */
const FIRST = Object.freeze({
  release: '0.1.0',
  counts: {
    'appliance/control/migrations/sqlite': 10,
    'appliance/stores/log/migrations/postgres': 1,
    'appliance/stores/log/migrations/sqlite': 1,
    'appliance/stores/measures/migrations/sqlite': 1,
    'appliance/stores/queue/migrations/sqlite': 3,
    'appliance/stores/record/migrations/postgres': 11,
    'appliance/stores/record/migrations/sqlite': 17,
    'appliance/stores/vector/migrations/sqlite': 1,
  } as Readonly<Record<string, number>>,
});
const SAYS = /^-- (expand|contract), since (\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)\n/;
/** What the release before would miss, or could not write any more. */
const TAKES_AWAY: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/\bDROP\s+(?:TABLE|COLUMN|VIEW)\b/i, 'it drops something'],
  [/\bRENAME\b/i, 'it renames something'],
  [/\bSET\s+NOT\s+NULL\b/i, 'it wants a value where there may be none'],
  [/\bALTER\s+COLUMN\s+\S+\s+(?:SET\s+DATA\s+)?TYPE\b/i, 'it changes a type'],
  [/\bADD\s+COLUMN\b(?![^;,]*\bDEFAULT\b)[^;,]*\bNOT\s+NULL\b/i, 'it adds a column that has to be given a value'],
];

const FILE_NAME = /^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/;

/**
 * The module for one folder of migrations, of which `before` are the first release's. Throws when a name is malformed, the
 * numbers are not 1, 2, 3, …, one does not say what it does, or one that says it expands takes something away.
 */
export function compileMigrations(folder: string, before = 0): string {
  const names = readdirSync(folder).sort();
  const rows = names.map((name, at) => {
    const number = FILE_NAME.exec(name)?.[1];
    if (number === undefined) throw new Error(`${join(folder, name)}: a migration is named 0001-what-it-does.sql`);
    if (Number(number) !== at + 1) throw new Error(`${join(folder, name)}: expected number ${at + 1}`);
    const sql = readFileSync(join(folder, name), 'utf8');
    const { step, since } = at < before ? { step: 'expand', since: FIRST.release } : saidBy(sql, join(folder, name));
    return [
      '  {',
      `    version: ${at + 1},`,
      `    name: '${name.slice(0, -'.sql'.length)}',`,
      `    sha256: '${createHash('sha256').update(sql).digest('hex')}',`,
      `    step: '${step}' as const,`,
      `    since: '${since}',`,
      `    sql: \`${sql.replaceAll(/[\\`]|\$\{/g, '\\$&')}\`,`,
      '  },',
    ].join('\n');
  });
  return `// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.\n\nexport const MIGRATIONS = Object.freeze([\n${rows.join('\n')}\n]);\n`;
}

/** What a migration says of itself in its first line. */
function saidBy(sql: string, file: string): { step: string; since: string } {
  const [, step, since] = SAYS.exec(sql) ?? [];
  if (step === undefined || since === undefined)
    throw new Error(`${file}: the first line says what it does, -- expand, since 0.2.0 or -- contract, since 0.3.0`);
  const words = sql.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, '');
  const taken = step === 'expand' ? TAKES_AWAY.find(([pattern]) => pattern.test(words)) : undefined;
  if (taken !== undefined)
    throw new Error(`${file}: ${taken[1]}, so the release before could not go on: that is a contract, a release later`);
  return { step, since };
}

/** Folders of migrations below `root`, sorted. */
export function migrationFolders(root: string): string[] {
  const files = globSync('appliance/**/migrations/*/*.sql', { cwd: root });
  return [...new Set(files.map((file) => resolve(root, file, '..')))].sort();
}

/** Writes (or, with `check`, compares) all modules below `root`; returns the paths that differed. */
export function generate(root: string, check: boolean): string[] {
  const changed: string[] = [];
  for (const folder of migrationFolders(root)) {
    const target = `${folder}.gen.ts`;
    const place = relative(root, folder).replaceAll('\\', '/');
    const module = compileMigrations(folder, FIRST.counts[place] ?? 0);
    if (existsSync(target) && readFileSync(target, 'utf8') === module) continue;
    changed.push(relative(root, target));
    if (!check) writeFileSync(target, module);
  }
  return changed;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const check = process.argv.includes('--check');
  const changed = generate(resolve(import.meta.dirname, '..'), check);
  for (const path of changed) process.stdout.write(`${check ? 'stale' : 'written'}: ${path}\n`);
  if (check && changed.length > 0) process.exitCode = 1;
}
