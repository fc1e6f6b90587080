import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { auditEntry, PIPELINE_VERSION } from '../../../audit/entry.ts';
import { checksumFile, checksumLine, keysFolder } from '../../../bundle/backup/check-file.ts';
import {
  APPLIANCE_PART,
  type BackupEntry,
  type BackupManifest,
  MANIFEST,
  manifestBytes,
  type TenantInBackup,
  tenantLog,
  tenantPart,
} from '../../../bundle/backup/manifest.ts';
import { TarFileWriter } from '../../../bundle/backup/write-tar.ts';
import type { Config } from '../../../config/schema.ts';
import { openRegistry, type Registry } from '../../../control/registry/open.ts';
import { appendEntries } from '../../../control/registry/outbox.ts';
import { noteCopiesDestroyed, noteCopy } from '../../../control/registry/outside-copies.ts';
import { tenantsIn } from '../../../control/registry/tenants.ts';
import { APPLIANCE_LOG } from '../../../kernel/audit-event.ts';
import type { Clock } from '../../../kernel/clock.ts';
import { diskError, replaceFile, syncFolder } from '../../../kernel/durable-file.ts';
import { FrostbyteError, isFrostbyteError } from '../../../kernel/errors.ts';
import { newId } from '../../../kernel/ids.ts';
import { controlPaths, tenantPaths } from '../../../kernel/names.ts';
import { needBackupKey } from '../../../secrets/backup-key.ts';
import { escrowBytes } from '../../../secrets/escrow.ts';
import type { KeyPair } from '../../../secrets/identities.ts';
import { openRootKey } from '../../../secrets/keyring.ts';
import { recoveryStatus } from '../../../secrets/recovery.ts';
import { heldClock } from '../held-clock.ts';
import { unsealedRoot } from '../unseal.ts';
import { type LogCopy, sealLog, writeAppliancePart } from './appliance-part.ts';
import { filesSource } from './files-source.ts';
import { refusePlace } from './refuse-place.ts';
import { serversSource } from './servers-source.ts';
import type { BackupSource } from './source.ts';
import { writeTenantPart } from './tenant-part.ts';
import { backupWorkplace, partialFile, type Workplace } from './workplace.ts';

export interface BackupRequest {
  /** Where the backup goes; nothing is there yet. */
  file: string;
  /** Where the tenants' escrow files go; beside the backup unless it is said. */
  keys?: string;
  actor: string;
  progress?(what: string, objects: number): void;
}

/** What a backup is. */
export interface BackupReport {
  file: string;
  size: number;
  sha256: string;
  keys: string;
  manifest: BackupManifest;
  /** What is in no backup, in words. */
  not_in_it: string[];
}

/** Times that a tenant's part is made, where documents were erased and sent again under our hands. */
const TRIES = 3;

const NOT_IN_IT = Object.freeze([
  'the configuration file and the inbox folders',
  'models and bundles: they come with the release',
  'root key, token keys and store credentials: a restore makes new ones',
  'the queue: it is made again from the rows',
]);

/**
 * Makes a backup of an appliance, on files or on servers, beside the daemon that works on them: whole under its name, or not
 * there. Refused (`INVALID_STATE_TRANSITION`) without a proven recovery recipient. Throws `VALIDATION_ERROR`, `OPERATION_RUNNING`,
 * `DISK_FULL`, `KEY_UNAVAILABLE`, and what the stores throw; then nothing is left of it. O(what is stored); memory does not
 * grow with it.
 */
export async function makeBackup(config: Config, request: BackupRequest): Promise<BackupReport> {
  const { data_folder: dataFolder } = config;
  const paths = controlPaths(dataFolder);
  refusePlace(config.data_folder, request.file, { kind: 'backups', none: 'No backup was made' });
  const { recipient: recovery } = await recoveryStatus(paths.recovery);
  if (recovery === null) throw unrecoverable();
  const clock = heldClock(paths.clock);
  const root = await openRootKey(paths.rootKey, unsealedRoot(config));
  const registry = openRegistry(paths.registry, clock);
  try {
    const backupId = newId();
    const place = backupWorkplace(dataFolder, { backupId, file: request.file }, registry, clock);
    const source = config.mode === 'stack' ? serversSource(config, { clock }) : filesSource({ dataFolder, clock });
    try {
      return await new Making({ dataFolder, clock, source, root, registry, recovery, backupId, place, request }).run();
    } catch (error) {
      registry.write(() => noteCopiesDestroyed(registry, backupId, clock.iso()));
      throw error;
    } finally {
      await source.close();
      place.end();
    }
  } finally {
    registry.close();
  }
}

interface Parts {
  dataFolder: string;
  clock: Clock;
  source: BackupSource;
  root: KeyPair;
  registry: Registry;
  recovery: string;
  backupId: string;
  place: Workplace;
  request: BackupRequest;
}

class Making {
  readonly #parts: Parts;
  readonly #keys: string;
  readonly #entries: BackupEntry[] = [];

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#keys = parts.request.keys ?? keysFolder(parts.request.file);
  }

  async run(): Promise<BackupReport> {
    const { request, registry, clock, backupId } = this.#parts;
    const { file } = request;
    const began_at = clock.iso();
    const served = tenantsIn(registry, ['ACTIVE', 'SUSPENDED']);
    // From here on no storage key goes that something in the backup needs.
    registry.write(() => {
      for (const { tenant_id } of served)
        noteCopy(registry, { tenant_id, kind: 'backup', label: backupId, sha256: null, made_at: began_at });
    });
    const tar = await TarFileWriter.begin(partialFile(file));
    const written: string[] = [partialFile(file)];
    try {
      const tenants: Omit<TenantInBackup, 'log'>[] = [];
      for (const { tenant_id, state } of served)
        tenants.push(await this.#tenant(tar, tenant_id, state as TenantInBackup['state'], written));
      const manifest = await this.#appliance(tar, began_at, tenants);
      await tar.entry(MANIFEST, (write) => write(manifestBytes(manifest)));
      const { size, sha256 } = await tar.end();
      written.push(checksumFile(file));
      replaceFile(checksumFile(file), checksumLine(file, sha256), 0o644);
      renameSync(partialFile(file), file);
      syncFolder(dirname(file));
      this.#tell(manifest, size, sha256);
      return { file, size, sha256, keys: this.#keys, manifest, not_in_it: [...NOT_IN_IT] };
    } catch (error) {
      for (const each of written) {
        rmSync(each, { force: true });
        registry.write(() => noteCopiesDestroyed(registry, each, clock.iso()));
      }
      throw diskError(error, file);
    } finally {
      await tar.close();
    }
  }

  async #tenant(
    tar: TarFileWriter,
    tenant_id: string,
    state: TenantInBackup['state'],
    written: string[],
  ): Promise<Omit<TenantInBackup, 'log'>> {
    const { dataFolder, source, root, clock, place, recovery, request } = this.#parts;
    const { secrets } = tenantPaths(dataFolder, tenant_id);
    const { recipient } = await needBackupKey(root, secrets, clock);
    for (let tries = 1; ; tries++) {
      try {
        let counts: Awaited<ReturnType<typeof writeTenantPart>> | undefined;
        const progress = (objects: number) => request.progress?.(tenant_id, objects);
        const parts = { source, clock, temporary: place.folder, progress };
        const entry = await tar.entry(tenantPart(tenant_id), async (write) => {
          counts = await writeTenantPart(parts, tenant_id, recipient, write);
        });
        this.#entries.push(entry);
        place.clear();
        // Behind the objects: each was sealed for a key that is among these.
        const { bytes, sha256 } = await escrowBytes({ root, clock, folder: secrets }, recovery, tenant_id);
        mkdirSync(this.#keys, { recursive: true, mode: 0o700 });
        const key = join(this.#keys, `${tenant_id}.age`);
        // One of an earlier backup is followed by one that opens that backup, too: it is never taken away.
        if (!existsSync(key)) written.push(key);
        replaceFile(key, bytes);
        this.#noteKey(tenant_id, key, sha256);
        return { tenant_id, state, backup_recipient: recipient, ...counts!, key_file_sha256: sha256.slice(7) };
      } catch (error) {
        place.clear();
        if (tries === TRIES || !isFrostbyteError(error, 'SERVICE_UNAVAILABLE')) throw error;
      }
    }
  }

  /** The keys of a tenant are outside from now on: when it is deleted, the site is told of this file, too. */
  #noteKey(tenant_id: string, label: string, sha256: string): void {
    const { registry, clock, request } = this.#parts;
    registry.write(() => {
      noteCopiesDestroyed(registry, label, clock.iso());
      noteCopy(registry, { tenant_id, kind: 'escrow', label, sha256, made_at: clock.iso() });
      const about = { tenant_id, actor: request.actor, resource_id: tenant_id };
      appendEntries(registry, [auditEntry(clock, 'ESCROW_COPIED', { ...about, adds: { file_sha256: sha256 } })]);
    });
  }

  /** The registry behind all tenants, and every log behind the registry: what an outbox calls relayed is in its log. */
  async #appliance(
    tar: TarFileWriter,
    began_at: string,
    tenants: readonly Omit<TenantInBackup, 'log'>[],
  ): Promise<BackupManifest> {
    const { dataFolder, source, clock, recovery, backupId, place } = this.#parts;
    let part: Awaited<ReturnType<typeof writeAppliancePart>> | undefined;
    const parts = { dataFolder, source, clock, temporary: place.folder };
    const entry = await tar.entry(APPLIANCE_PART, async (write) => {
      part = await writeAppliancePart(
        parts,
        tenants.map(({ tenant_id }) => tenant_id),
        recovery,
        write,
      );
    });
    this.#entries.push(entry);
    const whole: TenantInBackup[] = [];
    for (const tenant of tenants) {
      let copy: LogCopy | undefined;
      const { tenant_id, backup_recipient } = tenant;
      const logged = await tar.entry(tenantLog(tenant_id), async (write) => {
        copy = await sealLog(parts, tenant_id, backup_recipient, write);
      });
      this.#entries.push(logged);
      whole.push({ ...tenant, log: copy!.head });
    }
    return {
      format: 1,
      backup_id: backupId,
      began_at,
      made_at: clock.iso(),
      version: PIPELINE_VERSION,
      mode: source.mode,
      recovery_recipient: recovery,
      ledger: part!.ledger,
      appliance_log: part!.log,
      tenants: whole,
      entries: this.#entries,
    };
  }

  #tell({ backup_id, tenants }: BackupManifest, bytes: number, sha256: string): void {
    const { registry, clock, request } = this.#parts;
    const about = { tenant_id: APPLIANCE_LOG, actor: request.actor, resource_id: backup_id };
    const adds = {
      backup_id,
      tenants: tenants.map(({ tenant_id }) => tenant_id),
      bytes,
      file_sha256: `sha256:${sha256}`,
    };
    registry.write(() => appendEntries(registry, [auditEntry(clock, 'BACKUP_CREATED', { ...about, adds })]));
  }
}

function unrecoverable(): FrostbyteError {
  return new FrostbyteError(
    'INVALID_STATE_TRANSITION',
    'No backup was made: there is no proven recovery recipient, so nobody could open it. Name one (frostbyte keys recovery set) and prove it.',
  );
}
