import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RecordStore } from '../../../appliance/stores/record/port.ts';
import type { openSqliteRecords } from '../../../appliance/stores/record/sqlite.ts';
import { minute, TENANT } from './builders.ts';

/** A record store in a folder of its own. */
export async function sqliteWorld(open: typeof openSqliteRecords) {
  const folder = mkdtempSync(join(tmpdir(), 'records-'));
  const file = join(folder, 'records.db');
  const stores: RecordStore[] = [];
  const another = (): RecordStore => {
    const clock = { now: () => Date.parse(minute(1)), iso: () => minute(1) };
    const store = open(file, { tenant_id: TENANT, clock });
    stores.push(store);
    return store;
  };
  return {
    file,
    store: another(),
    another,
    dispose: async () => {
      for (const store of stores) await store.close();
      rmSync(folder, { recursive: true });
    },
  };
}
