import { join } from 'node:path';
import { leafHash } from '../../appliance/audit/leaf.ts';
import type { Control } from '../../appliance/control/control-options.ts';
import { createControl } from '../../appliance/control/create-control.ts';
import type { AuditEvent } from '../../appliance/kernel/audit-event.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { silentLogger } from '../../appliance/observability/logger.ts';
import type { AuditLog } from '../../appliance/stores/log/port.ts';
import { openSqliteLog } from '../../appliance/stores/log/sqlite.ts';
import type { RecordStore } from '../../appliance/stores/record/port.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { arrival, failed, idOf, indexed, minute, TENANT } from '../../test/contract/record/builders.ts';
import { folderResources } from '../../test/support/control/folder-resources.ts';
import { fillRequests } from './fill-requests.ts';

/** Stores with long lists in them, filled through their own verbs. */
export interface Filled {
  records: RecordStore;
  log: AuditLog;
  control: Control;
  /** A batch of many files, and a document of many chunks. */
  ids: { tenant: string; largest: string; long: string };
  close(): Promise<void>;
}

/** Documents are given up on at parse, so that each is in a list of documents, of batches, and of dead letters. */
export async function fill(folder: string, { entries, files }: { entries: number; files: number }): Promise<Filled> {
  const clock = systemClock();
  const records = openSqliteRecords(join(folder, 'records.sqlite'), { tenant_id: TENANT, clock });
  const log = openSqliteLog(join(folder, 'log.sqlite'), { tenant_id: TENANT, clock });
  for (let n = 0; n < entries; n++) await failed(records, `document ${n}`, undefined, minute(n % 5000));
  const largest = 'largest';
  const manifest = Array.from({ length: files }, (_, n) => ({ file_id: `f${n}`, content: `file ${n}` }));
  await records.receive(arrival(largest, manifest, { at: minute(6000) }));
  for (let at = 0; at < entries; at += files) {
    const bad = Array.from({ length: Math.min(files, entries - at) }, (_, n) => ({
      file_id: `q${n}`,
      content: `malware ${at + n}`,
      kind: 'quarantined' as const,
    }));
    await records.receive(arrival(`quarantined-${at}`, bad, { at: minute(7000 + at) }));
  }
  const texts = Array.from({ length: entries }, (_, n) => ({ text: `chunk ${n}` }));
  await indexed(records, 'long', texts);
  const told = await records.pendingEvents(entries);
  await log.append(
    told.map(({ event, references }) => ({ event, references, leaf_hash: leafHash(event as AuditEvent) })),
  );

  await fillRequests(records, entries);

  const control = await createControl({
    dataFolder: folder,
    clock,
    logger: silentLogger,
    resources: folderResources(folder),
    openLog: async (logId) => openSqliteLog(join(folder, `${logId}.sqlite`), { tenant_id: logId, clock }),
    baseUrl: () => '',
    beatMs: 60_000,
  });
  await control.start();
  const asked = { tenant_name: TENANT, contact_email: 'it@acme.example', tier: 'standard' } as const;
  const { tenant_id: tenant } = await control.createTenant(asked, 'system');
  await control.idle();
  for (let n = 0; n < entries; n++) {
    await control.openBreakGlass(tenant, { reason: `ticket ${n}` }, 'frode');
    await control.setHold(tenant, { scope: 'batch', resource_id: `b${n}` }, 'matter 4711', 'frode');
  }
  return {
    records,
    log,
    control,
    ids: { tenant, largest, long: idOf('long') },
    async close() {
      await control.stop();
      await Promise.all([records.close(), log.close()]);
    },
  };
}
