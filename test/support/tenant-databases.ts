import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { type StackRecords, stackRecords } from '../../appliance/bin/wire/stack/records.ts';
import { tenantNames } from '../../appliance/kernel/names.ts';
import type { RecordDatabase } from '../../appliance/stores/record/postgres.ts';
import { manualClock } from './manual-clock.ts';
import { testStack } from './stack.ts';

/** Tenants' databases as control makes them, without an appliance around them. */
export interface TenantDatabases {
  records: StackRecords;
  /** How a tenant comes to its own. */
  login(tenantId: string): RecordDatabase & { password: string };
  /** A session of the tenant's user, as whoever has its password has one; its end is no error. */
  session(tenantId: string): Promise<Client>;
  /** Asks as the server's owner. */
  asOwner<Row extends object>(sql: string): Promise<Row[]>;
  /** Takes these tenants' databases away. */
  end(...tenantIds: string[]): Promise<void>;
}

export function tenantDatabases(workers = 1): TenantDatabases {
  const password = randomBytes(32).toString('base64url');
  const { host, port, user, password: admin, hba_folder } = testStack()!.postgres;
  const records = stackRecords({
    clock: manualClock(),
    ...{ host, port, user, password: () => admin, hbaFolder: hba_folder, workers },
    passwordOf: async () => password,
    way: async () => ({ host, from: '172.28.0.1/32' }),
  });
  const login = (tenantId: string) => {
    const { database, role } = tenantNames(tenantId);
    return { host, port, database, user: role, password };
  };
  return {
    records,
    login,
    async session(tenantId) {
      const client = new Client(login(tenantId));
      client.on('error', () => undefined);
      await client.connect();
      return client;
    },
    async asOwner<Row extends object>(sql: string) {
      const client = new Client({ host, port, user, password: admin, database: 'postgres' });
      await client.connect();
      return client
        .query<Row>(sql)
        .then(({ rows }) => rows)
        .finally(() => client.end());
    },
    async end(...tenantIds) {
      for (const tenantId of tenantIds) await records.destroy(tenantId);
      await records.close();
    },
  };
}

/** What the server says of a statement that it refuses: its SQLSTATE. */
export function sqlState(error: unknown): unknown {
  return (error as { code?: unknown }).code;
}
