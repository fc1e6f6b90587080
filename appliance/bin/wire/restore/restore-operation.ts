import { existsSync, mkdirSync, rmSync } from 'node:fs';
import type { Json, Operation, Phase, PhaseRun } from '../../../bundle/operation/phase.ts';
import type { LedgerEntry } from '../../../control/ledger/entries.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { controlPaths } from '../../../kernel/names.ts';
import { destroySecret } from '../../../secrets/secret-file.ts';
import { type BackupOpeners, type OpenedBackup, openBackup } from '../backup/open-backup.ts';
import { embeddedRootKey } from '../embedded-root-key.ts';
import { heldClock } from '../held-clock.ts';
import { type Build, check, isNoted, loadLogs, noted, replay, settle, unpack } from './build-restored.ts';
import { isPlaced, placeRestored, stagingFolder } from './restore-places.ts';
import { keepReport, keptReport, restoreReport } from './restore-report.ts';
import type { RestoredStores } from './restored-stores.ts';

/** What a restore was asked for; the same goes on with one that was cut short. The identity is in no journal. */
export interface RestoreParameters {
  file: string;
  keys: string;
  data_folder: string;
  ledger_sha256: string | null;
  without: readonly string[];
}

/** What only whoever runs it has. */
export interface RestoreJob {
  openers: BackupOpeners;
  ledger: readonly LedgerEntry[] | null;
  actor: string;
  /** Where a sealed root key lies opened. */
  unsealed: string;
}

export const RESTORE = 'restore';

/** By experience, of some ten thousand documents: for the time that is left. */
const SECONDS = { check: 20, unpack: 60, settle: 5, replay: 60, prove: 60, loadLogs: 20, place: 1 };

/**
 * A restore as phases. Everything is built beside, in a folder of its own below the data folder, and moved into place at the
 * end: until then nothing is there, behind it all is. `job`: null where it is only gone back.
 */
export function restoreOperation(
  parameters: RestoreParameters,
  job: RestoreJob | null,
  into: RestoredStores,
): Operation {
  const phases = new RestorePhases(parameters, job, into);
  return {
    kind: RESTORE,
    title: `Restore ${parameters.file}`,
    parameters: { ...parameters } as unknown as { readonly [key: string]: Json },
    phases: phases.all(),
    on_failure: 'roll-back',
  };
}

class RestorePhases {
  readonly #parameters: RestoreParameters;
  readonly #job: RestoreJob | null;
  readonly #data: string;
  readonly #staging: string;
  readonly #into: RestoredStores;
  #opened: Promise<OpenedBackup> | null = null;

  constructor(parameters: RestoreParameters, job: RestoreJob | null, into: RestoredStores) {
    this.#parameters = parameters;
    this.#job = job;
    this.#into = into;
    this.#data = parameters.data_folder;
    this.#staging = stagingFolder(parameters.data_folder);
  }

  all(): Phase[] {
    const nothing = async () => undefined;
    const isPast = (noted: Parameters<typeof isNoted>[1]) => async () =>
      isPlaced(this.#data) || isNoted(this.#staging, noted);
    return [
      {
        name: 'check-backup',
        title: 'Hold the backup against itself and open its keys',
        seconds: SECONDS.check,
        check: async ({ recorded }) => recorded,
        do: (run) => this.#check(run),
        undo: nothing,
      },
      {
        name: 'unpack',
        title: 'Take the backup apart beside the data folder',
        seconds: SECONDS.unpack,
        check: isPast('unpacked'),
        before: async () => ({
          root_key: existsSync(controlPaths(this.#data).rootKey),
          tenants: (await this.#open()).manifest.tenants.map(({ tenant_id }) => tenant_id),
        }),
        do: (run) => this.#unpack(run),
        undo: (run) => this.#clear(run),
      },
      {
        name: 'settle',
        title: 'Make new keys, suspend the tenants, go on with the ledger',
        seconds: SECONDS.settle,
        check: isPast('settled'),
        do: async () => void (await settle(await this.#build())),
        undo: nothing,
      },
      {
        name: 'replay',
        title: 'Erase what was erased, put the vectors right, move events to their logs',
        seconds: SECONDS.replay,
        check: isPast('erased'),
        do: async (run) => void (await replay(await this.#build(), run.progress)),
        undo: nothing,
      },
      {
        name: 'prove',
        title: 'Prove what was restored by hash, by chain and by search',
        seconds: SECONDS.prove,
        // Where it was killed while it moved, the report is in its place and the registry is not yet.
        check: async () => isPlaced(this.#data) || [this.#staging, this.#data].some((at) => keptReport(at) !== null),
        do: (run) => this.#prove(run),
        undo: nothing,
      },
      ...(this.#into.loadLogs === undefined ? [] : [this.#loading()]),
      {
        name: 'place',
        title: 'Move it into its place',
        seconds: SECONDS.place,
        check: async () => isPlaced(this.#data),
        do: async () => {
          await this.#into.makeWay();
          placeRestored(this.#data);
        },
        undo: null,
      },
    ];
  }

  #loading(): Phase {
    return {
      name: 'load-logs',
      title: 'Load the audit logs beside those that are there',
      seconds: SECONDS.loadLogs,
      check: async () => isPlaced(this.#data) || isNoted(this.#staging, 'loaded'),
      do: async ({ progress }) => loadLogs(await this.#build(), progress),
      undo: async () => undefined,
    };
  }

  async #check({ note }: PhaseRun): Promise<void> {
    const { manifest, without_key } = await this.#open();
    if (manifest.mode !== this.#into.mode) throw otherKind(manifest.mode);
    const { without } = this.#parameters;
    const missing = without_key.filter((tenantId) => !without.includes(tenantId));
    if (missing.length > 0) {
      throw new FrostbyteError(
        'KEY_UNAVAILABLE',
        `There is no key for ${missing.join(', ')} in ${this.#parameters.keys}. Name the folder of the escrow files with --keys; a tenant whose keys were destroyed is left out, and deleted, with --without TENANT.`,
        { details: missing.map((value) => ({ field: 'keys', value: `${value}.age`, constraint: 'is not there' })) },
      );
    }
    const unknown = without.filter((tenantId) => !manifest.tenants.some((tenant) => tenant.tenant_id === tenantId));
    if (unknown.length > 0)
      throw new FrostbyteError('VALIDATION_ERROR', `There is no part of ${unknown.join(', ')} in this backup.`);
    note(`The backup ${manifest.backup_id}, made ${manifest.made_at}, holds ${manifest.tenants.length} tenants.`);
  }

  /** From the beginning, whatever a killed run left. */
  async #unpack({ progress }: PhaseRun): Promise<void> {
    rmSync(this.#staging, { recursive: true, force: true });
    mkdirSync(this.#staging, { recursive: true, mode: 0o700 });
    const build = await this.#build();
    await this.#into.clear(build.opened.manifest.tenants.map(({ tenant_id }) => tenant_id));
    await unpack(build, progress);
  }

  async #clear({ before }: PhaseRun): Promise<void> {
    const { root_key = false, tenants = [] } = (before ?? {}) as { root_key?: boolean; tenants?: string[] };
    await this.#into.clear(tenants);
    rmSync(this.#staging, { recursive: true, force: true });
    if (!root_key) await destroySecret(controlPaths(this.#data).rootKey);
  }

  async #prove({ progress }: PhaseRun): Promise<void> {
    const build = await this.#build();
    const { manifest, sha256 } = build.opened;
    const checked = await check(build, progress);
    const { ledger } = build;
    const added = Math.max(0, (ledger?.length ?? 0) - manifest.ledger.entries);
    const report = restoreReport({
      manifest,
      file_sha256: sha256,
      restored_at: build.clock.iso(),
      ledger: {
        given: ledger !== null,
        in_backup: manifest.ledger.entries,
        added,
        until: ledger?.at(-1)?.at ?? null,
      },
      settled: noted(this.#staging, 'settled'),
      erased: noted(this.#staging, 'erased'),
      checked,
    });
    keepReport(this.#staging, report);
  }

  async #build(): Promise<Build> {
    const { without } = this.#parameters;
    const { actor, ledger, unsealed } = this.#needJob();
    const clock = heldClock(controlPaths(this.#staging).clock);
    const root = await embeddedRootKey(this.#data, clock, unsealed);
    return { opened: await this.#open(), folder: this.#staging, into: this.#into, root, clock, actor, ledger, without };
  }

  #open(): Promise<OpenedBackup> {
    this.#opened ??= openBackup(this.#parameters.file, { ...this.#needJob().openers, keys: this.#parameters.keys });
    return this.#opened;
  }

  #needJob(): RestoreJob {
    if (this.#job !== null) return this.#job;
    throw new FrostbyteError(
      'KEY_UNAVAILABLE',
      `A restore goes on with the identity of the recovery recipient: frostbyte restore ${this.#parameters.file} --identity FILE`,
    );
  }
}

/** Rows lie differently in files and on servers. */
function otherKind(mode: 'embedded' | 'stack'): FrostbyteError {
  const [was, is] = mode === 'stack' ? ['on servers', 'in files'] : ['in files', 'on servers'];
  return new FrostbyteError(
    'VALIDATION_ERROR',
    `This is the backup of an appliance ${was} (mode: ${mode}), and this one is ${is}. Restore it with mode: ${mode}.`,
  );
}
