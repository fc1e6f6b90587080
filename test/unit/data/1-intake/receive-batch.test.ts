import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BatchReceipt } from '../../../../appliance/api/receipts.ts';
import type { TenantConfig } from '../../../../appliance/api/tenant-config.ts';
import { receiveBatch } from '../../../../appliance/data/1-intake/receive-batch.ts';
import { sweepOrphans } from '../../../../appliance/data/1-intake/sweep-orphans.ts';
import type { Scanner, ScanVerdict } from '../../../../appliance/data/plane.ts';
import { type ErrorCode, FrostbyteError, isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { docId, newId } from '../../../../appliance/kernel/ids.ts';
import {
  BOUNDARY,
  batchRequest,
  bodyOf,
  type GivenFile,
  type IntakeWorld,
  intakeWorld,
  manifestOf,
  manifestPart,
  partOf,
  requestOf,
  sha256,
} from '../../../support/intake.ts';

type Options = { config?: Partial<TenantConfig>; scanner?: Scanner };
const using = (work: (world: IntakeWorld) => Promise<void>, options?: Options) => async () => {
  const world = await intakeWorld(options);
  try {
    await work(world);
  } finally {
    await world.end();
  }
};
const files: GivenFile[] = [
  { file_id: 'f1', filename: 'one.txt', content: 'The first file.' },
  { file_id: 'f2', filename: 'two.csv', mime_type: 'text/csv', content: 'a,b\n1,2\n' },
  { file_id: 'f3', filename: 'three.txt', content: 'The third file.' },
];
const coded =
  (...codes: ErrorCode[]) =>
  (error: unknown) =>
    isFrostbyteError(error, ...codes);

/** A body that breaks off behind its first file. */
function withFirstOnly(): Buffer {
  const body = bodyOf([manifestPart(manifestOf(files)), ...files.map(partOf)]);
  return body.subarray(0, body.indexOf(files[1]!.content as string));
}

async function nothingKept(world: IntakeWorld): Promise<void> {
  assert.deepEqual(await world.keys(), []);
  assert.deepEqual(await readdir(join(world.folder, 'objects', 'drafts')), []);
  assert.equal(await world.records.batch('batch-1'), null);
}

const scannerThat = (verdict: () => ScanVerdict): Scanner => ({
  configured: true,
  begin: async () => ({ write: async () => undefined, end: async () => verdict(), abort: () => undefined }),
  check: async () => undefined,
});

describe('a batch', () => {
  it(
    'is received: receipts, objects, documents, jobs and audit entries',
    using(async ({ plane, records, objects, keys }) => {
      const receipt = await receiveBatch(
        plane,
        batchRequest(files, { submitter: 'Dana Vendor', metadata: { case: 7 } }),
      );
      BatchReceipt.parse(receipt);
      assert.equal(receipt.status, 'received');
      assert.deepEqual(receipt.counts, {
        files: 3,
        accepted: 3,
        rejected: 0,
        quarantined: 0,
        duplicates: 0,
        missing: 0,
      });
      assert.deepEqual(
        receipt.receipts.map(({ file_id }) => file_id),
        ['f1', 'f2', 'f3'],
      );
      const [first] = receipt.receipts;
      assert.equal(first?.scan_result, 'skipped');
      assert.equal(first?.submitted_by, 'dana');
      assert.equal(first?.doc_id, docId('acme', sha256('The first file.')));
      assert.equal(Buffer.from(await objects.read(first!.storage_path!)).toString(), 'The first file.');
      assert.equal((await keys()).length, 3);
      assert.equal((await records.outbox(10)).length, 3);
      const events = (await records.pendingEvents(20)).map(({ event }) => event);
      assert.deepEqual(
        events.map(({ event_type }) => event_type),
        ['DOCUMENT_INGESTED', 'DOCUMENT_INGESTED', 'DOCUMENT_INGESTED', 'BATCH_RECEIVED'],
      );
      assert.equal(events[0]?.details.output_hash, `sha256:${sha256('The first file.')}`);
      assert.equal(events[3]?.details.accepted, 3);
      assert.equal(JSON.stringify(events).includes('one.txt'), false);
      assert.equal(JSON.stringify(events).includes('Dana'), false);
      assert.deepEqual((await records.document(first!.doc_id!))?.metadata, { case: 7 });
    }),
  );

  it(
    'gives the same receipt again, and another manifest under its id is refused',
    using(async ({ plane, records }) => {
      const receipt = await receiveBatch(plane, batchRequest(files));
      assert.deepEqual(await receiveBatch(plane, batchRequest(files)), receipt);
      assert.equal((await records.outbox(10)).length, 3);
      const reordered = Object.fromEntries(Object.entries(manifestOf(files)).reverse());
      assert.deepEqual(await receiveBatch(plane, requestOf(bodyOf([manifestPart(reordered)]))), receipt);
      await assert.rejects(receiveBatch(plane, batchRequest(files.slice(1))), coded('BATCH_ALREADY_EXISTS'));
      await assert.rejects(receiveBatch(plane, batchRequest(files, { submitter: 'x' })), coded('BATCH_ALREADY_EXISTS'));
    }),
  );

  it('is matched to its files by file id, file name or order, whatever the order of the parts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4, maxLength: 4 }),
        fc.constantFrom('name', 'filename', 'filename of the manifest'),
        fc.integer({ min: 1, max: 400 }),
        async (order, by, size) => {
          const world = await intakeWorld();
          const named = files.map((file) =>
            by === 'name'
              ? { name: file.file_id, content: file.content }
              : { name: 'file', filename: by === 'filename' ? file.file_id : file.filename, content: file.content },
          );
          const parts = [manifestPart(manifestOf(files)), ...named];
          const { counts } = await receiveBatch(world.plane, requestOf(bodyOf(order.map((at) => parts[at]!)), size));
          assert.equal(counts.accepted, 3);
          await world.end();
        },
      ),
      { numRuns: 6 },
    );
  });

  it(
    'without names is matched by order',
    using(async ({ plane }) => {
      const parts = files.map(({ content }) => ({ name: 'upload', content }));
      const { counts } = await receiveBatch(plane, requestOf(bodyOf([manifestPart(manifestOf(files)), ...parts])));
      assert.equal(counts.accepted, 3);
    }),
  );

  it(
    'that breaks off keeps the files that came whole and goes on without them',
    using(async (world) => {
      const { plane, records, keys } = world;
      const body = bodyOf([manifestPart(manifestOf(files)), ...files.map(partOf)]);
      const cut = body.indexOf('The third');
      const partial = await receiveBatch(plane, requestOf(body.subarray(0, cut + 4)));
      assert.equal(partial.status, 'incomplete');
      assert.deepEqual(
        partial.receipts.map(({ file_id }) => file_id),
        ['f1', 'f2'],
      );
      assert.equal(partial.counts.missing, 1);
      assert.equal((await keys()).length, 2);
      assert.equal((await records.batch('batch-1'))?.status, 'receiving');
      assert.deepEqual(await readdir(join(world.folder, 'objects', 'drafts')), []);
      const rest = await receiveBatch(plane, requestOf(bodyOf([manifestPart(manifestOf(files)), partOf(files[2]!)])));
      assert.equal(rest.status, 'received');
      assert.equal(rest.counts.accepted, 3);
      assert.deepEqual(rest.receipts.slice(0, 2), partial.receipts);
      assert.equal(
        (await records.pendingEvents(20)).filter(({ event }) => event.event_type === 'BATCH_RECEIVED').length,
        1,
      );
    }),
  );

  it(
    'that breaks off may be sent whole again, and one whose sender vanishes counts as broken off',
    using(async ({ plane }) => {
      const body = bodyOf([manifestPart(manifestOf(files)), ...files.map(partOf)]);
      const abort = new AbortController();
      const sender = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(body.subarray(0, body.indexOf('The third') + 3)),
        pull: () => {
          abort.abort();
          return new Promise(() => undefined);
        },
      });
      const request = { ...requestOf(body), body: sender, signal: abort.signal };
      assert.equal((await receiveBatch(plane, request)).counts.accepted, 2);
      assert.equal((await receiveBatch(plane, requestOf(body))).counts.accepted, 3);
    }),
  );

  it('that goes on reads no file again that has its receipt, whoever sends it', async () => {
    let scanned = 0;
    const scanner: Scanner = {
      ...scannerThat(() => ({ result: 'clean' })),
      begin: async () => {
        scanned++;
        return { write: async () => undefined, end: async () => ({ result: 'clean' }), abort: () => undefined };
      },
    };
    const world = await intakeWorld({ scanner });
    try {
      const body = bodyOf([manifestPart(manifestOf(files)), ...files.map(partOf)]);
      const partial = await receiveBatch(world.plane, requestOf(body.subarray(0, body.indexOf('The third') + 4)));
      assert.equal(partial.counts.accepted, 2);
      const before = scanned;
      const whole = await receiveBatch(world.plane, requestOf(body));
      assert.equal(whole.status, 'received');
      assert.equal(scanned - before, 1, 'only the third');
      assert.deepEqual(whole.receipts.slice(0, 2), partial.receipts);
    } finally {
      await world.end();
    }
  });

  it(
    'that breaks off before a file is whole, or whose stream fails, leaves nothing',
    using(async (world) => {
      const body = bodyOf([manifestPart(manifestOf(files)), ...files.map(partOf)]);
      for (const at of [0, 5, body.indexOf('"files"'), body.indexOf('The first') + 2]) {
        await assert.rejects(
          receiveBatch(world.plane, requestOf(body.subarray(0, at))),
          coded('MANIFEST_INVALID'),
          String(at),
        );
      }
      const failing = Readable.from(
        (async function* () {
          yield body.subarray(0, body.indexOf('The first') + 2);
          throw new Error('reset');
        })(),
      );
      await assert.rejects(receiveBatch(world.plane, { ...requestOf(body), body: failing }), coded('MANIFEST_INVALID'));
      await nothingKept(world);
    }),
  );

  it(
    'is answered at its closing boundary, even where the sender never ends the body',
    using(async ({ plane }) => {
      const body = bodyOf([manifestPart(manifestOf(files)), ...files.map(partOf)]);
      const sender = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(body) });
      assert.equal((await receiveBatch(plane, { ...requestOf(body), body: sender })).counts.accepted, 3);
    }),
  );

  it(
    'that is refused is read to its end first, so that its sender gets the answer',
    using(async ({ plane }) => {
      const request = requestOf(
        Buffer.concat([
          bodyOf([
            { name: 'manifest', content: '{' },
            { name: 'x', content: Buffer.alloc(900_000) },
          ]),
        ]),
      );
      await assert.rejects(receiveBatch(plane, request), coded('MANIFEST_INVALID'));
      assert.equal(request.body.readableEnded, true);
    }),
  );

  const refusals: [string, ErrorCode, () => ReturnType<typeof requestOf>][] = [
    ['no manifest', 'MANIFEST_INVALID', () => requestOf(bodyOf(files.map(partOf)))],
    [
      'two manifests',
      'MANIFEST_INVALID',
      () => requestOf(bodyOf([manifestPart(manifestOf(files)), manifestPart(manifestOf(files))])),
    ],
    ['a manifest that is no JSON', 'MANIFEST_INVALID', () => requestOf(bodyOf([{ name: 'manifest', content: '{' }]))],
    ['a manifest of another tenant', 'MANIFEST_INVALID', () => batchRequest(files, { tenant_id: 'beta' })],
    ['an unknown key in the manifest', 'MANIFEST_INVALID', () => batchRequest(files, { extra: 1 })],
    [
      'metadata nested beyond any stack',
      'MANIFEST_INVALID',
      () => {
        const json = JSON.stringify(manifestOf(files, { metadata: { a: ['@'] } })).replace(
          '"@"',
          '['.repeat(50_000) + ']'.repeat(50_000),
        );
        return requestOf(bodyOf([{ name: 'manifest', content: json }]));
      },
    ],
    [
      'a manifest larger than 8 MiB',
      'MANIFEST_INVALID',
      () => requestOf(bodyOf([{ name: 'manifest', content: ' '.repeat((8 << 20) + 1) }])),
    ],
    ['a repeated file id', 'DUPLICATE_FILE_ID', () => batchRequest([files[0]!, { ...files[1]!, file_id: 'f1' }])],
    ['a wrong file_count', 'MANIFEST_FILE_COUNT_MISMATCH', () => batchRequest(files, { file_count: 2 })],
    [
      'a missing part',
      'MANIFEST_FILE_COUNT_MISMATCH',
      () => requestOf(bodyOf([manifestPart(manifestOf(files)), ...files.slice(1).map(partOf)])),
    ],
    [
      'a part too many',
      'MANIFEST_FILE_COUNT_MISMATCH',
      () => requestOf(bodyOf([manifestPart(manifestOf(files)), ...files.map(partOf), { name: 'x', content: 'y' }])),
    ],
    [
      'a file twice and another not',
      'MANIFEST_FILE_COUNT_MISMATCH',
      () => requestOf(bodyOf([manifestPart(manifestOf(files)), ...[0, 0, 1].map((n) => partOf(files[n]!))])),
    ],
    ['another content type', 'MANIFEST_INVALID', () => ({ ...batchRequest(files), contentType: 'application/json' })],
    ['a body that is not multipart', 'MANIFEST_INVALID', () => requestOf(Buffer.alloc(200_000, 'x'))],
    [
      'a part without a name',
      'MANIFEST_INVALID',
      () => requestOf(Buffer.from(`--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n--${BOUNDARY}--`)),
    ],
  ];
  for (const [what, code, request] of refusals) {
    it(
      `with ${what} is refused as ${code}, and nothing of it is kept`,
      using(async (world) => {
        await assert.rejects(receiveBatch(world.plane, request()), coded(code));
        await nothingKept(world);
      }),
    );
  }

  it(
    'with several problems in its manifest learns all of them at once',
    using(async ({ plane }) => {
      const request = batchRequest([{ ...files[0]!, claim: { sha256: 'x', size_bytes: -1 } }], { batch_id: '../x' });
      await assert.rejects(receiveBatch(plane, request), (error) => {
        assert.ok(error instanceof FrostbyteError);
        assert.deepEqual(error.details.map(({ field }) => field).toSorted(), [
          'batch_id',
          'files.0.sha256',
          'files.0.size_bytes',
        ]);
        return true;
      });
    }),
  );

  it(
    'with counts that differ learns both',
    using(async ({ plane }) => {
      await assert.rejects(receiveBatch(plane, batchRequest(files, { file_count: 5 })), (error) => {
        assert.ok(error instanceof FrostbyteError);
        const value = (name: string) => error.details.find(({ field }) => field === name)?.value;
        assert.deepEqual([value('expected'), value('actual')], [5, 3]);
        return true;
      });
    }),
  );

  it(
    'beyond the quota or on a full disk is refused as QUOTA_EXCEEDED',
    using(
      async (world) => {
        const claim = { size_bytes: 2 * 1024 ** 3 };
        await assert.rejects(receiveBatch(world.plane, batchRequest([{ ...files[0]!, claim }])), {
          code: 'QUOTA_EXCEEDED',
          message: /beyond its storage quota\. Erase documents .*, or ask the platform owner for a larger quota\./,
        });
        const full = { ...world.objects, check: async () => Promise.reject(new FrostbyteError('DISK_FULL', 'full')) };
        await assert.rejects(
          receiveBatch({ ...world.plane, objects: full }, batchRequest(files)),
          coded('QUOTA_EXCEEDED'),
        );
        const filling = {
          ...world.objects,
          begin: async () => Promise.reject(new FrostbyteError('DISK_FULL', 'full')),
        };
        await assert.rejects(
          receiveBatch({ ...world.plane, objects: filling }, batchRequest(files)),
          coded('QUOTA_EXCEEDED'),
        );
        await nothingKept(world);
      },
      { config: { storage_quota_gb: 1 } },
    ),
  );

  it(
    'that brings only what is there takes no room, also of a tenant whose quota is used up',
    using(async (world) => {
      await receiveBatch(world.plane, batchRequest(files));
      const { raw_bytes } = await world.records.counts();
      world.settings.storage_quota_gb = raw_bytes / 1024 ** 3;
      const again = await receiveBatch(world.plane, batchRequest(files, { batch_id: 'batch-2' }));
      assert.deepEqual([again.status, again.counts.duplicates], ['received', files.length]);
      const fresh = { file_id: 'f4', filename: 'four.txt', content: 'The fourth file.' };
      const claimed = { ...fresh, claim: { sha256: sha256(files[0]!.content) } };
      await assert.rejects(
        receiveBatch(world.plane, batchRequest([...files, fresh], { batch_id: 'batch-3' })),
        coded('QUOTA_EXCEEDED'),
      );
      // Who says that a file is one that is there, and sends another, stores nothing.
      const liar = await receiveBatch(world.plane, batchRequest([claimed], { batch_id: 'batch-4' }));
      assert.equal(liar.rejected_files[0]?.reason, 'CHECKSUM_MISMATCH');
      assert.equal((await world.records.counts()).raw_bytes, raw_bytes);
    }),
  );

  it(
    'that would take the disk below what intake leaves free is refused before a byte of it is stored',
    using(async (world) => {
      const bytes = files.reduce((sum, { content }) => sum + Buffer.from(content as string).length, 0);
      const withRoom = (...rooms: number[]) => ({
        ...world.objects,
        room: async () => (rooms.length > 1 ? rooms.shift()! : rooms[0]!),
        begin: async () => assert.fail('nothing may be written'),
      });
      for (const room of [0, bytes - 1]) {
        await assert.rejects(
          receiveBatch({ ...world.plane, objects: withRoom(room) }, batchRequest(files)),
          coded('QUOTA_EXCEEDED'),
        );
      }
      // Another batch has taken the room since the manifest was read.
      await assert.rejects(
        receiveBatch({ ...world.plane, objects: withRoom(bytes, 0) }, batchRequest(files)),
        coded('QUOTA_EXCEEDED'),
      );
      await nothingKept(world);
      const enough = { ...world.objects, room: async () => bytes };
      const receipt = await receiveBatch({ ...world.plane, objects: enough }, batchRequest(files));
      assert.equal(receipt.counts.accepted, files.length);
    }),
  );

  it(
    'with a file that is being erased is refused for a moment, and stores nothing of it',
    using(async ({ plane, records, keys }) => {
      const receipt = await receiveBatch(plane, batchRequest(files));
      const id = receipt.receipts[0]!.doc_id!;
      const intent = { doc_id: id, cause: 'request', reason: 'r', requested_by: 'dana' } as const;
      const { deletion_receipt_id } = (await records.beginErasure({
        ...intent,
        deletion_receipt_id: newId(),
        requested_at: plane.clock.iso(),
      }))!;
      const before = await keys();
      const again = () => receiveBatch(plane, batchRequest(files, { batch_id: 'batch-2' }));
      await assert.rejects(again(), {
        code: 'SERVICE_UNAVAILABLE',
        retryAfter: 5,
        details: [{ field: 'doc_id', value: id, constraint: 'is being erased' }],
      });
      assert.deepEqual(await keys(), before);
      assert.equal(await records.batch('batch-2'), null);
      await records.takeBackErasure(deletion_receipt_id);
      assert.equal((await again()).counts.duplicates, files.length);
    }),
  );

  it(
    'that was cancelled gives its receipt and takes no more files',
    using(async ({ plane, records }) => {
      await receiveBatch(plane, requestOf(withFirstOnly()));
      await records.cancelBatch('batch-1', () => [], plane.clock.iso());
      const receipt = await receiveBatch(plane, batchRequest(files));
      assert.deepEqual([receipt.status, receipt.counts.missing], ['cancelled', files.length - 1]);
      assert.equal((await records.receipts('batch-1')).length, 1);
    }),
  );

  it(
    'that is cancelled while its files come is refused',
    using(async ({ plane, records }) => {
      await receiveBatch(plane, requestOf(withFirstOnly()));
      const cancelling = {
        ...records,
        receive: async (arrival: Parameters<typeof records.receive>[0]) => {
          await records.cancelBatch('batch-1', () => [], plane.clock.iso());
          return records.receive(arrival);
        },
      };
      await assert.rejects(
        receiveBatch({ ...plane, records: cancelling }, batchRequest(files)),
        coded('INVALID_STATE_TRANSITION'),
      );
      assert.equal((await records.receipts('batch-1')).length, 1);
      assert.equal((await records.documents({ limit: 9 })).total, 1);
    }),
  );
});

describe('a file of a batch', () => {
  it(
    'that is refused does not hold up the others',
    using(async ({ plane, keys, records }) => {
      const given = [
        files[0]!,
        { file_id: 'bad', filename: 'tool.exe', mime_type: 'application/octet-stream', content: 'MZ' },
        files[2]!,
      ];
      const receipt = await receiveBatch(plane, batchRequest(given));
      assert.deepEqual(receipt.counts, {
        files: 3,
        accepted: 2,
        rejected: 1,
        quarantined: 0,
        duplicates: 0,
        missing: 0,
      });
      const [refused] = receipt.rejected_files;
      assert.equal(refused?.reason, 'UNSUPPORTED_FORMAT');
      assert.ok(refused?.remediation);
      const rejected = receipt.receipts[1];
      assert.deepEqual([rejected?.doc_id, rejected?.storage_path, rejected?.status], [null, null, 'rejected']);
      assert.equal((await keys()).length, 2);
      const event = (await records.pendingEvents(10)).find(
        ({ event }) => event.event_type === 'DOCUMENT_REJECTED',
      )?.event;
      assert.equal(event?.resource_id, 'batch-1/bad');
    }),
  );

  it(
    'with another checksum or size than its manifest is rejected with both values',
    using(async ({ plane }) => {
      const given = [
        { ...files[0]!, claim: { sha256: 'a'.repeat(64) } },
        { ...files[1]!, claim: { size_bytes: 3 } },
        { ...files[2]!, claim: { size_bytes: 1000 } },
      ];
      const { rejected_files } = await receiveBatch(plane, batchRequest(given));
      assert.deepEqual(
        rejected_files.map(({ reason }) => reason),
        Array(3).fill('CHECKSUM_MISMATCH'),
      );
      assert.equal(rejected_files[0]?.details?.expected_sha256, 'a'.repeat(64));
      assert.equal(rejected_files[0]?.details?.actual_sha256, sha256('The first file.'));
      assert.equal(rejected_files[1]?.details?.actual_size_bytes, 8);
    }),
  );

  it(
    'beyond the size limit is skipped, and the parts after it are read',
    using(
      async ({ plane, keys }) => {
        const large = { file_id: 'big', filename: 'big.txt', content: 'x'.repeat((1 << 20) + 1) };
        const lying = { ...large, file_id: 'liar', claim: { size_bytes: 10 } };
        const exact = { file_id: 'fits', filename: 'fits.txt', content: 'x'.repeat(1 << 20) };
        const { receipts } = await receiveBatch(plane, batchRequest([large, lying, exact, files[0]!]));
        assert.deepEqual(
          receipts.map(({ reason }) => reason),
          ['SIZE_EXCEEDED', 'SIZE_EXCEEDED', null, null],
        );
        assert.equal((await keys()).length, 2);
      },
      { config: { max_file_size_mb: 1 } },
    ),
  );

  it(
    'that was there before is a duplicate, within one batch too, and is not stored or processed twice',
    using(async ({ plane, records, keys }) => {
      const copy = { ...files[0]!, file_id: 'copy', filename: 'copy.txt' };
      const one = await receiveBatch(plane, batchRequest([files[0]!, copy]));
      assert.equal(one.counts.duplicates, 1);
      assert.equal(one.receipts[1]?.duplicate_of, one.receipts[0]?.receipt_id);
      const two = await receiveBatch(plane, batchRequest([copy], { batch_id: 'batch-2' }));
      assert.equal(two.receipts[0]?.duplicate_of, one.receipts[0]?.receipt_id);
      assert.equal((await keys()).length, 1);
      assert.equal((await records.outbox(10)).length, 1);
    }),
  );

  it(
    'with malware goes to quarantine under the signature’s name, without a job',
    using(
      async ({ plane, keys, records }) => {
        const receipt = await receiveBatch(plane, batchRequest([files[0]!]));
        const [found] = receipt.quarantined_files;
        assert.deepEqual([found?.reason, found?.details?.signature], ['MALWARE_DETECTED', 'Eicar-Test']);
        assert.equal(receipt.receipts[0]?.scan_result, 'quarantined');
        assert.ok((await keys())[0]?.startsWith('quarantine/acme/'));
        assert.equal((await keys()).length, 1);
        assert.deepEqual(await records.outbox(10), []);
      },
      { scanner: scannerThat(() => ({ result: 'quarantined', signature: 'Eicar-Test' })) },
    ),
  );

  it('that is known for malware only later loses its clean copy', async () => {
    let verdict: ScanVerdict = { result: 'clean' };
    const world = await intakeWorld({ scanner: scannerThat(() => verdict) });
    const first = await receiveBatch(world.plane, batchRequest([files[0]!]));
    assert.equal(first.receipts[0]?.scan_result, 'clean');
    verdict = { result: 'quarantined', signature: 'Eicar-Test' };
    await receiveBatch(world.plane, batchRequest([files[0]!], { batch_id: 'batch-2' }));
    assert.deepEqual(await world.keys('raw/'), []);
    assert.equal((await world.keys('quarantine/')).length, 1);
    verdict = { result: 'clean' };
    const third = await receiveBatch(world.plane, batchRequest([files[0]!], { batch_id: 'batch-3' }));
    assert.equal(third.counts.quarantined, 1);
    assert.deepEqual(await world.keys('raw/'), []);
    await world.end();
  });

  for (const allow_unscannable of [false, true]) {
    it(
      `beyond the scanner’s reach is ${allow_unscannable ? 'taken as unscannable' : 'refused'}`,
      using(
        async ({ plane }) => {
          const [receipt] = (await receiveBatch(plane, batchRequest([files[0]!]))).receipts;
          assert.deepEqual(
            [receipt?.status, receipt?.scan_result],
            [allow_unscannable ? 'accepted' : 'rejected', 'unscannable'],
          );
        },
        { config: { allow_unscannable }, scanner: scannerThat(() => ({ result: 'unscannable' })) },
      ),
    );
  }

  it(
    'is never clean while the scanner is down: the batch is refused and nothing kept',
    using(
      async (world) => {
        await assert.rejects(receiveBatch(world.plane, batchRequest(files)), coded('SERVICE_UNAVAILABLE'));
        await nothingKept(world);
      },
      {
        scanner: scannerThat(() => {
          throw new FrostbyteError('SERVICE_UNAVAILABLE', 'down');
        }),
      },
    ),
  );

  for (const filename of [
    '../../etc/passwd.txt',
    '/etc/x.txt',
    'C:\\a\\b.txt',
    '..\\x.txt',
    'a\u202etxt.txt',
    '%2e%2e%2fx.txt',
    '"quoted".txt',
    "';--.txt",
    '<b>.txt',
  ]) {
    it(
      `named ${JSON.stringify(filename)} is stored under its hash alone, its name kept as data`,
      using(async ({ plane, keys }) => {
        const given = { file_id: 'f1', filename, content: 'x' };
        const { receipts } = await receiveBatch(
          plane,
          requestOf(bodyOf([manifestPart(manifestOf([given])), { name: 'f1', content: 'x' }])),
        );
        assert.equal(receipts[0]?.original_filename, filename);
        assert.deepEqual(await keys(), [`raw/acme/${docId('acme', sha256('x'))}/${sha256('x')}`]);
      }),
    );
  }

  it(
    'of more than a megabyte arrives byte for byte, whatever the chunks',
    using(async ({ plane, objects }) => {
      const body = randomBytes(900_000).toString('base64');
      for (const [at, size] of [777, 65_536, 1_000_003].entries()) {
        const content = `${at}${body}`;
        const given = { file_id: 'f1', filename: 'large.txt', content };
        const request = requestOf(
          bodyOf([manifestPart(manifestOf([given], { batch_id: `b${at}` })), partOf(given)]),
          size,
        );
        const { receipts } = await receiveBatch(plane, request);
        assert.equal(Buffer.from(await objects.read(receipts[0]!.storage_path!)).toString(), content);
      }
    }),
  );
});

describe('sweeping orphans', () => {
  it(
    'removes objects without a document after an hour, and no others',
    using(async ({ plane, objects, records, keys }) => {
      await receiveBatch(plane, batchRequest(files));
      const stray = `raw/acme/doc_0000000000000000/${'0'.repeat(64)}`;
      await objects.put(stray, Buffer.from('x'));
      const sweep = () => sweepOrphans({ tenant_id: 'acme', objects, records, clock: plane.clock });
      assert.equal((await sweep()).objects, 0);
      plane.clock.advance(3_599_000);
      assert.equal((await sweep()).objects, 0);
      plane.clock.advance(1000);
      assert.equal((await sweep()).objects, 1);
      assert.equal((await keys()).length, 3);
      assert.equal((await keys()).includes(stray), false);
    }),
  );
});
