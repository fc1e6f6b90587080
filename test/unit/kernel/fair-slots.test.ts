import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FairSlots } from '../../../appliance/kernel/fair-slots.ts';

/** Lets everything that was resolved go on. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('fair slots', () => {
  it('give as many as there are, of one name its share, and the rest as slots are given back', async () => {
    const slots = new FairSlots({ total: 3, each: 2, waiting: 10 });
    const [first, second] = [await slots.take('a'), await slots.take('a')];
    let third = false;
    void slots.take('a').then(() => (third = true));
    await settle();
    assert.equal(third, false, 'its share is used up');
    const other = await slots.take('b');
    first!();
    await settle();
    assert.equal(third, true);
    first!();
    second!();
    other!();
    assert.ok(await slots.take('c'), 'given back once, however often it is said');
  });

  it('come to who has fewest at work, not to who asked most', async () => {
    const slots = new FairSlots({ total: 2, each: 2, waiting: 10 });
    const held = [await slots.take('greedy'), await slots.take('greedy')];
    const order: string[] = [];
    for (const name of ['greedy', 'greedy', 'modest']) void slots.take(name).then(() => order.push(name));
    held[0]!();
    await settle();
    assert.deepEqual(order, ['modest']);
  });

  it('are taken in turns where there is one for all, also with who leaves and comes back', async () => {
    const slots = new FairSlots({ total: 1, each: 1, waiting: 100 });
    const order: string[] = [];
    let give = (await slots.take('greedy'))!;
    const ask = (name: string) =>
      void slots.take(name).then((release) => {
        order.push(name);
        give = release!;
      });
    for (let i = 0; i < 20; i++) ask('greedy');
    ask('one by one');
    ask('another');
    for (let i = 0; i < 12; i++) {
      give();
      await settle();
      if (order.at(-1) !== 'greedy') ask(order.at(-1)!);
    }
    for (const name of ['greedy', 'one by one', 'another'])
      assert.equal(order.filter((one) => one === name).length, 4, order.join(', '));
  });

  it('are refused where too many wait, and to nobody else', async () => {
    const slots = new FairSlots({ total: 1, each: 1, waiting: 1 });
    await slots.take('a');
    void slots.take('a');
    assert.equal(await slots.take('a'), null);
    let waits = true;
    void slots.take('b').then(() => (waits = false));
    await settle();
    assert.equal(waits, true);
  });

  it('are not given to who went away while waiting', async () => {
    const slots = new FairSlots({ total: 1, each: 1, waiting: 5 });
    const held = await slots.take('a');
    const leaving = new AbortController();
    const left = slots.take('a', leaving.signal);
    const stays = slots.take('a');
    leaving.abort(new Error('gone'));
    await assert.rejects(left, /gone/);
    held!();
    assert.ok(await stays);
    await assert.rejects(slots.take('a', AbortSignal.abort(new Error('gone before'))), /gone before/);
  });

  it('are never more than there are, and all are given in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        async (names, total, each) => {
          const slots = new FairSlots({ total, each, waiting: 100 });
          const working = new Map<string, number>();
          let [all, done] = [0, 0];
          await Promise.all(
            names.map(async (name) => {
              const release = await slots.take(name);
              working.set(name, (working.get(name) ?? 0) + 1);
              all += 1;
              assert.ok(all <= total && working.get(name)! <= each);
              await Promise.resolve();
              working.set(name, working.get(name)! - 1);
              all -= 1;
              done += 1;
              release!();
            }),
          );
          assert.equal(done, names.length);
        },
      ),
    );
  });
});
