import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { breaker } from '../../../../appliance/stores/postgres/breaker.ts';

describe('the breaker before a database', () => {
  const world = () => {
    const time = { now: 0 };
    const gate = breaker(
      () => time.now,
      () => 0.5,
    );
    let asked = 0;
    const fail = () =>
      gate.through(
        async () => {
          asked += 1;
          throw new Error('no answer');
        },
        () => true,
      );
    const work = () =>
      gate.through(
        async () => 'answer',
        () => true,
      );
    const refused = { code: 'STORE_UNAVAILABLE' };
    const trip = async () => {
      for (let n = 0; n < 5; n++) await assert.rejects(fail(), /no answer/);
    };
    return { time, gate, fail, work, refused, trip, asked: () => asked };
  };

  test('after five failures in a row nobody is let through until it has rested', async () => {
    const { time, fail, work, refused, trip, asked } = world();
    await trip();
    await assert.rejects(fail(), refused);
    await assert.rejects(work(), refused);
    assert.equal(asked(), 5);
    time.now = 501;
    assert.equal(await work(), 'answer');
    assert.equal(await work(), 'answer');
  });

  test('while one tries, the others are refused; each failure makes the rest longer, up to a limit', async () => {
    const { time, gate, fail, work, refused, trip } = world();
    await trip();
    time.now = 501;
    let answer = (_: string): void => undefined;
    const trying = gate.through(
      () =>
        new Promise<string>((resolve) => {
          answer = resolve;
        }),
      () => true,
    );
    await assert.rejects(work(), refused);
    answer('answer');
    await trying;
    assert.equal(await work(), 'answer');
    await trip();
    for (let n = 0; n < 12; n++) {
      time.now += 15_001;
      await assert.rejects(fail(), /no answer/);
    }
    time.now += 14_000;
    await assert.rejects(work(), refused);
    time.now += 1_100;
    assert.equal(await work(), 'answer');
  });

  test('an answer in between, or a failure that is none of the server’s, begins the count anew', async () => {
    const { gate, fail, work } = world();
    for (let n = 0; n < 12; n++) {
      await assert.rejects(fail(), /no answer/);
      if (n % 2 === 0) {
        assert.equal(await work(), 'answer');
        continue;
      }
      const own = gate.through(
        async () => {
          throw new Error('a constraint');
        },
        () => false,
      );
      await assert.rejects(own, /a constraint/);
    }
    assert.equal(await work(), 'answer');
  });
});
