import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { type LimitClass, PER_MINUTE, type RateLimiter } from '../../appliance/stores/limits/port.ts';

export interface LimitsWorld {
  limiter: RateLimiter;
  /** The same limits as another gateway sees them, where they are shared. */
  another?: () => RateLimiter;
  /** Moves the time that the limits go by. */
  advance(ms: number): void | Promise<void>;
  end(): Promise<void>;
}

/** What all rate limits do. The time of a shared store runs on, so counts allow for what flowed in meanwhile. */
export function limitsContract(name: string, shared: boolean, make: () => Promise<LimitsWorld>): void {
  describe(`limits: ${name}`, () => {
    let world: LimitsWorld;
    let limiter: RateLimiter;
    let begun: number;
    beforeEach(async () => {
      world = await make();
      limiter = world.limiter;
      begun = performance.now();
    });
    afterEach(() => world.end());

    /** Tokens of a class that may have flowed in since the test began, once `advanced` was added. */
    const inflow = (limit: LimitClass, advanced = 0) =>
      Math.floor(((performance.now() - begun + advanced) / 60_000) * PER_MINUTE[limit]) + 1;

    async function takeAll(limit: LimitClass, tenant: string, ...by: RateLimiter[]): Promise<number> {
      const limiters = by.length === 0 ? [limiter] : by;
      let passed = 0;
      for (let turn = 0; (await limiters[turn % limiters.length]!.take(limit, tenant)) === null; turn++) passed += 1;
      return passed;
    }

    for (const limit of Object.keys(PER_MINUTE) as LimitClass[]) {
      it(`${limit}: a minute’s worth passes at once, then one waits`, async () => {
        const passed = await takeAll(limit, 'acme');
        assert.ok(passed >= PER_MINUTE[limit] && passed <= PER_MINUTE[limit] + inflow(limit), `${passed}`);
        const wait = await limiter.take(limit, 'acme');
        assert.ok(wait === null || wait === 1);
      });
    }

    it('tenants do not share a limit, nor classes, but administration is one for all', async () => {
      await takeAll('ingest', 'acme');
      assert.equal(await limiter.take('ingest', 'globex'), null);
      assert.equal(await limiter.take('audit', 'acme'), null);
      assert.ok((await takeAll('admin', 'acme')) >= PER_MINUTE.admin);
      assert.ok((await takeAll('admin', 'globex')) <= inflow('admin'));
    });

    it('after the seconds that were named one passes, however often one asked in between', async () => {
      await takeAll('ingest', 'acme');
      let wait = await limiter.take('ingest', 'acme');
      for (let n = 0; n < 20; n++) wait = await limiter.take('ingest', 'acme');
      assert.equal(wait, 1);
      await world.advance(1000);
      assert.equal(await limiter.take('ingest', 'acme'), null);
    });

    it('after a minute the bucket is full, and never fuller', async () => {
      await takeAll('admin', '');
      await world.advance(60_000);
      assert.ok((await takeAll('admin', '')) >= PER_MINUTE.admin);
      await world.advance(600_000);
      assert.ok((await takeAll('admin', '')) <= PER_MINUTE.admin + inflow('admin'));
    });

    it('half a minute refills half', async () => {
      await takeAll('admin', '');
      await world.advance(30_000);
      const passed = await takeAll('admin', '');
      assert.ok(passed >= PER_MINUTE.admin / 2 && passed <= PER_MINUTE.admin / 2 + inflow('admin'), `${passed}`);
    });

    it('of many that ask at once as many pass as there are tokens', async () => {
      const answers = await Promise.all(Array.from({ length: 300 }, () => limiter.take('ingest', 'acme')));
      const passed = answers.filter((wait) => wait === null).length;
      assert.ok(passed >= PER_MINUTE.ingest && passed <= PER_MINUTE.ingest + inflow('ingest'), `${passed}`);
    });

    if (shared)
      it('gateways that share them let no more through together than one alone', async () => {
        const others = [world.another!(), world.another!()];
        const passed = await takeAll('ingest', 'acme', limiter, ...others);
        assert.ok(passed >= PER_MINUTE.ingest && passed <= PER_MINUTE.ingest + inflow('ingest'), `${passed}`);
        for (const other of others) {
          await other.check();
          await other.close();
          await assert.rejects(other.take('ingest', 'acme'), (error) => isFrostbyteError(error, 'STORE_UNAVAILABLE'));
        }
      });

    it('is well', () => limiter.check());
  });
}
