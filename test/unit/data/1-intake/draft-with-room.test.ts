import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { beginWithRoom, LOOK_BYTES } from '../../../../appliance/data/1-intake/draft-with-room.ts';
import type { ObjectDraft } from '../../../../appliance/stores/object/port.ts';

const MIB = 1 << 20;

/** A store on a disk with so much room that what its drafts write takes. */
function storeWith(room: number) {
  const said: string[] = [];
  let left = room;
  const draft: ObjectDraft = {
    async write(chunk, done) {
      left = Math.max(0, left - chunk.length);
      done?.(chunk);
    },
    end: async () => void said.push('end'),
    commit: async (key) => void said.push(`commit ${key}`),
    abort: async () => void said.push('abort'),
  };
  return { said, left: () => left, objects: { begin: async () => draft, room: async () => left } };
}

async function writeAll(draft: ObjectDraft, mebibytes: number): Promise<void> {
  for (let i = 0; i < mebibytes; i++) await draft.write(Buffer.alloc(MIB));
}

describe('a draft that looks at the room', () => {
  it('is the store’s own for as long as there is room', async () => {
    const { objects, said, left } = storeWith(100 * MIB);
    const draft = await beginWithRoom(objects);
    let given = 0;
    await draft.write(Buffer.alloc(MIB), (chunk) => {
      given += chunk.length;
    });
    await writeAll(draft, 49);
    await draft.end();
    await draft.commit('raw/a');
    await draft.abort();
    assert.deepEqual([given, left(), said], [MIB, 50 * MIB, ['end', 'commit raw/a', 'abort']]);
  });

  it('takes nothing where there is none', async () => {
    const { objects } = storeWith(0);
    await assert.rejects((await beginWithRoom(objects)).write(Buffer.alloc(1)), { code: 'QUOTA_EXCEEDED' });
  });

  it('stops at the reserve, however many write beside it', async () => {
    const reserve = 100 * MIB;
    const disk = storeWith(200 * MIB);
    const objects = { ...disk.objects, room: async () => Math.max(0, disk.left() - reserve) };
    const drafts = await Promise.all(Array.from({ length: 5 }, () => beginWithRoom(objects)));
    const ends = await Promise.allSettled(drafts.map((draft) => writeAll(draft, 60)));
    for (const end of ends) assert.equal(end.status === 'rejected' && end.reason.code, 'QUOTA_EXCEEDED');
    assert.ok(disk.left() >= reserve - drafts.length * LOOK_BYTES, `${disk.left() / MIB} MiB left`);
  });
});
