import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { entryHash, type LedgerEntry, verifyLedger } from '../../../../appliance/control/ledger/entries.ts';
import { replayLedger } from '../../../../appliance/control/ledger/replay.ts';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { type ControlWorld, controlWorld, makeTenant } from '../../../support/control/control-fixture.ts';

const all = async ({ control }: ControlWorld): Promise<LedgerEntry[]> =>
  (await control.ledger({ after: 0, limit: 1000 })).entries;

/** A life with everything that the ledger remembers, but erasures. */
async function life(t: Parameters<typeof controlWorld>[0]): Promise<{ world: ControlWorld; jti: string }> {
  const world = await controlWorld(t);
  const { control } = world;
  await control.start();
  for (const tenant_id of ['acme', 'beta']) await makeTenant(control, { tenant_id });
  const document = { scope: 'document', resource_id: 'doc_1111111111111111' } as const;
  await control.setHold('acme', document, 'r', 'frode');
  await control.setHold('acme', { scope: 'tenant' }, 'r', 'frode');
  await control.liftHold('acme', document, 'r', 'frode');
  const { jti } = await control.issueToken({ subject: 'ella', role: 'auditor' }, 'frode');
  await control.revokeTokens({ jti }, 'left', 'frode');
  await control.suspend('acme', { reason: 'r', notify_tenant: false }, 'frode');
  await control.suspend('beta', { reason: 'r', notify_tenant: false }, 'frode');
  await control.resume('acme', { reason: 'r' }, 'frode');
  await control.deprovision('beta', { reason: 'r', confirm: true, confirm_tenant_id: 'beta' }, 'frode');
  await control.idle();
  return { world, jti };
}

test('holds, suspensions, revocations and deletions stand in the ledger, chained, with the event that tells the same', async (t) => {
  const { world, jti } = await life(t);
  const entries = await all(world);
  assert.deepEqual(
    entries.map(({ seq, kind, tenant_id, resource_id }) => [seq, kind, tenant_id, resource_id]),
    [
      [1, 'hold_set', 'acme', 'doc_1111111111111111'],
      [2, 'hold_set', 'acme', 'acme'],
      [3, 'hold_lifted', 'acme', 'doc_1111111111111111'],
      [4, 'tokens_revoked', '_appliance', '_appliance'],
      [5, 'tenant_suspended', 'acme', 'acme'],
      [6, 'tenant_suspended', 'beta', 'beta'],
      [7, 'tenant_resumed', 'acme', 'acme'],
      [8, 'tenant_deleted', 'beta', 'beta'],
    ],
  );
  assert.equal(verifyLedger(entries).valid, true);
  await world.control.relayNow();
  const events = new Map(
    [...world.logs.values()].flatMap(({ entries: log }) => log.map(({ event }) => [event.event_id, event])),
  );
  for (const { event_id, at } of entries) assert.equal(events.get(event_id)?.timestamp, at);
  assert.ok(!JSON.stringify(entries).includes('frode') && !JSON.stringify(entries).includes('ella'), 'ids only');

  const state = replayLedger(entries);
  assert.deepEqual(state, {
    erased: [],
    holds: [
      {
        hold_id: entries[1]!.details.hold_id,
        tenant_id: 'acme',
        scope: 'tenant',
        resource_id: 'acme',
        at: entries[1]!.at,
      },
    ],
    suspended: [],
    deleted: ['beta'],
    revoked: [jti],
    epochs: { acme: 2, beta: 2 },
  });
  assert.deepEqual(replayLedger(entries.slice(0, 6)).suspended, ['acme', 'beta']);
});

test('a page goes on behind a place; a tenant sees its own lines', async (t) => {
  const { world } = await life(t);
  const page = await world.control.ledger({ after: 3, limit: 2 });
  assert.deepEqual([page.entries.map(({ seq }) => seq), page.total], [[4, 5], 8]);
  const own = await world.control.ledger({ tenant_id: 'beta', after: 6, limit: 9 });
  assert.deepEqual([own.entries.map(({ seq }) => seq), own.total], [[8], 2]);
});

test('an entry cannot be changed, deleted, replaced or put in between, not even directly', async (t) => {
  const { world } = await life(t);
  const before = await all(world);
  const db = new Database(controlPaths(world.folder).registry);
  t.after(() => db.close());
  for (const sql of [
    "UPDATE ledger SET kind = 'tenant_resumed'",
    'DELETE FROM ledger',
    'REPLACE INTO ledger SELECT * FROM ledger WHERE seq = 8',
    "INSERT INTO ledger SELECT seq + 2, kind, tenant_id, resource_id, at, details, 'other', hash, hash FROM ledger WHERE seq = 8",
    "INSERT INTO ledger SELECT seq + 1, kind, tenant_id, resource_id, at, details, 'other', previous_hash, hash FROM ledger WHERE seq = 8",
    'INSERT INTO ledger SELECT seq + 1, kind, tenant_id, resource_id, at, details, event_id, hash, hash FROM ledger WHERE seq = 8',
  ]) {
    assert.throws(() => db.exec(sql), { code: 'SQLITE_CONSTRAINT_TRIGGER' }, sql);
  }
  assert.deepEqual(await all(world), before);
});

test('a ledger in which anything was changed, left out, moved or added is found out, at its place', async (t) => {
  const { world } = await life(t);
  const entries = await all(world);
  const changed = (at: number, change: Partial<LedgerEntry>) =>
    entries.map((entry, place) => (place === at ? { ...entry, ...change } : entry));
  const forged = { ...entries[4]!, kind: 'tenant_resumed' as const };
  const cases: [string, LedgerEntry[], number, string][] = [
    ['another kind', changed(4, { kind: 'tenant_resumed' }), 5, 'hash'],
    ['another time', changed(2, { at: '2020-01-01T00:00:00.000Z' }), 3, 'hash'],
    ['its own hash renewed', changed(4, { ...forged, hash: entryHash(forged) }), 6, 'previous_hash'],
    ['one left out', entries.toSpliced(3, 1), 5, 'place'],
    ['two exchanged', [entries[1]!, entries[0]!, ...entries.slice(2)], 2, 'place'],
    ['the first left out', entries.slice(1), 2, 'place'],
  ];
  for (const [what, ledger, seq, problem] of cases) {
    const { valid, breaks } = verifyLedger(ledger);
    assert.deepEqual([what, valid, breaks[0]], [what, false, { seq, problem }]);
  }
  assert.equal(verifyLedger([]).valid, true);
  assert.equal(verifyLedger(entries).head, entries.at(-1)!.hash);
});
