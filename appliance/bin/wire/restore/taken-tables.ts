import { z } from 'zod';
import type { TarFile } from '../../../bundle/backup/read-tar.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { RecordDatabase } from '../../../stores/record/postgres.ts';
import { beginRecordsIntake, type RecordsIntake } from '../../../stores/record/postgres-snapshot.ts';
import { SCHEMA, TABLE_SUFFIX, TABLES } from '../backup/servers-source.ts';
import { bytesOf } from '../backup/unpack-tenant.ts';

const LARGEST_SCHEMA = 1 << 20;
const Migrations = z
  .array(z.strictObject({ version: z.int().min(1), name: z.string(), sha256: z.string() }))
  .max(10_000);

/** Takes the tables of a tenant's part into its database, each straight from the backup: none of it lies on a disk between. */
export class TakenTables {
  readonly #database: RecordDatabase;
  readonly #clock: Clock;
  #intake: RecordsIntake | null = null;

  constructor(database: RecordDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** By the name behind `rows/`; how they were made comes before the first of them. */
  async add(name: string, file: TarFile): Promise<void> {
    if (`${TABLES}${name}` === SCHEMA) {
      this.#intake = await beginRecordsIntake(this.#database, { schema: await schemaIn(file), clock: this.#clock });
      return;
    }
    if (!name.endsWith(TABLE_SUFFIX) || this.#intake === null) throw damaged(name);
    await this.#intake.table(name.slice(0, -TABLE_SUFFIX.length), file.content());
  }

  /** The records can be opened behind this. */
  async end(): Promise<void> {
    if (this.#intake === null) throw damaged('no rows');
    await this.#intake.end();
  }

  async close(): Promise<void> {
    await this.#intake?.close();
  }
}

async function schemaIn(file: TarFile): Promise<z.infer<typeof Migrations>> {
  if (file.size > LARGEST_SCHEMA) throw damaged(file.path);
  try {
    return Migrations.parse(JSON.parse((await bytesOf(file)).toString('utf8')));
  } catch {
    throw damaged(file.path);
  }
}

function damaged(what: string): FrostbyteError {
  return new FrostbyteError('OBJECT_CORRUPTED', `A tenant’s part of the backup does not hold its rows: ${what}.`);
}
