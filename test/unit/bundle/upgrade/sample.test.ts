import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { plantSample } from '../../../../appliance/bundle/upgrade/phases/sample.ts';
import type { Sample } from '../../../../appliance/bundle/upgrade/tools.ts';
import { noTime, phaseWorld } from '../../../support/phase-world.ts';

const { runOf } = phaseWorld();

describe('the document that the release of before takes', () => {
  const after = (looks: number) => {
    const log: string[] = [];
    const sample: Sample = {
      plant: async (document) => void log.push(`plant ${document}`),
      prove: async () => undefined,
      clear: async () => undefined,
    };
    let asked = 0;
    const readiness = {
      async waitingFor() {
        asked += 1;
        const missing = asked > looks ? [] : [{ name: 'control', message: 'brings the stores up before it answers' }];
        return { of: 2, missing };
      },
    };
    return { log, asked: () => asked, phase: plantSample('/releases/1.2.3', sample, readiness, noTime()) };
  };

  it('waits until that one serves: whoever goes on right behind a boot finds its stores on their way up', async () => {
    const { log, asked, phase } = after(7);
    await phase.do(runOf());
    assert.deepEqual([asked(), log], [8, ['plant /releases/1.2.3/docs/samples/contract-warehouse-lease.pdf']]);
  });

  it('is tried all the same where that one never says that it is ready', async () => {
    const { log, asked, phase } = after(Number.POSITIVE_INFINITY);
    await phase.do(runOf());
    assert.deepEqual([asked(), log.length], [600, 1]);
  });
});
