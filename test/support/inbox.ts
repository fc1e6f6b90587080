import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_TENANT_CONFIG, type TenantConfig } from '../../appliance/api/tenant-config.ts';
import { noScanner } from '../../appliance/data/1-intake/clamd.ts';
import type { InboxSettings } from '../../appliance/data/inbox/means.ts';
import { InboxMemory } from '../../appliance/data/inbox/memory.ts';
import { inboxRound } from '../../appliance/data/inbox/round.ts';
import type { DataPlane, Scanner } from '../../appliance/data/plane.ts';
import { settleBatch } from '../../appliance/data/settle.ts';
import type { LogFields, Logger } from '../../appliance/kernel/telemetry.ts';
import { TENANT } from '../contract/record/builders.ts';
import { smallPlane } from './faults/small-plane.ts';

/** A tenant's inbox folder over real stores, and a sender who fills it. */
export interface DroppedFile {
  file_id?: string;
  filename: string;
  content: string | Uint8Array;
  mime_type?: string;
  /** What the manifest claims instead of the truth. */
  claim?: { size_bytes?: number; sha256?: string };
  /** Under which name it lies there; null: it does not. Default: its file name. */
  as?: string | null;
}

export interface DropOptions {
  batch_id?: string;
  tenant_id?: string;
  /** What the manifest says besides. */
  extra?: Record<string, unknown>;
  /** Text of manifest.json in place of the true one; null: none. */
  manifest?: string | null;
}

/** Writes a batch into a folder as a sender does: files first, the manifest last. Returns the manifest. */
export function dropBatch(folder: string, files: readonly DroppedFile[], options: DropOptions = {}) {
  mkdirSync(folder, { recursive: true });
  const entries = files.map(({ file_id, filename, content, mime_type = 'text/plain', claim }, n) => {
    const bytes = Buffer.from(content as string);
    return {
      file_id: file_id ?? `f${n + 1}`,
      filename,
      mime_type,
      size_bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      ...claim,
    };
  });
  for (const { filename, content, as = filename } of files) {
    if (as !== null) writeFileSync(join(folder, as), content);
  }
  const manifest = {
    batch_id: options.batch_id ?? folder.split('/').at(-1)!,
    tenant_id: options.tenant_id ?? TENANT,
    file_count: entries.length,
    files: entries,
    ...options.extra,
  };
  const text = options.manifest === undefined ? JSON.stringify(manifest) : options.manifest;
  if (text !== null) writeFileSync(join(folder, 'manifest.json'), text);
  return manifest;
}

export const note = (n: number | string): DroppedFile => ({
  filename: `note-${n}.txt`,
  content: `The words of note ${n}, about a lease that ends in May.`,
});

export interface InboxWorld {
  plane: DataPlane & { scanner: Scanner };
  memory: InboxMemory;
  folder: string;
  settings: InboxSettings;
  config: TenantConfig;
  configVersion: number;
  suspended: boolean;
  /** The moment (`elapsed`). */
  now: number;
  /** Rounds at this moment until nothing more is to be done at once. */
  round(): Promise<void>;
  /** Looks, lets the time of holding still go by, looks again: whatever is complete is taken. */
  settle(): Promise<void>;
  /** Brings the batch's documents to rest, and settles it. */
  finish(batchId: string, outcome?: 'held' | 'quarantined'): Promise<void>;
  /** What was logged. */
  logged: { message: string; fields: LogFields }[];
  /** As after the death of the process: nothing is remembered. */
  forget(): void;
  path(...names: string[]): string;
  read(...names: string[]): Record<string, never>;
  has(...names: string[]): boolean;
  ls(...names: string[]): string[];
  end(): Promise<void>;
}

/** `folder`: a place of the test's own for the tenant's folder, which it removes itself. */
export async function inboxWorld(options: { folder?: string } = {}): Promise<InboxWorld> {
  const small = await smallPlane();
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'frostbyte-inbox-'));
  const logged: InboxWorld['logged'] = [];
  const world: InboxWorld = {
    plane: Object.assign(small.plane, {
      scanner: noScanner(),
      logger: recorder(logged),
      config: async () => ({ config: world.config, config_version: world.configVersion }),
    }),
    memory: new InboxMemory(),
    folder,
    settings: { stableMs: 10_000, waitingMs: 900_000, takenFiles: 'keep' },
    config: { ...DEFAULT_TENANT_CONFIG },
    configVersion: 1,
    suspended: false,
    now: 0,
    logged,
    async round() {
      const tenant = await open(folder);
      try {
        for (let more = true; more; ) {
          const { max_batch_size } = world.config;
          ({ more } = await inboxRound({
            plane: world.plane,
            tenant,
            memory: world.memory,
            settings: world.settings,
            current: { max_batch_size, config_version: world.configVersion },
            halted: () => world.suspended,
            wake: () => undefined,
            elapsed: () => world.now,
          }));
        }
      } finally {
        await tenant.close();
      }
    },
    async settle() {
      await world.round();
      world.now += world.settings.stableMs;
      small.clock.advance(world.settings.stableMs);
      await world.round();
    },
    async finish(batchId, outcome = 'quarantined') {
      const { records, clock } = small.plane;
      for (const { document } of await records.batchFiles(batchId)) {
        if (document?.state !== 'processing') continue;
        const job = {
          job_id: `${document.doc_id}.parse`,
          stage: 'parse',
          doc_id: document.doc_id,
          run: document.run,
        } as const;
        await records.startStage(job, clock.iso());
        await records.finishStage({ job, patch: {}, entries: [], at: clock.iso(), outcome });
      }
      small.clock.advance(1000);
      await settleBatch(small.plane, batchId);
    },
    forget: () => {
      world.memory = new InboxMemory();
    },
    path: (...names) => join(folder, ...names),
    read: (...names) => JSON.parse(readFileSync(join(folder, ...names), 'utf8')),
    has: (...names) => existsSync(join(folder, ...names)),
    ls: (...names) => readdirSync(join(folder, ...names)).sort(),
    async end() {
      await small.end();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}

function recorder(lines: InboxWorld['logged']): Logger {
  const log = (message: string, fields: LogFields = {}) => void lines.push({ message, fields });
  const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
  return logger;
}
