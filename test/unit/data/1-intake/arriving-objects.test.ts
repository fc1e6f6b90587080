import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { receiveBatch } from '../../../../appliance/data/1-intake/receive-batch.ts';
import { FrostbyteError, isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { batchRequest, type GivenFile, type IntakeWorld, intakeWorld } from '../../../support/intake.ts';

const file = (n: number | string): GivenFile => ({
  file_id: `f${n}`,
  filename: `${n}.txt`,
  content: `File number ${n}.`,
});
const using = (work: (world: IntakeWorld) => Promise<void>) => async () => {
  const world = await intakeWorld();
  try {
    await work(world);
  } finally {
    await world.end();
  }
};
/** The intake of a world whose record store answers `receive` in its own way. */
const receiving = ({ plane }: IntakeWorld, receive: IntakeWorld['records']['receive']): IntakeWorld['plane'] => ({
  ...plane,
  records: { ...plane.records, receive },
});
const quota = () => Promise.reject(new FrostbyteError('QUOTA_EXCEEDED', 'Full.'));
/** Keys of raw objects, and those that a document points to. */
async function rawAndKnown({ keys, records }: IntakeWorld) {
  const { rows } = await records.documents({ limit: 100 });
  return [(await keys('raw/')).toSorted(), rows.map(({ storage_path }) => storage_path).toSorted()];
}

describe('a batch that is refused when it is recorded', () => {
  it(
    'leaves no object: where the quota is full by then',
    using(async (world) => {
      const refused = receiveBatch(receiving(world, quota), batchRequest([file(1), file(2)]));
      await assert.rejects(refused, (error) => isFrostbyteError(error, 'QUOTA_EXCEEDED'));
      assert.deepEqual(await world.keys(), []);
    }),
  );

  it(
    'leaves no object: where others were faster with its id, or it was cancelled',
    using(async (world) => {
      for (const kind of ['conflict', 'cancelled'] as const) {
        const refused = receiveBatch(
          receiving(world, async () => ({ kind })),
          batchRequest([file(1)]),
        );
        await assert.rejects(refused, (error) => error instanceof FrostbyteError);
        assert.deepEqual(await world.keys(), [], kind);
      }
    }),
  );

  it(
    'of several at once under one id one is kept, with its objects and no others',
    using(async (world) => {
      const tries = Array.from({ length: 6 }, (_, n) =>
        receiveBatch(world.plane, batchRequest([file(n), file('same')])),
      );
      const outcomes = await Promise.allSettled(tries);
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      const [raw, known] = await rawAndKnown(world);
      assert.equal(known!.length, 2);
      assert.deepEqual(raw, known);
    }),
  );

  it(
    'takes nothing from another batch that brings the same bytes, whichever of them ends first',
    using(async (world) => {
      for (const [round, order] of [
        ['late', ['refused', 'kept']],
        ['early', ['kept', 'refused']],
      ] as const) {
        const same = file(`same-${round}`);
        const turn = Promise.withResolvers<void>();
        // Each stands before its transaction until both have made their objects visible.
        let waiting = 0;
        const together = Promise.withResolvers<void>();
        const meet = async (name: string) => {
          if (++waiting === 2) together.resolve();
          await together.promise;
          if (order[1] === name) await turn.promise;
        };
        const refused = receiveBatch(
          receiving(world, async () => {
            await meet('refused');
            return quota();
          }),
          batchRequest([same], { batch_id: `refused-${round}` }),
        ).catch(() => undefined);
        const kept = receiveBatch(
          receiving(world, async (arrival) => {
            await meet('kept');
            return world.records.receive(arrival);
          }),
          batchRequest([same], { batch_id: `kept-${round}` }),
        );
        await (order[0] === 'refused' ? refused : kept);
        turn.resolve();
        await Promise.all([refused, kept]);
        const [raw, known] = await rawAndKnown(world);
        assert.deepEqual(raw, known, round);
      }
    }),
  );

  it(
    'keeps what may have been recorded although no answer came',
    using(async (world) => {
      const lost = receiving(world, async (arrival) => {
        await world.records.receive(arrival);
        throw new FrostbyteError('STORE_UNAVAILABLE', 'The answer was lost.');
      });
      await assert.rejects(receiveBatch(lost, batchRequest([file(1)])));
      const [raw, known] = await rawAndKnown(world);
      assert.deepEqual([raw!.length, raw], [1, known]);
    }),
  );
});
