import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loopDisk, noLoopDisks } from '../support/faults/loop-disk.ts';
import { dropBatch, inboxWorld, note } from '../support/inbox.ts';

/** An inbox on a stick that cannot be written, or has no room: what is on it is taken once, and nobody loops over it. */
describe('an inbox on a stick', { skip: noLoopDisks(), timeout: 600_000 }, () => {
  for (const [what, code] of [
    ['that can only be read', 'EROFS'],
    ['that is full', 'ENOSPC'],
  ] as const) {
    it(`${what} is taken, says once that it takes no results, and gets them when it can`, async () => {
      const disk = loopDisk(16);
      const folder = join(disk.folder, 'acme');
      mkdirSync(folder);
      const world = await inboxWorld({ folder });
      try {
        dropBatch(join(folder, 'b1'), [note(1), note(2)]);
        dropBatch(join(folder, 'b2'), [note(3)], { tenant_id: 'globex' });
        if (code === 'EROFS') await disk.replug({ readOnly: true });
        else disk.fill();
        await world.settle();
        for (let n = 0; n < 20; n++) {
          world.now += 1000;
          await world.round();
        }
        assert.deepEqual(
          (await world.plane.records.receipts('b1')).map(({ status }) => status),
          ['accepted', 'accepted'],
        );
        for (const name of ['b1', 'b2']) assert.equal(world.memory.folders.get(name)!.unwritable, code, name);
        assert.deepEqual(world.ls('b1'), ['manifest.json', 'note-1.txt', 'note-2.txt']);
        assert.ok(!world.ls('b1').some((name) => name.endsWith('.part')), 'no half is left');
        const said = world.logged.filter(({ message }) => /results cannot be written/.test(message));
        assert.deepEqual(
          said.map(({ fields }) => fields.code),
          [code, code],
          'once for each folder',
        );
        if (code === 'EROFS') await disk.replug();
        else disk.free();
        world.now += 1_000_000;
        await world.round();
        assert.equal(world.read('b1', 'receipt.json').batch_id, 'b1');
        assert.equal(world.read('b2', 'refused.json').code, 'MANIFEST_INVALID');
        assert.equal((await world.plane.records.batches({ limit: 5 })).total, 1, 'taken once');
      } finally {
        await world.end();
        await disk.end();
      }
    });
  }
});
