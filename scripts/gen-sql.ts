/**
 * Compiles every `appliance/…/migrations/<dialect>/NNNN-name.sql` into `appliance/…/migrations/<dialect>.gen.ts`, so
 * that a bundled build reads no SQL from disk. `--check` writes nothing and fails when a module is stale.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const FILE_NAME = /^(\d{4})-[a-z0-9]+(?:-[a-z0-9]+)*\.sql$/;

/** The module for one folder of migrations. Throws when a name is malformed or the numbers are not 1, 2, 3, …. */
export function compileMigrations(folder: string): string {
  const names = readdirSync(folder).sort();
  const rows = names.map((name, at) => {
    const number = FILE_NAME.exec(name)?.[1];
    if (number === undefined) throw new Error(`${join(folder, name)}: a migration is named 0001-what-it-does.sql`);
    if (Number(number) !== at + 1) throw new Error(`${join(folder, name)}: expected number ${at + 1}`);
    const sql = readFileSync(join(folder, name), 'utf8');
    return [
      '  {',
      `    version: ${at + 1},`,
      `    name: '${name.slice(0, -'.sql'.length)}',`,
      `    sha256: '${createHash('sha256').update(sql).digest('hex')}',`,
      `    sql: \`${sql.replaceAll(/[\\`]|\$\{/g, '\\$&')}\`,`,
      '  },',
    ].join('\n');
  });
  return `// Made by scripts/gen-sql.ts from the SQL files beside it. Do not edit.\n\nexport const MIGRATIONS = Object.freeze([\n${rows.join('\n')}\n]);\n`;
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
    const module = compileMigrations(folder);
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
