import { FrostbyteError } from '../../kernel/errors.ts';

/**
 * What a migration does to whoever knows the schema before it. `expand`: it only adds, and the release before works on.
 * `contract`: it takes away what that one needs, and so comes one release after the code stopped to need it (spec 7,
 * "Rollback").
 */
export type MigrationStep = 'expand' | 'contract';

/** One numbered SQL file, as `scripts/gen-sql.ts` compiled it. */
export interface Migration {
  /** 1, 2, 3, … without gaps. */
  version: number;
  /** The file's name without `.sql`. */
  name: string;
  /** Hex SHA-256 of the file, so that a file changed after it shipped is noticed. */
  sha256: string;
  step: MigrationStep;
  /** The release that brought it. */
  since: string;
  sql: string;
}

/** A migration as a store's ledger names it. `step` and `since` are null where the ledger is older than these columns. */
export type AppliedMigration = Pick<Migration, 'version' | 'name' | 'sha256'> & {
  step?: string | null;
  since?: string | null;
};

/**
 * True when every migration of this build is in the ledger. What a newer release added to the schema is let be, by what the
 * ledger says of it: by that a release that is gone back to runs on. Throws `STORE_UNAVAILABLE` (kind `never`) where a newer
 * release took something away, where the ledger does not say, and for one that this build knows with another content: no guess
 * is made about tables that a newer or another build wrote.
 */
export function isWhole(applied: readonly AppliedMigration[], migrations: readonly Migration[]): boolean {
  let own = 0;
  for (const row of applied) {
    const known = migrations[row.version - 1];
    if (known === undefined) {
      if (row.step !== 'expand') throw newer(row);
    } else if (known.sha256 !== row.sha256) {
      throw unknownSchema('The store was written by another build of the appliance.');
    } else own++;
  }
  return own === migrations.length;
}

/** The first migration that a ledger lacks; undefined where it has them all. */
export function nextOf(applied: readonly AppliedMigration[], migrations: readonly Migration[]): Migration | undefined {
  const there = new Set(applied.map(({ version }) => version));
  return migrations.find(({ version }) => !there.has(version));
}

function newer({ name, step, since }: AppliedMigration): FrostbyteError {
  return unknownSchema(
    step === 'contract'
      ? `The store was written by a newer version of the appliance: release ${since} took away what this one needs (${name}). Start that release, or a newer one.`
      : 'The store was written by a newer version of the appliance.',
  );
}

function unknownSchema(message: string): FrostbyteError {
  return new FrostbyteError('STORE_UNAVAILABLE', message, { kind: 'never' });
}
