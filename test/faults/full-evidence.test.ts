import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { addEvidence, readEvidence } from '../../appliance/bundle/evidence/log.ts';
import type { Happening } from '../../appliance/bundle/evidence/record.ts';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { BY } from '../support/operation-world.ts';

/** The evidence of a host whose disk is full, where the last block of its log has room for a record, and nothing for its head. */

const happening: Happening = {
  by: BY,
  host: 'box',
  action: 'install',
  bundle: null,
  result: 'failed',
  detail: { operation: '20260101T000000Z-install' },
};

describe('evidence on a full disk', { skip: noLoopDisks(), timeout: 60_000 }, () => {
  it('is refused as often as it is tried, holds, and goes on once there is room', async () => {
    const disk = loopDisk(16);
    const folder = join(disk.folder, 'evidence');
    const add = () => addEvidence(folder, happening, () => new Date('2026-01-01T00:00:00.000Z'));
    try {
      add();
      disk.fill();
      for (let tries = 0; tries < 3; tries++) {
        assert.throws(add, { code: 'DISK_FULL' });
        assert.equal(readEvidence(folder).head.count, 1, 'what was refused is not there');
      }
      disk.free();
      add();
      assert.deepEqual(
        readEvidence(folder).records.map(({ n }) => n),
        [0, 1],
      );
    } finally {
      await disk.end();
    }
  });
});
