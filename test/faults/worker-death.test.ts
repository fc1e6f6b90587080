import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { childEntry } from '../../appliance/data/2-parse/sandbox/entry.ts';
import { checkLayers } from '../../appliance/data/2-parse/sandbox/layers.ts';
import { createParser, type Parser } from '../../appliance/data/2-parse/sandbox/parse-file.ts';
import { parseStage } from '../../appliance/data/2-parse/stage.ts';
import type { DataPlane } from '../../appliance/data/plane.ts';
import type { Stage } from '../../appliance/data/stage.ts';
import { createWorker } from '../../appliance/data/worker.ts';
import { RETRY_WAITS } from '../../appliance/kernel/pipeline.ts';
import { silentLogger } from '../../appliance/observability/logger.ts';
import { SUSPECT_LOSSES } from '../../appliance/stores/queue/port.ts';
import { smallPlane } from '../support/faults/small-plane.ts';
import { until } from '../support/faults/until.ts';

const HOSTILE = fileURLToPath(new URL('../fixtures/parser-sandbox/hostile.mjs', import.meta.url));

/** A stage that leaves the document to a person, so that a test needs no more stages than one. */
function stageOf(name: Stage['name'], run: Stage['run']): Stage {
  return { name, run, failed: parseStage.failed };
}
const held: Stage['run'] = async () => ({ kind: 'held', patch: {}, entries: [] });

function workerOf(name: string, plane: DataPlane, parse: Stage) {
  return createWorker({
    name,
    stages: { parse, policy: stageOf('policy', held), embed: stageOf('embed', held), index: stageOf('index', held) },
    planes: async () => [plane],
    isSuspended: () => false,
    concurrency: 2,
    leaseMs: 60_000,
    drainMs: 0,
    idleMs: 5,
  });
}

/** The plane as a process sees it that can be killed: from then on nothing it does reaches a store. */
function mortal(plane: DataPlane): { plane: DataPlane; kill(): void } {
  let dead = false;
  const guard = <T extends object>(store: T): T =>
    new Proxy(store, {
      get(target, name) {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return async (...words: unknown[]) => {
          if (dead) throw new Error('dead');
          return (member as (...all: unknown[]) => unknown).apply(target, words);
        };
      },
    });
  return {
    plane: { ...plane, records: guard(plane.records), queue: guard(plane.queue), objects: guard(plane.objects) },
    kill: () => {
      dead = true;
    },
  };
}

describe('a document that kills every worker that takes it', { timeout: 600_000 }, () => {
  it('ends as a WORKER_LOST dead letter, and no other document is held up or lost by it', async () => {
    const { plane, clock, receive, end } = await smallPlane();
    try {
      const [poison, ...others] = await receive('batch', [
        'poison',
        ...Array.from({ length: 8 }, (_, n) => `text ${n}`),
      ]);
      const lost = new Map<string, number>();
      let deaths = 0;
      let allOthersDoneAfter: number | null = null;
      for (; deaths < 40; deaths++) {
        const { plane: seen, kill } = mortal(plane);
        const atWork = new Set<string>();
        let died = false;
        const worker = workerOf(
          `worker ${deaths}`,
          seen,
          stageOf('parse', async ({ document, signal }) => {
            atWork.add(document.doc_id);
            if (document.doc_id === poison) {
              for (const id of atWork) lost.set(id, (lost.get(id) ?? 0) + 1);
              died = true;
              kill();
            }
            await wait(10, undefined, { signal }).catch(() => {});
            atWork.delete(document.doc_id);
            return held({} as never);
          }),
        );
        const running = worker.run();
        const state = async () => (await plane.records.document(poison!))?.state;
        await until(
          'a death or an end',
          async () => {
            // What rests becomes due by and by; the steps are small beside a lease.
            clock.advance(50);
            return died || (await state()) !== 'processing';
          },
          { everyMs: 2 },
        );
        await worker.stop();
        await running;
        if (!died) break;
        await plane.queue.releaseWorker(`worker ${deaths}`);
        const open = await Promise.all(
          others.map(async (id) => (await plane.records.document(id))?.state === 'processing'),
        );
        if (!open.includes(true)) allOthersDoneAfter ??= deaths + 1;
      }
      const document = await plane.records.document(poison!);
      assert.deepEqual([document?.state, document?.error?.code], ['parse_failed', 'WORKER_LOST']);
      const { rows } = await plane.records.deadLetters({ limit: 10 });
      assert.deepEqual(
        rows.map(({ resource_id, error, status }) => [resource_id, error.code, status]),
        [[poison, 'WORKER_LOST', 'pending_review']],
      );
      for (const id of others) {
        assert.equal((await plane.records.document(id))?.state, 'held');
        assert.ok((lost.get(id) ?? 0) <= SUSPECT_LOSSES, `a document died ${lost.get(id)} times with another`);
      }
      console.log(`# ${deaths} workers died, the others were done after ${allOthersDoneAfter} deaths`);
      assert.equal(deaths, 10);
      assert.ok(allOthersDoneAfter !== null && allOthersDoneAfter < deaths);
      assert.deepEqual(await plane.queue.depth(), { parse: 0, policy: 0, embed: 0, index: 0 });
    } finally {
      await end();
    }
  });
});

const { layers } = await checkLayers(['full'], childEntry(HOSTILE), { memoryLimitMb: 256, timeoutMs: 30_000 });
const missing = layers.layers.filter(({ state }) => state === 'missing').map(({ name }) => name);

describe('a document that eats its parser’s memory', {
  skip: missing.length > 0 && `this host lacks the layers ${missing.join(', ')}`,
}, () => {
  let honest: Parser;
  let hostile: Parser;
  before(() => {
    const common = { mode: 'full', timeoutMs: 60_000, logger: silentLogger } as const;
    honest = createParser({ ...common, memoryLimitMb: 512 });
    hostile = createParser({ ...common, memoryLimitMb: 128, childEntry: HOSTILE });
  });
  after(() => Promise.all([honest.close(), hostile.close()]));

  it('fails alone, after its retries, while the worker and the other documents go on', async () => {
    let hog = '';
    const parser: Parser = {
      ...honest,
      parse: (file, request, signal) => (request.doc_id === hog ? hostile : honest).parse(file, request, signal),
    };
    const { plane, clock, receive, end } = await smallPlane(parser);
    const worker = workerOf('worker', plane, parseStage);
    const running = worker.run();
    try {
      const ids = await receive('batch', [
        'heap',
        'A letter.\n\nThe crates arrived.\n',
        'Another letter.\n\nNo crates arrived.\n',
      ]);
      hog = ids[0]!;
      const others = ids.slice(1);
      for (const id of others) {
        await until('the others', async () => (await plane.records.document(id))?.state === 'held');
      }
      // Its retries wait for minutes: only this clock has to.
      const retried = async () => (await plane.records.document(hog))?.error?.retry_count ?? -1;
      for (const [n, ms] of RETRY_WAITS.parse.entries()) {
        await until(
          `failure ${n + 1}`,
          async () => (await retried()) >= n && (await plane.queue.nextDue(['parse'])) === ms,
        );
        clock.advance(ms);
        worker.wake();
      }
      const document = await until('the end of the hog', async () => {
        const row = await plane.records.document(hog);
        return row?.state === 'processing' ? null : row;
      });
      assert.deepEqual(
        [document.state, document.error?.code, document.error?.retry_count],
        ['parse_failed', 'PARSER_MEMORY', 3],
      );
      const { rows } = await plane.records.deadLetters({ limit: 10 });
      assert.deepEqual(
        rows.map(({ resource_id, error }) => [resource_id, error.code]),
        [[hog, 'PARSER_MEMORY']],
      );
    } finally {
      await worker.stop();
      await running;
      await end();
    }
  });
});
