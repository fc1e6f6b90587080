import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { stepNames } from '../../../control/provisioning/sequences.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { besideFile, tenantPaths } from '../../../kernel/names.ts';
import { openFilesystemObjects } from '../../../stores/object/filesystem.ts';
import type { RecordStore } from '../../../stores/record/port.ts';
import { openSqliteRecords } from '../../../stores/record/sqlite.ts';
import { ROWS, VECTORS } from '../backup/files-source.ts';
import { ObjectsInto, unpackTenant } from '../backup/unpack-tenant.ts';
import { reachableRecords } from '../embedded-resources.ts';
import { openPlaneStores } from '../plane-stores.ts';
import { embeddedStores } from '../planes.ts';
import { refuseUsed, stagingFolder } from './restore-places.ts';
import type { RestoredStores } from './restored-stores.ts';

/** Tenants in files, built beside the data folder and moved into it. */
export function restoredFiles(dataFolder: string): RestoredStores {
  const staging = stagingFolder(dataFolder);
  const relayed = new Map<string, RecordStore>();
  const forget = async (tenantId: string) =>
    rmSync(tenantPaths(staging, tenantId).folder, { recursive: true, force: true });
  const endRelay = async (): Promise<void> => {
    for (const records of relayed.values()) await records.close();
    relayed.clear();
  };
  return {
    mode: 'embedded',
    deletion: stepNames('deprovisioning', {}),
    refuseUsed: async () => refuseUsed(dataFolder),
    clear: async (tenantIds) => {
      for (const tenantId of tenantIds) await forget(tenantId);
    },
    async take(tenantId, plain) {
      const paths = tenantPaths(staging, tenantId);
      mkdirSync(dirname(paths.objects), { recursive: true, mode: 0o700 });
      const store = openFilesystemObjects(paths.objects);
      const objects = new ObjectsInto(store);
      try {
        const part = await unpackTenant(plain, {
          fileOf: (name) =>
            name === ROWS ? paths.records : name === VECTORS ? paths.vectors : besideFile(paths.vectors),
          rows: async () => {
            throw new FrostbyteError(
              'OBJECT_CORRUPTED',
              'A tenant’s part of the backup holds tables, which files do not.',
            );
          },
          object: (key, file) => objects.add(key, file),
        });
        await objects.end();
        return part;
      } finally {
        await store.close();
      }
    },
    forget,
    open: (tenantId, { clock, searching }) =>
      openPlaneStores(tenantId, embeddedStores(staging, tenantId), {
        clock,
        searching,
        reserveBytes: undefined,
        leaseMs: 0,
        room: async () => Number.POSITIVE_INFINITY,
        opener: 'plane',
      }),
    async outbox(tenantId, clock) {
      const { records: file } = tenantPaths(staging, tenantId);
      if (!existsSync(file)) return null;
      const records = relayed.get(tenantId) ?? openSqliteRecords(file, { tenant_id: tenantId, clock });
      relayed.set(tenantId, records);
      return reachableRecords(records);
    },
    endRelay,
    settle: () => undefined,
    makeWay: async () => undefined,
    close: () => endRelay(),
  };
}
