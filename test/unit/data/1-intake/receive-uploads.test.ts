import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { receiveBatch } from '../../../../appliance/data/1-intake/receive-batch.ts';
import { sweepUploads } from '../../../../appliance/data/1-intake/uploads/sweep-uploads.ts';
import { type ErrorCode, type FrostbyteError, isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { newId } from '../../../../appliance/kernel/ids.ts';
import {
  bodyOf,
  type GivenFile,
  type IntakeWorld,
  intakeWorld,
  manifestOf,
  manifestPart,
  partOf,
  requestOf,
} from '../../../support/intake.ts';
import { type Tus, tusOf } from '../../../support/tus.ts';

const using = (work: (world: IntakeWorld, tus: Tus) => Promise<void>) => async () => {
  const world = await intakeWorld();
  try {
    await work(world, tusOf(world));
  } finally {
    await world.end();
  }
};
const coded = (code: ErrorCode) => (error: unknown) => isFrostbyteError(error, code);

const one: GivenFile = { file_id: 'f1', filename: 'one.txt', content: 'The first file.' };
const two: GivenFile = { file_id: 'f2', filename: 'two.txt', content: 'The second file.' };
const from = (file: GivenFile, upload_id: string): GivenFile => ({ ...file, claim: { ...file.claim, upload_id } });

/** A batch that is its manifest alone. */
const named = (files: GivenFile[], extra: Record<string, unknown> = {}) => ({
  contentType: 'application/json; charset=utf-8',
  body: Readable.from([Buffer.from(JSON.stringify(manifestOf(files, extra)))], { objectMode: false }),
  submitted_by: 'dana',
});
/** A batch of a manifest and some parts; cut short it breaks off. */
const mixed = (files: GivenFile[], parts: GivenFile[], cut = 0) => {
  const body = bodyOf([manifestPart(manifestOf(files)), ...parts.map(partOf)]);
  return requestOf(body.subarray(0, body.length - cut));
};
/** The constraints that a refusal names. */
async function refused(promise: Promise<unknown>, code: ErrorCode): Promise<string[]> {
  const error = (await promise.then(
    () => assert.fail('it was taken'),
    (thrown: unknown) => thrown,
  )) as FrostbyteError;
  assert.ok(isFrostbyteError(error, code), String(error));
  return error.details.map(({ constraint }) => constraint);
}

describe('a batch of uploads', () => {
  it(
    'is received by its manifest alone: the same receipts, objects and documents, and the uploads are gone',
    using(async (world, tus) => {
      const { plane, records, objects } = world;
      const ids = [await tus.send(one.content), await tus.send(two.content)];
      const receipt = await receiveBatch(plane, named([from(one, ids[0]!), from(two, ids[1]!)]));
      assert.equal(receipt.status, 'received');
      assert.equal(receipt.counts.accepted, 2);
      assert.equal(Buffer.from(await objects.read(receipt.receipts[0]!.storage_path!)).toString(), one.content);
      assert.deepEqual(await world.keys('uploads/'), []);
      assert.deepEqual(await readdir(join(world.folder, 'objects', 'drafts')), []);
      for (const id of ids) assert.equal((await records.upload(id))?.batch_id, 'batch-1');
      const ingested = (await records.pendingEvents(99)).filter(
        ({ event }) => event.event_type === 'DOCUMENT_INGESTED',
      );
      assert.deepEqual(
        ingested.map(({ event }) => event.details.upload_id),
        ids,
      );
      assert.ok(!('upload_id' in (await records.batch('batch-1'))!.files[0]!));
    }),
  );

  it(
    'may hold parts as well, in any order',
    using(async ({ plane }, tus) => {
      const id = await tus.send(one.content);
      const receipt = await receiveBatch(plane, mixed([from(one, id), two], [two]));
      assert.deepEqual(
        receipt.receipts.map(({ file_id, status }) => `${file_id} ${status}`),
        ['f1 accepted', 'f2 accepted'],
      );
    }),
  );

  it(
    'sent again gives the same receipt, though its uploads are no longer there',
    using(async ({ plane }, tus) => {
      const batch = [from(one, await tus.send(one.content))];
      const receipt = await receiveBatch(plane, named(batch));
      assert.deepEqual(await receiveBatch(plane, named(batch)), receipt);
      plane.clock.advance(100 * 3_600_000);
      assert.equal((await sweepUploads(plane)).uploads, 1);
      assert.deepEqual(await receiveBatch(plane, named(batch)), receipt);
      assert.deepEqual(
        await receiveBatch(plane, named([from(one, newId())])),
        receipt,
        'how it travels is no part of it',
      );
    }),
  );

  it(
    'judges an upload as it judges a part: other bytes, more or fewer, another type',
    using(async ({ plane, records }, tus) => {
      const files = [
        from({ ...one, file_id: 'other' }, await tus.send('Another text..!')),
        from({ ...one, file_id: 'more' }, await tus.send(`${one.content} and more`)),
        from({ ...one, file_id: 'fewer' }, await tus.send('The first')),
        from({ ...one, file_id: 'empty' }, await tus.send('')),
        from({ ...one, file_id: 'type' }, await tus.send('%PDF-1.7\nThe fi')),
      ];
      const receipt = await receiveBatch(plane, named(files));
      assert.deepEqual(
        receipt.rejected_files.map(({ file_id, reason }) => `${file_id} ${reason}`),
        [
          'other CHECKSUM_MISMATCH',
          'more CHECKSUM_MISMATCH',
          'fewer CHECKSUM_MISMATCH',
          'empty UNSUPPORTED_FORMAT',
          'type UNSUPPORTED_FORMAT',
        ],
      );
      assert.equal((await records.uploads({ limit: 1, state: 'taken' })).total, 0, 'they stay, for a mended manifest');
    }),
  );

  it(
    'that was refused for what its manifest said may be named again, in a batch that says it right',
    using(async ({ plane, records }, tus) => {
      const id = await tus.send(one.content);
      const wrong = from({ ...one, claim: { sha256: 'ab'.repeat(32) } }, id);
      const first = await receiveBatch(plane, named([wrong], { batch_id: 'wrong' }));
      assert.deepEqual(
        first.rejected_files.map(({ reason }) => reason),
        ['CHECKSUM_MISMATCH'],
      );
      assert.deepEqual(await receiveBatch(plane, named([wrong], { batch_id: 'wrong' })), first);
      const second = await receiveBatch(plane, named([from(one, id)], { batch_id: 'right' }));
      assert.deepEqual(
        second.receipts.map(({ status }) => status),
        ['accepted'],
      );
      const upload = await records.upload(id);
      assert.deepEqual([upload?.state, upload?.batch_id], ['taken', 'right']);
    }),
  );

  it(
    'is refused whole for uploads that are not there, not finished, named twice or taken, each of them named',
    using(async (world, tus) => {
      const { plane } = world;
      const open = await tus.begin(15);
      await tus.append(open, 0, 'The fi');
      const whole = await tus.send(one.content);
      const taken = await tus.send(two.content);
      await receiveBatch(plane, named([from(two, taken)], { batch_id: 'earlier' }));
      const files = [newId(), open, whole, whole, taken].map((id, n) => from({ ...one, file_id: `f${n}` }, id));
      const constraints = await refused(receiveBatch(plane, named(files)), 'MANIFEST_INVALID');
      assert.equal(constraints.length, 4);
      for (const [at, word] of [/not there/, /6 of 15 bytes/, /one file only/, /another batch/].entries())
        assert.match(constraints[at]!, word);
      assert.equal(await world.records.batch('batch-1'), null);
      assert.equal((await world.records.upload(whole))?.state, 'finished', 'nothing was used up');
    }),
  );

  it(
    'is refused when a file comes as a part too',
    using(async ({ plane }, tus) => {
      const id = await tus.send(one.content);
      for (const parts of [
        [one, two],
        [two, one],
      ])
        await refused(receiveBatch(plane, mixed([from(one, id), two], parts)), 'MANIFEST_FILE_COUNT_MISMATCH');
      const early = bodyOf([partOf(one), manifestPart(manifestOf([from(one, id), two])), partOf(two)]);
      await refused(receiveBatch(plane, requestOf(early)), 'MANIFEST_FILE_COUNT_MISMATCH');
    }),
  );

  it(
    'that breaks off keeps its uploads for the next try, which may send their files another way',
    using(async (world, tus) => {
      const { plane, records } = world;
      const id = await tus.send(one.content);
      const three: GivenFile = { file_id: 'f3', filename: 'three.txt', content: 'The third file, cut off.' };
      const half = await receiveBatch(plane, mixed([from(one, id), two, three], [two, three], 60));
      assert.equal(half.status, 'incomplete');
      assert.equal((await records.upload(id))?.state, 'finished');
      const whole = await receiveBatch(plane, mixed([one, two, three], [one, three]));
      assert.equal(whole.status, 'received');
      assert.equal(whole.counts.accepted, 3);
      const again = await receiveBatch(plane, named([from(one, id)], { batch_id: 'another' }));
      assert.equal(again.counts.duplicates, 1, 'the upload that was not used is free for another batch');
    }),
  );

  it(
    'of two at once that name one upload one takes it, and the other is told and leaves nothing',
    using(async (world, tus) => {
      const { plane, records } = world;
      const id = await tus.send(one.content);
      const outcomes = await Promise.allSettled(
        ['b1', 'b2'].map((batch_id) => receiveBatch(plane, named([from(one, id)], { batch_id }))),
      );
      const lost = outcomes.find((outcome) => outcome.status === 'rejected');
      assert.ok(lost);
      assert.ok(isFrostbyteError(lost.reason, 'MANIFEST_INVALID'), String(lost.reason));
      assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal([await records.batch('b1'), await records.batch('b2')].filter((row) => row === null).length, 1);
      assert.equal((await world.keys('raw/')).length, 1);
      assert.deepEqual(await readdir(join(world.folder, 'objects', 'drafts')), []);
    }),
  );

  it(
    'is told when an upload was deleted while it was read',
    using(async (world, tus) => {
      const id = await tus.send(one.content);
      const objects = {
        ...world.objects,
        get: async (key: string) => {
          await tus.ask('DELETE', id);
          return world.objects.get(key);
        },
      };
      const plane = { ...world.plane, objects };
      const constraints = await refused(receiveBatch(plane, named([from(one, id)])), 'MANIFEST_INVALID');
      assert.match(constraints[0]!, /gone/);
    }),
  );

  it(
    'is not JSON, too large or cut: refused as any manifest is',
    using(async ({ plane }) => {
      for (const text of ['', '{', 'null', '[]', 'x'.repeat(9 << 20)]) {
        const body = Readable.from([Buffer.from(text)], { objectMode: false });
        const input = { contentType: 'application/json', body, submitted_by: 'dana' };
        await assert.rejects(receiveBatch(plane, input), coded('MANIFEST_INVALID'), text.slice(0, 10));
      }
      await assert.rejects(receiveBatch(plane, named([one])), coded('MANIFEST_FILE_COUNT_MISMATCH'));
    }),
  );

  it(
    'is cleared after a crash behind its receipts: the sweep takes the segments',
    using(async (world, tus) => {
      const id = await tus.send(one.content);
      const left: string[] = [];
      const objects = { ...world.objects, delete: async (key: string) => void left.push(key) };
      await receiveBatch({ ...world.plane, objects }, named([from(one, id)]));
      assert.deepEqual(await world.keys('uploads/'), left);
      assert.deepEqual(await sweepUploads(world.plane), { uploads: 0, objects: 1 });
    }),
  );
});
