import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestWait, retry } from '../../../appliance/kernel/retry.ts';

const options = { attempts: 4, firstWaitMs: 1, longestWaitMs: 2, worthIt: () => true };

describe('retry', () => {
  it('gives the first answer, and says which attempt it is', async () => {
    const seen: number[] = [];
    const answer = await retry(async (attempt) => {
      seen.push(attempt);
      if (attempt < 3) throw new Error('not yet');
      return 'answer';
    }, options);
    assert.equal(answer, 'answer');
    assert.deepEqual(seen, [1, 2, 3]);
  });

  it('throws the last error once the attempts are used up', async () => {
    let tried = 0;
    const work = async () => {
      throw new Error(`failure ${++tried}`);
    };
    await assert.rejects(retry(work, options), { message: 'failure 4' });
    assert.equal(tried, 4);
  });

  it('does not try again what cannot help', async () => {
    let tried = 0;
    const work = async () => {
      tried++;
      throw new RangeError('no');
    };
    const worthIt = (error: unknown) => !(error instanceof RangeError);
    await assert.rejects(retry(work, { ...options, worthIt }), RangeError);
    assert.equal(tried, 1);
  });

  it('waits a share of a bound that doubles up to the longest', async () => {
    const bounds = [1, 2, 3, 4, 5].map((attempt) => longestWait(attempt, { firstWaitMs: 50, longestWaitMs: 300 }));
    assert.deepEqual(bounds, [50, 100, 200, 300, 300]);
    let drawn = 0;
    // A share of nothing is no wait, whatever the bound.
    const random = () => {
      drawn++;
      return 0;
    };
    const work = async () => {
      throw new Error('no');
    };
    const patient = { ...options, firstWaitMs: 600_000, longestWaitMs: 600_000, random };
    await assert.rejects(retry(work, patient), { message: 'no' });
    assert.equal(drawn, 3);
  });

  it('stops waiting when it is told to, and throws what went wrong', async () => {
    const stop = new AbortController();
    const work = async () => {
      setImmediate(() => stop.abort());
      throw new Error('the failure');
    };
    const waiting = { ...options, firstWaitMs: 600_000, longestWaitMs: 600_000, random: () => 1, signal: stop.signal };
    await assert.rejects(retry(work, waiting), { message: 'the failure' });
  });
});
