import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createControl } from '../../../control/create-control.ts';
import type { LedgerEntry } from '../../../control/ledger/entries.ts';
import { type LedgerState, replayLedger } from '../../../control/ledger/replay.ts';
import type { TenantKey } from '../../../control/provisioning/port.ts';
import { noteEscrow } from '../../../control/registry/keys.ts';
import { openRegistry, type Registry } from '../../../control/registry/open.ts';
import { findTenant } from '../../../control/registry/tenants.ts';
import { type Settled, settleRegistry } from '../../../control/restore/settle-registry.ts';
import { type JoinedLedger, joinLedgers } from '../../../control/restore/take-ledger.ts';
import { makeFlags } from '../../../control/tenants/suspension-flags.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { replaceFile } from '../../../kernel/durable-file.ts';
import { controlPaths, logPath } from '../../../kernel/names.ts';
import { silentLogger } from '../../../observability/logger.ts';
import type { KeyPair } from '../../../secrets/identities.ts';
import { openSqliteLog } from '../../../stores/log/sqlite.ts';
import type { OpenedBackup } from '../backup/open-backup.ts';
import type { UnpackedPart } from '../backup/unpack-tenant.ts';
import { embeddedResources } from '../embedded-resources.ts';
import { type CheckedTenant, checkRestored } from './check-restored.ts';
import { erasedInLog, matchAllVectors, replayErasures } from './replay-erasures.ts';
import { restoreKeys, restoreRecovery } from './restore-keys.ts';
import { withRestoredPlane } from './restored-plane.ts';
import type { RestoredStores } from './restored-stores.ts';
import { unpackBackup } from './unpack-backup.ts';

/** What a restore is built from. */
export interface Build {
  opened: OpenedBackup;
  /** The folder that it is built in, laid out as a data folder. */
  folder: string;
  /** Where the tenants go. */
  into: RestoredStores;
  root: KeyPair;
  clock: Clock;
  actor: string;
  /** A ledger that was carried out of the box; null where there is none. */
  ledger: readonly LedgerEntry[] | null;
  without: readonly string[];
}

/** What is remembered between the phases, each when it is done. */
const NOTES = {
  unpacked: 'unpacked.json',
  settled: 'settled.json',
  erased: 'erased.json',
  loaded: 'loaded.json',
} as const;

type Progress = (done: number, total: number) => void;

/** Whether a phase has left what it brings about. */
export const isNoted = (folder: string, phase: keyof typeof NOTES): boolean => existsSync(join(folder, NOTES[phase]));

/** Phase 1: the backup's parts lie in the folder. Begun anew where it was cut short: the caller has emptied the folder. */
export async function unpack(build: Build, progress: Progress): Promise<void> {
  const { opened, folder, into, ledger, clock } = build;
  const parts = await unpackBackup(opened, { folder, into, clock, without: build.without }, progress);
  // Who was deleted behind the backup is known before anything of it is made right.
  const registry = openRegistry(controlPaths(folder).registry, clock);
  try {
    const { deleted } = replayLedger(joinLedgers(registry, ledger).entries);
    for (const tenantId of deleted) if (parts.has(tenantId)) await into.forget(tenantId);
  } finally {
    registry.close();
  }
  note(folder, 'unpacked', Object.fromEntries(parts));
}

/** Phase 2: keys, registry and kill-switch are those of a restored appliance. */
export async function settle(build: Build): Promise<Settled> {
  const { opened, folder, into, root, clock, actor, without } = build;
  const { manifest } = opened;
  makeFlags(folder);
  await restoreRecovery({ dataFolder: folder, root, clock }, manifest.recovery_recipient, opened.identity);
  const registry = openRegistry(controlPaths(folder).registry, clock);
  const resources = embeddedResources({ dataFolder: folder, clock, root });
  try {
    const keys = new Map<string, TenantKey>();
    for (const tenantId of restoredTenants(build)) {
      const version = (findTenant(registry, tenantId)?.key_version ?? 0) + 1;
      keys.set(
        tenantId,
        await restoreKeys({ dataFolder: folder, root, clock }, tenantId, opened.keys.get(tenantId)!, version),
      );
    }
    const { ledger, state } = ledgerOf(build, registry);
    const settled = settleRegistry({
      dataFolder: folder,
      registry,
      clock,
      actor,
      backup: { ...manifest, logs: new Map(manifest.tenants.map(({ tenant_id, log }) => [tenant_id, log])) },
      ledger,
      state,
      keys,
      without: [...without, ...opened.without_key],
      deletion: into.deletion,
    });
    into.settle(registry, [...keys.keys()]);
    for (const tenantId of keys.keys()) {
      const escrow = await resources.keys.escrow(tenantId);
      registry.write(() => noteEscrow(registry, tenantId, escrow, clock.iso()));
    }
    note(folder, 'settled', settled);
    return settled;
  } finally {
    await resources.close();
    registry.close();
  }
}

/** Phase 3: what was erased is erased once more, vectors are those of the rows, and every event is in its log. */
export async function replay(build: Build, progress: Progress): Promise<Record<string, number>> {
  const { folder, into, root, clock, opened } = build;
  const parts = noted<Record<string, UnpackedPart>>(folder, 'unpacked');
  const { erased } = openedLedger(build);
  const total = opened.manifest.tenants.reduce((sum, { documents }) => sum + documents, 0);
  const counts: Record<string, number> = noted<Record<string, number>>(folder, 'erased', {});
  let done = 0;
  for (const tenantId of restoredTenants(build)) {
    const log = openSqliteLog(logPath(folder, tenantId), { tenant_id: tenantId, clock });
    const inLog = await erasedInLog(log).finally(() => log.close());
    const known = [
      ...erased.filter(({ tenant_id }) => tenant_id === tenantId),
      ...inLog,
      ...(parts[tenantId]?.gone ?? []).map((doc_id) => ({ doc_id, at: null })),
    ];
    await withRestoredPlane({ dataFolder: folder, root, clock, into }, tenantId, async (plane) => {
      counts[tenantId] = (counts[tenantId] ?? 0) + (await replayErasures(plane, known));
      done += await matchAllVectors(plane, (documents) => progress(done + documents, total));
    });
  }
  await relayAll(build);
  note(folder, 'erased', counts);
  return counts;
}

/** Phase 4: by hash, by chain and by search. */
export async function check(build: Build, progress: Progress): Promise<Record<string, CheckedTenant>> {
  const { folder, into, root, clock, opened } = build;
  const checked: Record<string, CheckedTenant> = {};
  const total = opened.manifest.tenants.reduce((sum, { documents }) => sum + documents, 0);
  let done = 0;
  for (const { tenant_id, log: head } of opened.manifest.tenants) {
    if (!restoredTenants(build).includes(tenant_id)) continue;
    const log = openSqliteLog(logPath(folder, tenant_id), { tenant_id, clock });
    try {
      checked[tenant_id] = await withRestoredPlane({ dataFolder: folder, root, clock, into }, tenant_id, (plane) =>
        checkRestored(plane, log, head, (documents) => progress(done + documents, total)),
      );
    } finally {
      await log.close();
    }
    done += checked[tenant_id].documents;
  }
  return checked;
}

/** Phase 5, where logs are kept on a server: they lie beside those that are there. Begun anew where it was cut short. */
export async function loadLogs({ folder, into, clock }: Build, progress: Progress): Promise<void> {
  await into.loadLogs?.(clock, progress);
  note(folder, 'loaded', {});
}

/** The tenants whose parts are taken: all that can be opened, are wanted, and were not deleted behind the backup. */
export function restoredTenants(build: Build): string[] {
  const { opened, without } = build;
  const { deleted } = openedLedger(build);
  return opened.manifest.tenants
    .map(({ tenant_id }) => tenant_id)
    .filter((tenantId) => opened.keys.has(tenantId) && !without.includes(tenantId) && !deleted.includes(tenantId));
}

/** The events that stand in outboxes go to their logs: keys that sign tokens are made on the way, new ones. */
async function relayAll({ folder, into, root, clock }: Build): Promise<void> {
  const resources = embeddedResources({ dataFolder: folder, clock, root });
  const control = await createControl({
    dataFolder: folder,
    clock,
    logger: silentLogger,
    resources: { ...resources, outbox: (tenantId) => into.outbox(tenantId, clock) },
    openLog: async (logId) => openSqliteLog(logPath(folder, logId), { tenant_id: logId, clock }),
    baseUrl: () => '',
  });
  try {
    await control.relayNow();
  } finally {
    await control.stop();
    await into.endRelay();
    await resources.close();
  }
}

function ledgerOf({ ledger }: Build, registry: Registry): { ledger: JoinedLedger; state: LedgerState } {
  const joined = joinLedgers(registry, ledger);
  return { ledger: joined, state: replayLedger(joined.entries) };
}

/** The longer of the ledgers, of the backup and of what is given, played to its end; none opens the registry to write. */
function openedLedger({ folder, clock, ledger }: Build): LedgerState {
  const registry = openRegistry(controlPaths(folder).registry, clock);
  try {
    return ledgerOf({ ledger } as Build, registry).state;
  } finally {
    registry.close();
  }
}

function note(folder: string, phase: keyof typeof NOTES, value: unknown): void {
  replaceFile(join(folder, NOTES[phase]), `${JSON.stringify(value)}\n`);
}

/** What a phase noted. */
export function noted<T>(folder: string, phase: keyof typeof NOTES, otherwise?: T): T {
  const file = join(folder, NOTES[phase]);
  if (!existsSync(file) && otherwise !== undefined) return otherwise;
  return JSON.parse(readFileSync(file, 'utf8')) as T;
}
