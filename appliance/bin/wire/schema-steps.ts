import type { SchemaStep } from '../../bundle/upgrade/rollback.ts';
import { MIGRATIONS as REGISTRY } from '../../control/migrations/sqlite.gen.ts';
import { MIGRATIONS as POSTGRES_LOGS } from '../../stores/log/migrations/postgres.gen.ts';
import { MIGRATIONS as LOGS } from '../../stores/log/migrations/sqlite.gen.ts';
import { MIGRATIONS as JOBS } from '../../stores/queue/migrations/sqlite.gen.ts';
import { MIGRATIONS as POSTGRES_RECORDS } from '../../stores/record/migrations/postgres.gen.ts';
import { MIGRATIONS as RECORDS } from '../../stores/record/migrations/sqlite.gen.ts';
import { MIGRATIONS as VECTORS } from '../../stores/vector/migrations/sqlite.gen.ts';

/** What the migrations of this release say of themselves, of every store: a rollback asks whether one takes something away. */
export function schemaSteps(): SchemaStep[] {
  return [...REGISTRY, ...POSTGRES_LOGS, ...LOGS, ...JOBS, ...POSTGRES_RECORDS, ...RECORDS, ...VECTORS].map(
    ({ name, step, since }) => ({ name, step, since }),
  );
}
