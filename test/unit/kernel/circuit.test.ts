import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Circuit } from '../../../appliance/kernel/circuit.ts';
import { isFrostbyteError } from '../../../appliance/kernel/errors.ts';

class Down extends Error {}

function world() {
  let time = 0;
  let calls = 0;
  const circuit = new Circuit({
    name: 'object store',
    counts: (error) => error instanceof Down,
    failures: 3,
    firstRestMs: 1000,
    longestRestMs: 3000,
    now: () => time,
  });
  const fail = (options?: { anyway: boolean }) =>
    assert.rejects(
      circuit.run(async () => {
        calls++;
        throw new Down();
      }, options),
      Down,
    );
  const succeed = (options?: { anyway: boolean }) =>
    circuit.run(async () => {
      calls++;
    }, options);
  const refused = () =>
    assert.rejects(
      succeed(),
      (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE') && error.retryAfter !== undefined,
    );
  const pass = (ms: number) => {
    time += ms;
  };
  return { circuit, fail, succeed, refused, pass, calls: () => calls };
}

describe('a circuit', () => {
  it('opens after some failures in a row and refuses without calling', async () => {
    const { circuit, fail, succeed, refused, calls } = world();
    await fail();
    await fail();
    await succeed();
    await fail();
    await fail();
    assert.equal(circuit.open, false);
    await fail();
    assert.equal(circuit.open, true);
    await refused();
    assert.equal(calls(), 6);
  });

  it('lets one call try after a rest, and closes when that succeeds', async () => {
    const { circuit, fail, succeed, refused, pass } = world();
    for (let n = 0; n < 3; n++) await fail();
    pass(999);
    await refused();
    pass(1);
    let answer = () => {};
    const trying = circuit.run(() => new Promise<void>((resolve) => (answer = resolve)));
    await refused();
    answer();
    await trying;
    assert.equal(circuit.open, false);
    await succeed();
  });

  it('rests twice as long each time the trial fails, up to a bound', async () => {
    const { fail, refused, pass } = world();
    for (let n = 0; n < 3; n++) await fail();
    for (const rest of [1000, 2000, 3000, 3000]) {
      pass(rest - 1);
      await refused();
      pass(1);
      await fail();
    }
  });

  it('takes a refusal for a sign of life', async () => {
    const { circuit, fail, pass } = world();
    for (let n = 0; n < 3; n++) await fail();
    pass(1000);
    await assert.rejects(
      circuit.run(async () => {
        throw new RangeError('no such key');
      }),
      RangeError,
    );
    assert.equal(circuit.open, false);
  });

  it('lets a health check through, whose answer closes it', async () => {
    const { circuit, fail, succeed, refused } = world();
    for (let n = 0; n < 3; n++) await fail();
    await fail({ anyway: true });
    await refused();
    await succeed({ anyway: true });
    assert.equal(circuit.open, false);
  });

  it('is not kept open longer by calls that began before', async () => {
    const { circuit, fail, succeed, pass } = world();
    const late: (() => void)[] = [];
    const begun = Array.from({ length: 3 }, () =>
      circuit.run(() => new Promise<void>((_, reject) => late.push(() => reject(new Down())))),
    );
    for (let n = 0; n < 3; n++) await fail();
    for (const end of late) end();
    for (const call of begun) await assert.rejects(call, Down);
    pass(1000);
    await succeed();
    assert.equal(circuit.open, false);
  });
});
