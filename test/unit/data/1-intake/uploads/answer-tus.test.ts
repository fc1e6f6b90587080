import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TenantConfig } from '../../../../../appliance/api/tenant-config.ts';
import type { UploadLimits } from '../../../../../appliance/data/1-intake/uploads/limits.ts';
import { uploadContent } from '../../../../../appliance/data/1-intake/uploads/read-upload.ts';
import { type ErrorCode, FrostbyteError, isFrostbyteError } from '../../../../../appliance/kernel/errors.ts';
import { newId } from '../../../../../appliance/kernel/ids.ts';
import { type IntakeWorld, intakeWorld } from '../../../../support/intake.ts';
import { bodyIn, type Tus, tusOf } from '../../../../support/tus.ts';

const using =
  (
    work: (world: IntakeWorld, tus: Tus) => Promise<void>,
    options: { config?: Partial<TenantConfig>; limits?: Partial<UploadLimits> } = {},
  ) =>
  async () => {
    const world = await intakeWorld(options);
    try {
      await work(world, tusOf(world, options.limits));
    } finally {
      await world.end();
    }
  };
const coded = (code: ErrorCode) => (error: unknown) => isFrostbyteError(error, code);
const noRoom = {
  code: 'QUOTA_EXCEEDED',
  message: /no room for more files\. Free disk space, or ask the platform owner\./,
};
const base64 = (text: string) => Buffer.from(text).toString('base64');

async function stored({ plane, records }: IntakeWorld, uploadId: string): Promise<string> {
  const chunks: Buffer[] = [];
  // A piece may give its memory back once the next is asked for.
  for await (const chunk of uploadContent(plane, (await records.upload(uploadId))!)) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('latin1');
}

async function told({ records }: IntakeWorld) {
  return (await records.pendingEvents(100)).map(({ event }) => event);
}

describe('what is spoken', () => {
  it(
    'is told to whoever asks: version, extensions, largest file, checksums, and nothing for other origins',
    using(
      async (_world, tus) => {
        const { status, headers } = await tus.ask('OPTIONS', undefined, { origin: 'https://evil.example' });
        assert.equal(status, 204);
        assert.equal(headers.get('tus-version'), '1.0.0');
        assert.equal(headers.get('tus-extension'), 'creation,creation-with-upload,expiration,termination,checksum');
        assert.equal(headers.get('tus-max-size'), String(3 << 20));
        assert.equal(headers.get('tus-checksum-algorithm'), 'sha256,sha1');
        assert.deepEqual(
          [...headers.keys()].filter((name) => name.startsWith('access-control')),
          [],
        );
      },
      { config: { max_file_size_mb: 3 } },
    ),
  );

  it(
    'is version 1.0.0: another one, or none, is answered 412 with ours',
    using(async (world, tus) => {
      for (const version of ['', '0.2.2', '1.0.1']) {
        const { status, headers } = await tus.ask('POST', undefined, {
          'tus-resumable': version,
          'upload-length': '1',
        });
        assert.equal(status, 412);
        assert.equal(headers.get('tus-version'), '1.0.0');
      }
      assert.equal((await world.records.uploads({ limit: 1 })).total, 0);
    }),
  );
});

describe('an upload', () => {
  it(
    'begins with its length and its metadata, at an address relative to the host',
    using(async (world, tus) => {
      const metadata = `filename ${base64('große Datei.pdf')},filetype ${base64('application/pdf')},is_draft`;
      const response = await tus.ask('POST', undefined, { 'upload-length': '10', 'upload-metadata': metadata });
      assert.equal(response.status, 201);
      const location = response.headers.get('location')!;
      assert.match(location, /^\/api\/v1\/ingest\/acme\/uploads\/[0-9a-f-]{36}$/);
      const id = location.split('/').at(-1)!;
      const head = await tus.ask('HEAD', id);
      assert.equal(head.status, 200);
      assert.equal(head.headers.get('upload-offset'), '0');
      assert.equal(head.headers.get('upload-length'), '10');
      assert.equal(head.headers.get('upload-metadata'), metadata);
      assert.equal(head.headers.get('cache-control'), 'no-store');
      assert.equal(head.headers.get('upload-expires'), 'Sun, 04 Jan 2026 00:00:00 GMT');
      assert.equal((await world.records.upload(id))?.metadata.filename, 'große Datei.pdf');
      const [event] = await told(world);
      assert.equal(event?.event_type, 'UPLOAD_CREATED');
      assert.equal(event?.actor, 'dana');
      assert.doesNotMatch(JSON.stringify(event), /Datei/);
    }),
  );

  it(
    'goes on piece by piece until it is whole, sealed on the disk',
    using(async (world, tus) => {
      const id = await tus.begin(26);
      const first = await tus.append(id, 0, 'canary-of-the-first');
      assert.equal(first.status, 204);
      assert.equal(first.headers.get('upload-offset'), '19');
      assert.ok(first.headers.get('upload-expires'));
      assert.equal(await tus.offset(id), 19);
      const second = await tus.append(id, 19, '-second');
      assert.equal(second.headers.get('upload-offset'), '26');
      assert.equal((await world.records.upload(id))?.state, 'finished');
      assert.equal(await stored(world, id), 'canary-of-the-first-second');
      for (const key of await world.keys('uploads/')) {
        const sealed = await readFile(join(world.folder, 'objects', key));
        assert.match(sealed.subarray(0, 40).toString('latin1'), /^age-encryption\.org\/v1/);
        assert.equal(sealed.includes('canary'), false);
      }
    }),
  );

  it(
    'may bring its first bytes with its creation',
    using(async (world, tus) => {
      const id = await tus.begin(5, { 'content-type': 'application/offset+octet-stream' }, 'hel');
      assert.equal(await tus.offset(id), 3);
      await tus.append(id, 3, 'lo');
      assert.equal(await stored(world, id), 'hello');
    }),
  );

  it(
    'whose first bytes are not what was said of them is not begun at all',
    using(async (world, tus) => {
      const octets = { 'upload-length': '2', 'content-type': 'application/offset+octet-stream' };
      const sum = { 'upload-checksum': `sha256 ${createHash('sha256').update('x').digest('base64')}` };
      await assert.rejects(tus.ask('POST', undefined, { ...octets, 'content-length': '3' }, 'abc'), {
        code: 'PAYLOAD_TOO_LARGE',
      });
      await assert.rejects(tus.ask('POST', undefined, octets, bodyIn(['ab', 'c'])), { code: 'PAYLOAD_TOO_LARGE' });
      assert.equal((await tus.ask('POST', undefined, { ...octets, ...sum }, 'ab')).status, 460);
      assert.equal((await world.records.uploads({ limit: 9 })).total, 0);
      assert.equal(await world.records.announcedBytes([]), 0);
      assert.deepEqual(
        (await told(world)).map(({ event_type }) => event_type),
        Array.from({ length: 3 }, () => ['UPLOAD_CREATED', 'UPLOAD_DELETED']).flat(),
      );
    }),
  );

  it(
    'of nothing is whole at once',
    using(async (world, tus) => {
      const id = await tus.begin(0);
      assert.equal((await world.records.upload(id))?.state, 'finished');
      assert.equal(await stored(world, id), '');
    }),
  );

  it(
    'is deleted with its bytes, and an event says so',
    using(async (world, tus) => {
      const id = await tus.begin(10);
      await tus.append(id, 0, 'abc');
      assert.equal((await tus.ask('DELETE', id)).status, 204);
      assert.deepEqual(await world.keys('uploads/'), []);
      await assert.rejects(tus.ask('HEAD', id), coded('RESOURCE_NOT_FOUND'));
      await assert.rejects(tus.ask('DELETE', id), coded('RESOURCE_NOT_FOUND'));
      const { event_type, actor, details } = (await told(world)).at(-1)!;
      assert.deepEqual(
        [event_type, actor, details.cause, details.received_bytes],
        ['UPLOAD_DELETED', 'dana', 'deleted', 3],
      );
    }),
  );

  it(
    'expires when nothing was added for so long, and each piece is so much time more',
    using(
      async ({ plane }, tus) => {
        const id = await tus.begin(10);
        plane.clock.advance(900);
        await tus.append(id, 0, 'a');
        plane.clock.advance(900);
        assert.equal(await tus.offset(id), 1);
        plane.clock.advance(100);
        await assert.rejects(tus.ask('HEAD', id), coded('RESOURCE_NOT_FOUND'));
        await assert.rejects(tus.append(id, 1, 'b'), coded('RESOURCE_NOT_FOUND'));
      },
      { limits: { keepMs: 1000 } },
    ),
  );
});

describe('a piece', () => {
  it(
    'at another offset is refused with 409, and changes nothing',
    using(async (world, tus) => {
      const id = await tus.begin(10);
      await tus.append(id, 0, 'abc');
      for (const offset of [0, 2, 4, 10])
        await assert.rejects(tus.append(id, offset, 'x'), coded('INVALID_STATE_TRANSITION'));
      assert.equal(await tus.offset(id), 3);
      await assert.rejects(tus.append(newId(), 0, 'x'), coded('RESOURCE_NOT_FOUND'));
      assert.equal((await world.keys('uploads/')).length, 1);
    }),
  );

  it(
    'beyond the announced length is refused, said beforehand or found out; nothing of it stays',
    using(async (world, tus) => {
      const id = await tus.begin(10);
      await tus.append(id, 0, 'abc');
      await assert.rejects(tus.append(id, 3, '12345678', { 'content-length': '8' }), coded('PAYLOAD_TOO_LARGE'));
      await assert.rejects(tus.append(id, 3, bodyIn(['1234567', '8'])), coded('PAYLOAD_TOO_LARGE'));
      assert.equal(await tus.offset(id), 3);
      assert.equal((await world.keys('uploads/')).length, 1);
      assert.deepEqual(await readdir(join(world.folder, 'objects', 'drafts')), []);
      await tus.append(id, 3, '1234567');
      assert.equal(await stored(world, id), 'abc1234567');
      await assert.rejects(tus.append(id, 10, 'x'), coded('PAYLOAD_TOO_LARGE'));
    }),
  );

  it(
    'whose connection breaks leaves what came',
    using(async (world, tus) => {
      const id = await tus.begin(10);
      await tus.append(id, 0, bodyIn(['abc', 'de'], 'broken'));
      assert.equal(await tus.offset(id), 5);
      await tus.append(id, 5, bodyIn([], 'broken'));
      assert.equal(await tus.offset(id), 5);
      await tus.append(id, 5, 'fghij');
      assert.equal(await stored(world, id), 'abcdefghij');
    }),
  );

  it(
    'that is still at work gives way to the next request, and both are told where the upload stands',
    using(
      async (world, tus) => {
        const id = await tus.begin(10);
        const stalled = async (offset: number, piece: string) => {
          const { promise, resolve } = Promise.withResolvers<void>();
          const answer = tus.append(id, offset, bodyIn([piece], 'silent', resolve));
          await promise;
          return { answer };
        };
        const first = await stalled(0, 'abc');
        await assert.rejects(tus.append(id, 0, 'xyz'), coded('INVALID_STATE_TRANSITION'));
        assert.equal((await first.answer).headers.get('upload-offset'), '3');
        const second = await stalled(3, 'de');
        assert.equal(await tus.offset(id), 5, 'asking for the offset ends a dead request');
        assert.equal((await second.answer).status, 204);
        await tus.append(id, 5, 'fghij');
        assert.equal(await stored(world, id), 'abcdefghij');
      },
      { limits: { handoverMs: 20 } },
    ),
  );

  it(
    'with its checksum is kept whole or not at all',
    using(
      async (world, tus) => {
        const id = await tus.begin(10);
        const sum = (algorithm: string, text: string) => ({
          'upload-checksum': `${algorithm} ${createHash(algorithm).update(text).digest('base64')}`,
        });
        await tus.append(id, 0, bodyIn(['ab', 'cd']), sum('sha256', 'abcd'));
        await tus.append(id, 4, 'ef', sum('sha1', 'ef'));
        const wrong = await tus.append(id, 6, bodyIn(['g', 'h']), sum('sha256', 'gx'));
        assert.equal(wrong.status, 460);
        assert.match(await wrong.text(), /"VALIDATION_ERROR"/);
        assert.equal((await tus.append(id, 6, bodyIn(['g'], 'broken'), sum('sha256', 'gh'))).status, 460);
        assert.equal(await tus.offset(id), 6);
        assert.deepEqual(await readdir(join(world.folder, 'objects', 'drafts')), []);
        for (const header of ['md5 rL0Y20zC+Fzt72VPzMSk2A==', 'toString aaaa'])
          await assert.rejects(tus.append(id, 6, 'gh', { 'upload-checksum': header }), coded('VALIDATION_ERROR'));
        await tus.append(id, 6, 'ghij', sum('sha256', 'ghij'));
        assert.equal(await stored(world, id), 'abcdefghij');
      },
      // A segment would end with every byte, but for the checksum.
      { limits: { segmentBytes: 1 } },
    ),
  );

  it(
    'must be octets with an offset',
    using(async (_world, tus) => {
      const id = await tus.begin(10);
      assert.equal((await tus.append(id, 0, 'x', { 'content-type': 'application/json' })).status, 415);
      await assert.rejects(tus.append(id, 0, 'x', { 'upload-offset': '0x' }), coded('VALIDATION_ERROR'));
    }),
  );
});

/** Large enough that the streams between do not join two of them. */
const PIECE = 200_000;

describe('segments', () => {
  it(
    'end with so many bytes, so that a kill costs no more than those',
    using(
      async (world, tus) => {
        const pieces = ['a', 'b', 'c'].map((letter) => letter.repeat(PIECE));
        const id = await tus.begin(3 * PIECE + 3);
        await tus.append(id, 0, bodyIn([...pieces, 'end']));
        assert.deepEqual(
          (await world.records.uploadSegments(id)).map(({ start, bytes }) => [start, bytes]),
          [
            [0, 2 * PIECE],
            [2 * PIECE, PIECE + 3],
          ],
        );
        assert.equal(await stored(world, id), `${pieces.join('')}end`);
      },
      { limits: { segmentBytes: 2 * PIECE } },
    ),
  );

  it(
    'end after so long, however slow the sender',
    using(
      async (world, tus) => {
        const id = await tus.begin(3 * PIECE);
        await tus.append(id, 0, bodyIn(['a', 'b', 'c'].map((letter) => letter.repeat(PIECE))));
        assert.equal((await world.records.uploadSegments(id)).length, 3);
      },
      { limits: { segmentMs: 0 } },
    ),
  );

  it(
    'stay few when the pieces are tiny and many, and hold the same bytes',
    using(
      async (world, tus) => {
        const bytes = randomBytes(100).toString('latin1');
        const sent = Buffer.from(bytes, 'latin1');
        const id = await tus.begin(sent.length);
        for (let at = 0; at < sent.length; at++) await tus.append(id, at, sent.subarray(at, at + 1));
        const segments = await world.records.uploadSegments(id);
        // Counted every sixteen pieces.
        assert.ok(segments.length <= 8 + 16, `${segments.length} segments`);
        assert.equal((await world.keys('uploads/')).length, segments.length);
        assert.equal(await stored(world, id), bytes);
      },
      { limits: { mostSmall: 8 } },
    ),
  );

  it(
    'are refused beyond a number that nobody needs',
    using(
      async (_world, tus) => {
        const id = await tus.begin(10);
        await tus.append(id, 0, 'a');
        await tus.append(id, 1, 'b');
        await assert.rejects(tus.append(id, 2, 'c'), coded('VALIDATION_ERROR'));
        assert.equal(await tus.offset(id), 2);
      },
      { limits: { mostPieces: 2 } },
    ),
  );
});

describe('a beginning is refused', () => {
  it(
    'beyond the largest file, and beyond the quota that announced bytes count against',
    using(
      async (world, tus) => {
        await assert.rejects(tus.begin(5 * 1024 ** 3), coded('PAYLOAD_TOO_LARGE'));
        await tus.begin(600 << 20);
        await assert.rejects(tus.begin(600 << 20), {
          code: 'QUOTA_EXCEEDED',
          message: /beyond its storage quota\. Erase documents .*, or ask the platform owner for a larger quota\./,
          details: [{ field: 'storage_quota_gb', value: 1, constraint: `${600 << 20} bytes coming` }],
        });
        assert.equal((await world.records.uploads({ limit: 1 })).total, 1);
      },
      { config: { max_file_size_mb: 700, storage_quota_gb: 1 } },
    ),
  );

  it(
    'when the tenant holds too many',
    using(
      async (_world, tus) => {
        const id = await tus.begin(1);
        await assert.rejects(tus.begin(1), coded('QUOTA_EXCEEDED'));
        await tus.ask('DELETE', id);
        await tus.begin(1);
      },
      { limits: { mostUploads: 1 } },
    ),
  );

  it(
    'without a length, with a deferred one, or as a part of another upload',
    using(async (world, tus) => {
      const refused = (headers: Record<string, string>) =>
        assert.rejects(tus.ask('POST', undefined, headers), coded('VALIDATION_ERROR'));
      await refused({});
      await refused({ 'upload-length': '-1' });
      await refused({ 'upload-length': '1e3' });
      await refused({ 'upload-defer-length': '1' });
      await refused({ 'upload-length': '1', 'upload-concat': 'partial' });
      assert.equal((await world.records.uploads({ limit: 1 })).total, 0);
    }),
  );

  it(
    'when the disk is nearly full, before anything is written',
    using(async (world) => {
      const check = () => Promise.reject(new FrostbyteError('DISK_FULL', 'nearly full'));
      const tus = tusOf({ ...world, plane: { ...world.plane, objects: { ...world.objects, check } } });
      await assert.rejects(tus.begin(1), noRoom);
      assert.equal((await world.records.uploads({ limit: 1 })).total, 0);
    }),
  );

  it(
    'like a continuation, in the words of the batch, when the disk is full',
    using(async (world, tus) => {
      const id = await tus.begin(2);
      const begin = () => Promise.reject(new FrostbyteError('DISK_FULL', 'full'));
      const filling = tusOf({ ...world, plane: { ...world.plane, objects: { ...world.objects, begin } } });
      await assert.rejects(filling.append(id, 0, 'ab'), noRoom);
      assert.equal(await tus.offset(id), 0);
    }),
  );
});
