import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sweepUploads } from '../../../../../appliance/data/1-intake/uploads/sweep-uploads.ts';
import { segmentKey } from '../../../../../appliance/data/keys.ts';
import { newId } from '../../../../../appliance/kernel/ids.ts';
import { type IntakeWorld, intakeWorld } from '../../../../support/intake.ts';
import { type Tus, tusOf } from '../../../../support/tus.ts';

const HOUR = 3_600_000;
const using = (work: (world: IntakeWorld, tus: Tus) => Promise<void>) => async () => {
  const world = await intakeWorld();
  try {
    await work(world, tusOf(world, { keepMs: 10 * HOUR }));
  } finally {
    await world.end();
  }
};

describe('the sweep of uploads', () => {
  it(
    'ends what nothing was added to for so long, open or finished, with its bytes and one event each',
    using(async (world, tus) => {
      const { plane, records } = world;
      const open = await tus.begin(10);
      await tus.append(open, 0, 'abc');
      await tus.send('whole');
      plane.clock.advance(9 * HOUR);
      const young = await tus.begin(3);
      assert.deepEqual(await sweepUploads(plane), { uploads: 0, objects: 0 });
      plane.clock.advance(HOUR);
      assert.deepEqual(await sweepUploads(plane), { uploads: 2, objects: 2 });
      assert.deepEqual(await sweepUploads(plane), { uploads: 0, objects: 0 });
      assert.deepEqual(await world.keys('uploads/'), []);
      assert.deepEqual(
        (await records.uploads({ limit: 9 })).rows.map(({ upload_id }) => upload_id),
        [young],
      );
      const ended = (await records.pendingEvents(99)).filter(({ event }) => event.event_type === 'UPLOAD_DELETED');
      assert.deepEqual(
        ended.map(({ event }) => [event.actor, event.details.cause]),
        [
          ['system', 'expired'],
          ['system', 'expired'],
        ],
      );
    }),
  );

  it(
    'removes at once what lies under no upload, as a crash between the rows and the objects leaves it',
    using(async (world, tus) => {
      const { plane, objects } = world;
      const kept = await tus.send('whole');
      await objects.put(segmentKey('acme', newId(), 0, 'aa'), Buffer.from('left over'));
      assert.deepEqual(await sweepUploads(plane), { uploads: 0, objects: 1 });
      assert.equal((await world.keys(`uploads/acme/${kept}/`)).length, 1);
    }),
  );

  it(
    'removes a segment that was written and never recorded, but not in the moment between the two',
    using(async (world, tus) => {
      const { plane, objects } = world;
      const id = await tus.begin(10);
      await tus.append(id, 0, 'abc');
      await objects.put(segmentKey('acme', id, 3, 'aa'), Buffer.from('never recorded'));
      assert.deepEqual(await sweepUploads(plane), { uploads: 0, objects: 0 });
      plane.clock.advance(HOUR);
      assert.deepEqual(await sweepUploads(plane), { uploads: 0, objects: 1 });
      assert.equal((await world.keys('uploads/')).length, 1);
      await tus.append(id, 3, 'defghij');
      assert.equal(await tus.offset(id), 10);
    }),
  );
});
