import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { postgresWorlds } from '../contract/record/postgres-world.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';

const KILLS = ALL_FAULTS ? 40 : 4;
const FILES = 60;

/** What must hold whatever was ended when: each finds the rows that offend. */
const RULES: Readonly<Record<string, string>> = {
  'a batch that is there is whole': `SELECT batch_id FROM batches b WHERE status <> 'receiving'
    AND (SELECT count(*) FROM receipts r WHERE r.batch_id = b.batch_id) <> ${FILES}`,
  'no batch stands half way': "SELECT batch_id FROM batches WHERE status = 'receiving'",
  'a receipt has its document': `SELECT receipt_id FROM receipts WHERE doc_id NOT IN (SELECT doc_id FROM documents)`,
  'a receipt has its event': `SELECT receipt_id FROM receipts r WHERE NOT EXISTS (SELECT 1 FROM audit_events e
    WHERE e.resource_id = r.doc_id AND e.event_type = 'DOCUMENT_INGESTED')`,
  'an event has its receipt': `SELECT event_id FROM audit_events e WHERE e.event_type = 'DOCUMENT_INGESTED'
    AND NOT EXISTS (SELECT 1 FROM receipts r WHERE r.doc_id = e.resource_id)`,
  'no event is told twice': `SELECT resource_id FROM audit_events GROUP BY resource_id, event_type HAVING count(*) > 1`,
  'events are numbered without a gap': 'SELECT 1 FROM audit_events HAVING count(*) <> coalesce(max(seq), 0)',
  'what is under way has its job': `SELECT doc_id FROM documents d WHERE state = 'processing' AND NOT EXISTS
    (SELECT 1 FROM outbox o WHERE o.doc_id = d.doc_id AND o.run = d.run AND o.stage = d.current_stage)`,
  'what is indexed is whole': `SELECT doc_id FROM documents d WHERE state = 'indexed'
    AND (SELECT count(*) FROM chunks c WHERE c.doc_id = d.doc_id) <> 20`,
  'nothing else is served': `SELECT chunk_id FROM chunks c WHERE NOT EXISTS
    (SELECT 1 FROM documents d WHERE d.doc_id = c.doc_id AND d.state = 'indexed' AND d.run = c.run)`,
  'a batch’s states are its documents’': `SELECT l.doc_id FROM document_batches l JOIN documents d USING (doc_id)
    WHERE l.state <> d.state`,
  'the total of documents is kept': `SELECT 1 WHERE (SELECT sum(entries) FROM tallies WHERE name = 'documents')
    <> (SELECT count(*) FROM documents)`,
  'the total of bytes is kept': `SELECT 1 WHERE (SELECT sum(bytes) FROM tallies WHERE name = 'documents')
    <> (SELECT sum(size_bytes) FROM documents)`,
  'the total of chunks is kept': `SELECT 1 WHERE (SELECT sum(entries) FROM tallies WHERE name = 'chunks')
    <> (SELECT count(*) FROM chunks)`,
};

const missing = stackMissing();

describe('PostgreSQL records under kills', { skip: missing ?? false, timeout: 600_000 }, () => {
  const make = missing === null ? postgresWorlds(testStack() as TestStack) : undefined;

  test(`a client killed ${KILLS} times in the middle of its writes leaves nothing half done, and nothing it was told is lost`, async (t) => {
    const { store, databases, database, dispose } = await make!();
    t.after(() => dispose());
    const random = seeded(23);
    const told = new Set<string>();
    const { host, port } = databases.owner;
    for (let kill = 0; kill < KILLS; kill++) {
      const child: ChildProcess = spawn(
        process.execPath,
        ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'write-until-killed.ts'), `k${kill}`],
        { stdio: ['pipe', 'pipe', 'inherit'] },
      );
      child.stdin!.end(JSON.stringify({ host, port, database, ...databases.role }));
      const lines = createInterface({ input: child.stdout! });
      const after = random.whole(1, 6);
      let heard = 0;
      for await (const line of lines) {
        told.add(line);
        heard += 1;
        // At any moment of what comes next: a batch takes some tens of milliseconds.
        if (heard === after) setTimeout(() => child.kill('SIGKILL'), random.whole(0, 40));
      }
      if (child.signalCode === null) await once(child, 'exit');
      assert.equal(child.signalCode, 'SIGKILL');
      await until('the end of what the client had begun', async () => {
        const left = await databases.asOwner(
          database,
          "SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND usename = $2 AND state <> 'idle'",
          [database, databases.role.user],
        );
        return left.length === 0;
      });
      for (const [rule, sql] of Object.entries(RULES)) {
        assert.deepEqual(await databases.asOwner(database, sql, undefined, 'records'), [], rule);
      }
    }
    for (const line of told) {
      const [kind, id] = line.split(' ') as [string, string];
      if (kind === 'batch') assert.equal((await store.receipts(id)).length, FILES, line);
      else assert.equal((await store.document(id))?.state, 'indexed', line);
    }
    assert.ok(told.size >= KILLS);
  });
});
