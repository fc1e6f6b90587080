import { FrostbyteError } from '../../kernel/errors.ts';

/** One numbered SQL file, as `scripts/gen-sql.ts` compiled it. */
export interface Migration {
  /** 1, 2, 3, … without gaps. */
  version: number;
  /** The file's name without `.sql`. */
  name: string;
  /** Hex SHA-256 of the file, so that a file changed after it shipped is noticed. */
  sha256: string;
  sql: string;
}

/** A migration as a store's ledger names it. */
export type AppliedMigration = Pick<Migration, 'version' | 'name' | 'sha256'>;

/**
 * True when every migration is in the ledger. Throws `STORE_UNAVAILABLE` (kind `never`) for one that this build does not
 * know, or knows with another content: no guess is made about tables that a newer or another build wrote.
 */
export function isWhole(applied: readonly AppliedMigration[], migrations: readonly Migration[]): boolean {
  for (const row of applied) {
    const known = migrations[row.version - 1];
    if (known === undefined) throw unknownSchema('The store was written by a newer version of the appliance.');
    if (known.sha256 !== row.sha256) throw unknownSchema('The store was written by another build of the appliance.');
  }
  return applied.length === migrations.length;
}

function unknownSchema(message: string): FrostbyteError {
  return new FrostbyteError('STORE_UNAVAILABLE', message, { kind: 'never' });
}
