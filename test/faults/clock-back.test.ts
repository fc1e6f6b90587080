import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { relayEvents } from '../../appliance/audit/relay.ts';
import { heldClock } from '../../appliance/bin/wire/held-clock.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { WORK_STAGES } from '../../appliance/kernel/pipeline.ts';
import { openSqliteLog } from '../../appliance/stores/log/sqlite.ts';
import { jobId } from '../../appliance/stores/queue/port.ts';
import { openSqliteQueue } from '../../appliance/stores/queue/sqlite.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { arrival, entry, TENANT } from '../contract/record/builders.ts';
import { controlWorld, makeTenant } from '../support/control/control-fixture.ts';

/** The host's clock is set back (spec 1, guarantee 10): time in the appliance goes on. */

const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 5, 1, 12);

/** A host whose clock can be set, beside the time that really goes by. */
function fakeHost(start = NOON) {
  let host = start;
  let gone = 0;
  return {
    read: () => host,
    elapsed: () => gone,
    /** Time goes by, on the host's clock too. */
    pass(ms: number) {
      host += ms;
      gone += ms;
    },
    /** Somebody sets the host's clock. */
    set(ms: number) {
      host += ms;
    },
  };
}

describe('a host whose clock is set back', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-clock-'));
  });
  after(() => rm(folder, { recursive: true }));

  it('never turns the clock of a process back, nor stops it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(HOUR), fc.integer({ min: -HOUR * 24, max: HOUR }))), (steps) => {
        const host = fakeHost();
        const clock = systemClock(host.read, { elapsed: host.elapsed });
        let last = clock.now();
        for (const [ms, change] of steps) {
          host.set(change);
          host.pass(ms);
          const now = clock.now();
          assert.ok(now >= last + Math.floor(ms / 2) - 1, `${now - last} went by of ${ms}`);
          assert.ok(now >= host.read());
          last = now;
        }
      }),
    );
  });

  it('is right again once it has caught up', () => {
    const host = fakeHost();
    const clock = systemClock(host.read, { elapsed: host.elapsed });
    clock.now();
    host.set(-HOUR);
    for (let n = 0; n < 120; n++) {
      host.pass(60_000);
      clock.now();
    }
    assert.equal(clock.now(), host.read());
  });

  it('does not reach the next process on the folder either', () => {
    const host = fakeHost();
    const file = join(folder, 'clock');
    const first = heldClock(file, host.read, host.elapsed);
    host.pass(HOUR);
    const late = first.now();
    first.keep();
    host.set(-24 * HOUR);
    const second = heldClock(file, host.read, host.elapsed);
    assert.ok(second.now() >= late);
    host.pass(1000);
    second.keep();
    // A process that began before and knows less does not take back what is kept.
    heldClock(join(folder, 'elsewhere'), host.read, host.elapsed).keep();
    assert.ok(heldClock(file, () => 0, host.elapsed).now() > late);
  });

  it('is believed where what was kept is no time', async () => {
    const { writeFile } = await import('node:fs/promises');
    const host = fakeHost();
    for (const rubbish of ['', 'noon', '-5', '1e99', '9'.repeat(40)]) {
      await writeFile(join(folder, 'rubbish'), rubbish);
      assert.equal(heldClock(join(folder, 'rubbish'), host.read, host.elapsed).now(), NOON);
    }
  });

  it('brings no expired token back to life, not even across a restart', async (t) => {
    const host = fakeHost();
    const file = join(folder, 'token-clock');
    const clock = heldClock(file, host.read, host.elapsed);
    const world = await controlWorld(t, { clock });
    const { token } = await world.control.issueToken({ subject: 'frode', role: 'admin', ttl_seconds: 600 }, 'operator');
    assert.equal((await world.control.authenticate(token)).subject, 'frode');
    host.pass(599_000);
    assert.equal((await world.control.authenticate(token)).subject, 'frode');
    host.pass(2000);
    await assert.rejects(world.control.authenticate(token), { code: 'TOKEN_EXPIRED' });
    host.set(-HOUR);
    await assert.rejects(world.control.authenticate(token), { code: 'TOKEN_EXPIRED' });
    clock.keep();
    await world.control.stop();
    const again = await world.again({ clock: heldClock(file, host.read, host.elapsed) });
    await assert.rejects(again.authenticate(token), { code: 'TOKEN_EXPIRED' });
    // And a new token is good at once, not when the host has caught up.
    const next = await again.issueToken({ subject: 'frode', role: 'admin', ttl_seconds: 600 }, 'operator');
    assert.equal((await again.authenticate(next.token)).subject, 'frode');
  });

  it('lengthens no look at content: a grant that is over stays over, and a live one ends, restarts or not', async (t) => {
    const host = fakeHost();
    const file = join(folder, 'glass-clock');
    const clock = heldClock(file, host.read, host.elapsed);
    const world = await controlWorld(t, { clock });
    await world.control.start();
    const tenant = await makeTenant(world.control);
    const standing = async (control: typeof world.control) =>
      (await control.breakGlassStanding(tenant, 'frode')).grant !== null;
    await world.control.openBreakGlass(tenant, { reason: 'ticket', minutes: 15 }, 'frode');
    host.pass(15 * 60_000);
    assert.equal(await standing(world.control), false);
    host.set(-24 * HOUR);
    assert.equal(await standing(world.control), false);
    clock.keep();
    await world.control.stop();
    const again = await world.again({ clock: heldClock(file, host.read, host.elapsed) });
    assert.equal(await standing(again), false, 'a day earlier, in a new process');
    // The process died before it kept the time: what was once refused is noted with the grant.
    const forgetful = await world.again({ clock: heldClock(join(folder, 'no-clock'), host.read, host.elapsed) });
    assert.equal(await standing(forgetful), false, 'without a memory of time');

    // The host is a day behind: the clock goes at half speed, so a grant lasts twice its minutes and no longer.
    await again.openBreakGlass(tenant, { reason: 'another', minutes: 15 }, 'frode');
    assert.equal(await standing(again), true, 'a new grant is good at once');
    host.pass(29 * 60_000);
    assert.equal(await standing(again), true);
    host.set(-HOUR);
    host.pass(61_000);
    assert.equal(await standing(again), false);
  });

  it('takes no lease away and keeps none for ever', async () => {
    const host = fakeHost();
    const clock = systemClock(host.read, { elapsed: host.elapsed });
    const queue = openSqliteQueue(join(folder, 'queue.sqlite'), { clock });
    const doc_id = 'doc_0000000000000001';
    await queue.add([{ job_id: jobId(doc_id, 1, 'parse'), stage: 'parse', doc_id, run: 1 }]);
    const held = await queue.claim(WORK_STAGES, 'first', 60_000);
    host.set(-HOUR);
    assert.equal(await queue.claim(WORK_STAGES, 'second', 60_000), null);
    host.pass(30_000);
    assert.equal(await queue.extend(held!, 60_000), true);
    assert.equal(await queue.claim(WORK_STAGES, 'second', 60_000), null);
    // The first one dies; half speed makes a minute two.
    host.pass(121_000);
    assert.equal((await queue.claim(WORK_STAGES, 'second', 60_000))?.doc_id, doc_id);
    await queue.close();
  });

  it('leaves every timestamp in order, and the log in the order of its positions', async () => {
    const host = fakeHost();
    const file = join(folder, 'record-clock');
    const records = join(folder, 'records.sqlite');
    const log = openSqliteLog(join(folder, 'log.sqlite'), {
      tenant_id: TENANT,
      clock: systemClock(host.read, { elapsed: host.elapsed }),
    });
    const told: string[] = [];
    for (const [n, change] of [0, -HOUR, -24 * HOUR, HOUR].entries()) {
      host.set(change);
      // Each round is a process of its own.
      const clock = heldClock(file, host.read, host.elapsed);
      const store = openSqliteRecords(records, { tenant_id: TENANT, clock });
      for (let m = 0; m < 3; m++) {
        host.pass(1000);
        const at = clock.iso();
        const batch = arrival(`batch-${n}-${m}`, [{ file_id: 'a', content: `${n} ${m}` }], { at });
        for (const { event } of batch.files.map((each) => each.entry)) event.timestamp = at;
        batch.entries = batch.entries.map((each) => ({ ...each, event: { ...each.event, timestamp: at } }));
        await store.receive(batch);
        await store.appendEntries([stamped(at)]);
      }
      await relayEvents(store, log);
      const { rows } = await store.batches({ limit: 100 });
      assert.deepEqual(
        rows.map(({ submitted_at }) => submitted_at),
        rows
          .map(({ submitted_at }) => submitted_at)
          .toSorted()
          .reverse(),
      );
      clock.keep();
      await store.close();
    }
    let next = 0;
    for await (const event of log.range(0, await log.size())) {
      assert.equal(event.log_index, next++);
      told.push(event.timestamp);
    }
    assert.equal(next, 4 * 3 * 3);
    assert.deepEqual(told, told.toSorted(), 'a timestamp runs backwards');
    await log.close();
  });

  function stamped(at: string) {
    const told = entry('RETRIEVAL_EXECUTED', 'query', `query-${at}`);
    return { ...told, event: { ...told.event, timestamp: at } };
  }
});
