import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, type TestContext, test } from 'node:test';
import type { AuditEvent } from '../../appliance/kernel/audit-event.ts';
import { canonicalJson } from '../../appliance/kernel/canonical-json.ts';
import { newId } from '../../appliance/kernel/ids.ts';
import type { AuditLog, LogEntry, LogFilter } from '../../appliance/stores/log/port.ts';
import { until } from '../support/faults/until.ts';

export const LOG_TENANT = 'acme';

export interface LogWorld {
  log: AuditLog;
  /** A second connection to the same log. */
  another(): AuditLog;
  dispose(): Promise<void>;
}

/** An event with its leaf; `n` is its minute. */
export function logged(n: number, change: Partial<AuditEvent> = {}, filename?: string): LogEntry {
  const event: AuditEvent = {
    event_id: newId(),
    tenant_id: LOG_TENANT,
    event_type: 'DOCUMENT_INGESTED',
    timestamp: new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString(),
    actor: 'system',
    resource_type: 'document',
    resource_id: 'doc_1',
    previous_event_id: null,
    ...change,
    details: { component: 'intake-gateway', status: 'success', ...change.details },
  };
  const leaf_hash = createHash('sha256').update(Buffer.of(0)).update(canonicalJson(event)).digest();
  return {
    event,
    leaf_hash,
    references: filename === undefined ? [] : [{ name: 'filename', salt: 'ab'.repeat(32), value: filename }],
  };
}

/** With the leaf as bytes of no other kind. */
const plain = (entry: LogEntry): LogEntry => ({ ...entry, leaf_hash: new Uint8Array(entry.leaf_hash) });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** What every audit log does, whatever it is built on. `make` gives an empty log of the tenant `acme`. */
export function logContract(name: string, make: () => Promise<LogWorld>): void {
  const world = async (t: TestContext): Promise<LogWorld> => {
    const made = await make();
    t.after(() => made.dispose());
    return made;
  };

  describe(`${name}: append`, () => {
    test('what was appended is read as it was, salts included, by a range', async (t) => {
      const { log } = await world(t);
      const entries = [logged(0, {}, 'herring.txt'), logged(1), logged(2, { resource_id: 'doc_2' }, 'rye.txt')];
      await log.append(entries);
      assert.deepEqual(await all(log.appended(0, 9)), entries.map(plain));
      assert.deepEqual(await all(log.appended(1, 2)), [plain(entries[1]!)]);
    });

    test('an empty log has size 0 and nothing in it', async (t) => {
      const { log } = await world(t);
      assert.equal(await log.size(), 0);
      assert.deepEqual(await log.append([]), []);
      assert.equal(await log.event(newId()), null);
      assert.deepEqual(await log.events({ sort: 'desc', limit: 5 }), { events: [], next: null });
      assert.equal(await log.count({}), 0);
      assert.deepEqual(await log.leaves(0, 10), []);
      await log.check();
    });

    test('positions grow from 0 without a gap, in the order given', async (t) => {
      const { log } = await world(t);
      assert.deepEqual(await log.append([logged(1), logged(2)]), [0, 1]);
      assert.deepEqual(await log.append([logged(0)]), [2]);
      assert.equal(await log.size(), 3);
    });

    test('an event comes back as it went in, so that its leaf can be computed again', async (t) => {
      const { log } = await world(t);
      const details = { chunk_ids: ['b', 'a'], nested: { z: 1, a: [true, null, 0.5] }, ünï: 'ß' } as never;
      const entry = logged(1, { details, previous_event_id: newId() }, 'näme.pdf');
      await log.append([entry]);
      const found = await log.event(entry.event.event_id);
      assert.deepEqual(found, { ...entry.event, log_index: 0, references: [{ name: 'filename', value: 'näme.pdf' }] });
      const { log_index, references, ...event } = found!;
      const leaf = createHash('sha256').update(Buffer.of(0)).update(canonicalJson(event)).digest();
      assert.deepEqual(await log.leaves(0, 1), [new Uint8Array(leaf)]);
      assert.deepEqual([log_index, references.length], [0, 1]);
    });

    test('an event that is there keeps its position, also among new ones and within one call', async (t) => {
      const { log } = await world(t);
      const [a, b, c] = [logged(1), logged(2), logged(3)];
      await log.append([a, b]);
      assert.deepEqual(await log.append([b, c, a, c]), [1, 2, 0, 2]);
      assert.equal(await log.size(), 3);
    });

    test('the same id with another content is refused, and nothing of that call is kept', async (t) => {
      const { log } = await world(t);
      const a = logged(1);
      await log.append([a]);
      const changed = logged(9, { event_id: a.event.event_id });
      await assert.rejects(log.append([logged(2), changed]), { code: 'AUDIT_CHAIN_BROKEN' });
      assert.equal(await log.size(), 1);
      assert.deepEqual((await log.event(a.event.event_id))?.timestamp, a.event.timestamp);
    });

    test('another tenant’s event is refused', async (t) => {
      const { log } = await world(t);
      await assert.rejects(log.append([logged(1), logged(2, { tenant_id: 'other' })]), { code: 'ISOLATION_VIOLATED' });
      assert.equal(await log.size(), 0);
    });

    test('a leaf that is no SHA-256 is refused', async (t) => {
      const { log } = await world(t);
      await assert.rejects(log.append([{ ...logged(1), leaf_hash: new Uint8Array(31) }]), { code: 'INTERNAL_ERROR' });
      assert.equal(await log.size(), 0);
    });

    test('two connections append into one order', async (t) => {
      const { log, another } = await world(t);
      const other = another();
      const places = await Promise.all(
        Array.from({ length: 20 }, (_, n) => (n % 2 ? log : other).append([logged(n), logged(n)])),
      );
      assert.deepEqual(
        places.flat().sort((x, y) => x - y),
        Array.from({ length: 40 }, (_, n) => n),
      );
      assert.equal(await other.size(), 40);
    });
  });

  describe(`${name}: reading`, () => {
    const filled = async (t: TestContext) => {
      const { log } = await world(t);
      const entries = Array.from({ length: 30 }, (_, n) =>
        logged(n, {
          event_type: n % 3 === 0 ? 'DOCUMENT_PARSED' : 'DOCUMENT_INGESTED',
          resource_id: `doc_${n % 5}`,
          resource_type: n % 10 === 0 ? 'batch' : 'document',
          actor: n % 4 === 0 ? 'usr_dana' : 'system',
          details: { component: 'intake-gateway', status: n % 6 === 0 ? 'failure' : 'success' },
        }),
      );
      await log.append(entries);
      return { log, events: entries.map(({ event }) => event) };
    };

    test('pages by cursor meet every event once, in both directions', async (t) => {
      const { log } = await filled(t);
      for (const sort of ['asc', 'desc'] as const) {
        const seen: number[] = [];
        let after: number | null | undefined;
        do {
          const page = await log.events({ sort, limit: 7, ...(after == null ? {} : { after }) });
          seen.push(...page.events.map(({ log_index }) => log_index));
          after = page.next;
        } while (after !== null);
        const all = Array.from({ length: 30 }, (_, n) => n);
        assert.deepEqual(seen, sort === 'asc' ? all : all.reverse());
      }
    });

    test('the last page has no next, also when it is full', async (t) => {
      const { log } = await filled(t);
      assert.equal((await log.events({ sort: 'asc', limit: 30 })).next, null);
      assert.equal((await log.events({ sort: 'asc', limit: 29 })).next, 28);
      assert.deepEqual(
        (await log.events({ sort: 'asc', limit: 2, offset: 3 })).events.map(({ log_index }) => log_index),
        [3, 4],
      );
    });

    test('every filter, alone and with others, finds what it names and counts it', async (t) => {
      const { log, events } = await filled(t);
      const at = (n: number) => events[n]!.timestamp;
      const filters: [LogFilter, (event: AuditEvent, position: number) => boolean][] = [
        [{ event_type: 'DOCUMENT_PARSED' }, (event) => event.event_type === 'DOCUMENT_PARSED'],
        [{ resource_id: 'doc_2' }, (event) => event.resource_id === 'doc_2'],
        [{ resource_type: 'batch' }, (event) => event.resource_type === 'batch'],
        [
          { resource_type: 'document', resource_id: 'doc_0' },
          (event) => event.resource_type === 'document' && event.resource_id === 'doc_0',
        ],
        [{ actor: 'usr_dana' }, (event) => event.actor === 'usr_dana'],
        [{ status: 'failure' }, (event) => event.details.status === 'failure'],
        [{ start_date: at(10) }, (event) => event.timestamp >= at(10)],
        [{ end_date: at(10) }, (event) => event.timestamp <= at(10)],
        [
          { start_date: at(5), end_date: at(9), actor: 'system' },
          (event) => event.timestamp >= at(5) && event.timestamp <= at(9) && event.actor === 'system',
        ],
        [{ start_date: '2026-01-01', end_date: '2026-01-01' }, () => true],
        [{ start_date: '2026-01-01T01:10:00+01:00' }, (event) => event.timestamp >= at(10)],
        [{ start_date: '2026-01-02' }, () => false],
        [{ event_type: "x' OR 1=1 --" }, () => false],
        [{ through: 7 }, (_, position) => position <= 7],
        [{ through: 7, actor: 'system' }, (event, position) => position <= 7 && event.actor === 'system'],
      ];
      for (const [filter, matches] of filters) {
        const expected = events.filter((event, position) => matches(event, position)).map(({ event_id }) => event_id);
        const page = await log.events({ ...filter, sort: 'asc', limit: 100 });
        assert.deepEqual(
          page.events.map(({ event_id }) => event_id),
          expected,
          JSON.stringify(filter),
        );
        assert.equal(await log.count(filter), expected.length, JSON.stringify(filter));
        const newest = await log.events({ ...filter, sort: 'desc', limit: 1 });
        assert.equal(newest.events[0]?.event_id, expected.at(-1), JSON.stringify(filter));
      }
      await assert.rejects(log.count({ start_date: 'soon' }), { code: 'VALIDATION_ERROR' });
    });

    test('within a range of time the order is that of time, whatever order the relay brought them in', async (t) => {
      const { log } = await world(t);
      // Two outboxes, relayed in turns: minutes do not grow with positions, and some are the same.
      const minutes = [10, 11, 3, 4, 12, 5, 5, 13, 5, 6];
      await log.append(minutes.map((n) => logged(n, { actor: n % 2 === 0 ? 'usr_dana' : 'system' })));
      const at = (n: number) => logged(n).event.timestamp;
      for (const [filter, matches] of [
        [{ start_date: at(4), end_date: at(12) }, (n: number) => n >= 4 && n <= 12],
        [{ start_date: at(5) }, (n: number) => n >= 5],
        [{ end_date: at(6), actor: 'system' }, (n: number) => n <= 6 && n % 2 === 1],
        [{ start_date: at(4), event_type: 'DOCUMENT_INGESTED' }, (n: number) => n >= 4],
        [{ start_date: at(4), resource_type: 'document', resource_id: 'doc_1' }, (n: number) => n >= 4],
      ] as const) {
        const expected = [...minutes.entries()]
          .filter(([, minute]) => matches(minute))
          .sort(([a, m], [b, n]) => m - n || a - b)
          .map(([place]) => place);
        for (const sort of ['asc', 'desc'] as const) {
          const seen: number[] = [];
          for (let after: number | null | undefined; after !== null; ) {
            const page = await log.events({ ...filter, sort, limit: 2, ...(after == null ? {} : { after }) });
            seen.push(...page.events.map(({ log_index }) => log_index));
            after = page.next;
          }
          assert.deepEqual(seen, sort === 'asc' ? expected : expected.toReversed(), JSON.stringify({ filter, sort }));
        }
      }
    });

    test('a resource’s events come in log order', async (t) => {
      const { log } = await filled(t);
      assert.deepEqual(
        (await log.resource('document', 'doc_1')).map(({ log_index }) => log_index),
        [1, 6, 11, 16, 21, 26],
      );
      assert.deepEqual(await log.resource('chunk', 'doc_1'), []);
    });

    test('reads of a document are the searches and reads that name it, newest first', async (t) => {
      const { log } = await world(t);
      const read = (type: string, doc_ids: unknown) =>
        logged(1, {
          event_type: type,
          resource_type: 'query',
          resource_id: newId(),
          details: { component: 'serving-api', status: 'success', doc_ids },
        });
      await log.append([
        read('RETRIEVAL_EXECUTED', ['doc_a', 'doc_b', 'doc_a']),
        read('CONTENT_READ', ['doc_b']),
        read('DOCUMENT_EXPORTED', ['doc_a']),
        read('RETRIEVAL_EXECUTED', 'doc_a'),
        read('CONTENT_READ', ['doc_a', 7]),
      ]);
      assert.deepEqual(
        (await log.readsOf('doc_a', 10)).map(({ log_index }) => log_index),
        [4, 0],
      );
      assert.deepEqual(
        (await log.readsOf('doc_a', 1)).map(({ log_index }) => log_index),
        [4],
      );
      assert.deepEqual(
        (await log.readsOf('doc_b', 10)).map(({ log_index }) => log_index),
        [1, 0],
      );
      assert.deepEqual(await log.readsOf('doc_c', 10), []);
    });

    test('a range streams in log order across its blocks, with references, while the log grows', async (t) => {
      const { log } = await world(t);
      await log.append(Array.from({ length: 1201 }, (_, n) => logged(n, {}, `f${n}`)));
      const seen: number[] = [];
      for await (const event of log.range(3, 1100)) {
        assert.equal(event.references[0]?.value, `f${event.log_index}`);
        seen.push(event.log_index);
        if (seen.length === 10) await log.append([logged(5000)]);
      }
      assert.deepEqual(
        seen,
        Array.from({ length: 1097 }, (_, n) => n + 3),
      );
      let rest = 0;
      for await (const event of log.range(1200, 9999)) rest += event.log_index;
      assert.equal(rest, 1200 + 1201);
      assert.equal((await log.leaves(1199, 5000)).length, 3);
      assert.deepEqual(await log.range(5, 5)[Symbol.asyncIterator]().next(), { done: true, value: undefined });
    });

    test('erased references are gone, leaves and other references stay, and relaying again does not bring them back', async (t) => {
      const { log } = await world(t);
      const mine = logged(1, { resource_id: 'doc_x' }, 'dana.pdf');
      const later = logged(2, { resource_id: 'doc_x' }, 'dana.pdf');
      const other = logged(3, { resource_id: 'doc_y' }, 'other.pdf');
      await log.append([mine, later, other]);
      const leaves = await log.leaves(0, 3);
      assert.equal(await log.eraseReferences('batch', 'doc_x'), 0);
      assert.equal(await log.eraseReferences('document', 'doc_x'), 2);
      assert.equal(await log.eraseReferences('document', 'doc_x'), 0);
      // The server may be at the table on its own account just then.
      await until('the references to be scrubbed', () => log.scrub());
      await log.append([mine]);
      assert.deepEqual((await log.event(mine.event.event_id))?.references, []);
      const since = [logged(8, { resource_id: 'doc_x' }, 'l.pdf'), logged(9, { resource_id: 'doc_x' }, 'm.pdf')];
      const [place] = await log.append(since);
      assert.equal(await log.eraseReferences('document', 'doc_x', place! - 1), 0);
      assert.equal(await log.eraseReferences('document', 'doc_x', place), 1, 'only up to that place');
      assert.equal((await log.event(since[1]!.event.event_id))?.references[0]?.value, 'm.pdf');
      assert.equal((await log.event(other.event.event_id))?.references[0]?.value, 'other.pdf');
      assert.deepEqual(await log.leaves(0, 3), leaves);
    });
  });
}
