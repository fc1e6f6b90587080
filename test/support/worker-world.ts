import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { auditEntry } from '../../appliance/audit/entry.ts';
import type { DataPlane } from '../../appliance/data/plane.ts';
import type { Stage, StageContext, StageResult } from '../../appliance/data/stage.ts';
import { createWorker, type Worker, type WorkerOptions } from '../../appliance/data/worker.ts';
import { NEXT_STAGE, WORK_STAGES, type WorkStage } from '../../appliance/kernel/pipeline.ts';
import type { Meter } from '../../appliance/kernel/telemetry.ts';
import { silentLogger } from '../../appliance/observability/logger.ts';
import { openSqliteQueue } from '../../appliance/stores/queue/sqlite.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { arrival, chunksOf, idOf, TENANT } from '../contract/record/builders.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

/** A worker over real SQLite stores in a temporary folder, with stages that do what a test says. */
export interface WorkerWorld {
  clock: ManualClock;
  planes: DataPlane[];
  suspended: Set<string>;
  /** What each stage does; without an entry it succeeds. */
  behave: Partial<
    Record<
      WorkStage,
      (context: StageContext, attempt: number) => Promise<StageResult | undefined> | StageResult | undefined
    >
  >;
  /** Every run of a stage: `tenant stage doc`. */
  ran: { tenant: string; stage: WorkStage; doc: string }[];
  worker(options?: Partial<WorkerOptions>): Worker;
  /** Runs a worker until `done` says so, then stops it. */
  until(done: () => Promise<boolean> | boolean, options?: Partial<WorkerOptions>): Promise<void>;
}

const meter = new Proxy({}, { get: () => () => undefined }) as Meter;

export async function workerWorld(t: TestContext, tenants: readonly string[] = [TENANT]): Promise<WorkerWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-worker-'));
  const clock = manualClock();
  // The stages here make no vectors; what the worker takes away is all there is to see.
  const vectors = {
    read: async () => new Map(),
    upsert: async () => {},
    removeDocument: async () => [],
    check: async () => undefined,
  };
  const planes = tenants.map(
    (tenant_id) =>
      ({
        tenant_id,
        records: openSqliteRecords(join(folder, `${tenant_id}.records.sqlite`), { tenant_id, clock }),
        queue: openSqliteQueue(join(folder, `${tenant_id}.queue.sqlite`), { clock }),
        vectors,
        indexes: [vectors, vectors],
        objects: { check: async () => undefined },
        clock,
        logger: silentLogger,
        meter,
      }) as unknown as DataPlane,
  );
  const ran: WorkerWorld['ran'] = [];
  const behave: WorkerWorld['behave'] = {};
  const suspended = new Set<string>();
  const attempts = new Map<string, number>();
  const stage = (name: WorkStage): Stage => ({
    name,
    async run(context) {
      const key = `${context.plane.tenant_id} ${name} ${context.document.doc_id}`;
      const attempt = (attempts.get(key) ?? 0) + 1;
      attempts.set(key, attempt);
      ran.push({ tenant: context.plane.tenant_id, stage: name, doc: context.document.doc_id });
      return (await behave[name]?.(context, attempt)) ?? success(name, context);
    },
    failed: (plane, document, { code, retry_count }) => [
      auditEntry(
        plane.clock,
        name === 'parse' ? 'DOCUMENT_PARSE_FAILED' : name === 'policy' ? 'POLICY_GATE_FAILED' : 'EMBEDDING_FAILED',
        {
          tenant_id: plane.tenant_id,
          actor: 'system',
          resource_id: document.doc_id,
          status: 'failure',
          adds: { error_code: code, retry_count },
        },
      ),
    ],
  });
  const stages = Object.fromEntries(WORK_STAGES.map((name) => [name, stage(name)])) as Record<WorkStage, Stage>;
  const worker = (options: Partial<WorkerOptions> = {}) =>
    createWorker({
      name: 'w',
      stages,
      planes: async () => planes,
      isSuspended: (id) => suspended.has(id),
      concurrency: 1,
      leaseMs: 60_000,
      drainMs: 0,
      idleMs: 5,
      ...options,
    });
  t.after(async () => {
    for (const plane of planes) {
      await plane.records.close();
      await plane.queue.close();
    }
    await rm(folder, { recursive: true, force: true });
  });
  return {
    clock,
    planes,
    suspended,
    behave,
    ran,
    worker,
    async until(done, options) {
      const one = worker(options);
      const running = one.run();
      const deadline = Date.now() + 10_000;
      while (!(await done()) && Date.now() < deadline) await new Promise((resolve) => setImmediate(resolve));
      await one.stop();
      await running;
      if (Date.now() >= deadline) throw new Error('it never came to that');
    },
  };
}

/** What a stage that went well says. */
export function success(name: WorkStage, { document, plane }: StageContext): StageResult {
  if (NEXT_STAGE[name] !== null)
    return { kind: 'advance', patch: name === 'parse' ? { canonical_sha256: 'c'.repeat(64) } : {}, entries: [] };
  const written = auditEntry(plane.clock, 'INDEX_WRITTEN', {
    tenant_id: plane.tenant_id,
    actor: 'system',
    resource_id: document.doc_id,
  });
  return {
    kind: 'published',
    publication: {
      ...ofTenant(plane.tenant_id, chunksOf(document.doc_id, [{ text: `text of ${document.doc_id}` }])),
      patch: { chunks_indexed: 1 },
      entries: [written],
      index_event_id: written.event.event_id,
    },
  };
}

/** Takes one accepted document in at any tenant and returns its id. */
export async function receiveFor({ tenant_id, records }: DataPlane, content: string): Promise<string> {
  await records.receive(ofTenant(tenant_id, arrival(`batch-${content}`, [{ file_id: 'a', content }])));
  return idOf(content);
}

/** Rows of the record builders, made another tenant's. */
function ofTenant<T>(tenant: string, rows: T): T {
  return JSON.parse(JSON.stringify(rows).replaceAll(`"${TENANT}"`, `"${tenant}"`)) as T;
}
