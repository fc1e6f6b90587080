import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type LedgerEntry, verifyLedger } from '../../../../appliance/control/ledger/entries.ts';
import { appendLedger, readLedger } from '../../../../appliance/control/ledger/ledger.ts';
import { openRegistry, type Registry } from '../../../../appliance/control/registry/open.ts';
import { joinLedgers, parseLedger, takeLines } from '../../../../appliance/control/restore/take-ledger.ts';
import { systemClock } from '../../../../appliance/kernel/clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'frostbyte-ledger-'));
const opened: Registry[] = [];
after(() => {
  for (const registry of opened) registry.close();
  rmSync(folder, { recursive: true });
});

/** A registry whose ledger tells of these documents, erased one after the other. */
function registryOf(name: string, documents: readonly string[]): Registry {
  const registry = openRegistry(join(folder, name), systemClock());
  opened.push(registry);
  for (const [at, resource_id] of documents.entries()) {
    registry.write(() =>
      appendLedger(registry, {
        kind: 'document_erased',
        tenant_id: 'acme',
        resource_id,
        at: `2026-01-01T00:00:0${at}.000Z`,
        details: {},
        event_id: `event-${resource_id}`,
      }),
    );
  }
  return registry;
}

const all = (registry: Registry): LedgerEntry[] => readLedger(registry, { after: 0, limit: 1000 });
const exported = (registry: Registry) =>
  parseLedger(
    all(registry)
      .map((line) => JSON.stringify(line))
      .join('\n'),
  );

test('a newer ledger goes on where the backup’s ends, and its chain goes on behind it', () => {
  const lived = registryOf('lived', ['a', 'b', 'c', 'd']);
  const backup = registryOf('backup', ['a', 'b']);
  const joined = joinLedgers(backup, exported(lived));
  assert.deepEqual(
    joined.added.map(({ resource_id }) => resource_id),
    ['c', 'd'],
  );
  assert.equal(joined.until, '2026-01-01T00:00:03.000Z');
  backup.write(() => takeLines(backup, joined.added));
  backup.write(() => appendLedger(backup, { ...joined.added[0]!, event_id: 'later', resource_id: 'e' }));
  assert.deepEqual(
    all(backup).map(({ resource_id }) => resource_id),
    ['a', 'b', 'c', 'd', 'e'],
  );
  assert.equal(verifyLedger(all(backup)).valid, true);
});

test('an older ledger adds nothing; none adds nothing', () => {
  const backup = registryOf('newer', ['a', 'b', 'c']);
  assert.deepEqual(joinLedgers(backup, exported(registryOf('older', ['a']))).added, []);
  const alone = joinLedgers(backup, null);
  assert.deepEqual([alone.added, alone.entries.length], [[], 3]);
});

test('a ledger that tells another story, lacks a line or was changed is refused', () => {
  const backup = registryOf('refusing', ['a', 'b']);
  const lived = exported(registryOf('whole', ['a', 'b', 'c']));
  assert.throws(() => joinLedgers(backup, exported(registryOf('foreign', ['a', 'x', 'c']))), /not of this appliance/);
  assert.throws(() => joinLedgers(backup, lived.slice(1)), /AUDIT_CHAIN_BROKEN|broken/);
  assert.throws(() => joinLedgers(backup, [lived[0]!, lived[2]!]), /broken/);
  const changed = lived.map((line) => ({ ...line }));
  changed[2]!.resource_id = 'y';
  assert.throws(() => joinLedgers(backup, changed), /broken/);
  assert.throws(() => parseLedger('{"seq": 1}\nno json'), /VALIDATION_ERROR|JSON Lines/);
});
