import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CustomFields } from '../../../../appliance/api/custom-fields/schema.ts';
import type { TenantConfig } from '../../../../appliance/api/tenant-config.ts';
import { receiveBatch } from '../../../../appliance/data/1-intake/receive-batch.ts';
import type { Scanner } from '../../../../appliance/data/plane.ts';
import { isFrostbyteError } from '../../../../appliance/kernel/errors.ts';
import {
  batchRequest,
  bodyOf,
  type GivenFile,
  type IntakeWorld,
  intakeWorld,
  manifestOf,
  manifestPart,
  partOf,
  requestOf,
} from '../../../support/intake.ts';

const SCHEMA = CustomFields.parse({
  schema_version: '1.0',
  fields: [
    { name: 'matter', type: 'string', required: true, validation: { pattern: '^M-\\d+$' } },
    { name: 'amount', type: 'number' },
  ],
});

const using =
  (work: (world: IntakeWorld) => Promise<void>, options: { config?: Partial<TenantConfig>; scanner?: Scanner } = {}) =>
  async () => {
    const world = await intakeWorld({ ...options, config: { custom_fields: SCHEMA, ...options.config } });
    try {
      await work(world);
    } finally {
      await world.end();
    }
  };
const file = (file_id: string, metadata?: Record<string, unknown>, rest: Partial<GivenFile> = {}): GivenFile => ({
  file_id,
  filename: `${file_id}.txt`,
  content: `The file ${file_id}.`,
  ...(metadata === undefined ? {} : { claim: { metadata } }),
  ...rest,
});

describe('metadata at intake', () => {
  it(
    'that do not fit reject their file alone, field by field; the others inherit and go on',
    using(async ({ plane, records, keys }) => {
      const secret = 'zqcanary';
      const given = [
        file('a'),
        file('b', { amount: 5 }),
        file('c', { amount: secret, [`${secret}key`]: 1 }),
        file('d', { matter: secret }),
        file('e', { matter: 'M-2', amount: 7 }),
      ];
      const receipt = await receiveBatch(plane, batchRequest(given, { metadata: { matter: 'M-1' } }));
      assert.deepEqual([receipt.counts.accepted, receipt.counts.rejected], [3, 2]);
      const [first, second] = receipt.rejected_files;
      assert.deepEqual([first?.reason, second?.reason], ['METADATA_INVALID', 'METADATA_INVALID']);
      assert.deepEqual([first?.details?.schema_version, first?.details?.problem_count], ['1.0', 2]);
      const problems = first?.details?.problems as {
        field: string;
        constraint: string;
        from: string;
        remediation: string;
      }[];
      assert.deepEqual(
        problems.map(({ field, constraint, from }) => [field, constraint, from]),
        [
          ['amount', 'must be a number', 'file'],
          [`${secret}key`, 'is not a field of this tenant (schema 1.0)', 'file'],
        ],
      );
      assert.ok(problems.every(({ remediation }) => remediation.length > 10));
      assert.equal(JSON.stringify(second).includes(secret), false, 'no value is kept in what is refused');
      const stored = await Promise.all(
        receipt.receipts.map(({ doc_id }) => (doc_id ? records.document(doc_id) : null)),
      );
      assert.deepEqual(
        stored.map((document) => document?.metadata),
        [{ matter: 'M-1' }, { matter: 'M-1', amount: 5 }, undefined, undefined, { matter: 'M-2', amount: 7 }],
      );
      assert.equal((await keys()).length, 3);
      const events = JSON.stringify(await records.pendingEvents(20));
      assert.equal(events.includes(secret), false, 'neither names nor values are in the log');
      assert.ok(events.includes('METADATA_INVALID'));
    }),
  );

  it(
    'that are required and missing, or wrong for the whole batch, reject every file that has no better',
    using(async ({ plane }) => {
      const reasons = async (batch: string, extra: Record<string, unknown>) => {
        const given = [file('a'), file('b', { matter: 'M-1' })];
        const receipt = await receiveBatch(plane, batchRequest(given, { batch_id: batch, ...extra }));
        return receipt.receipts.map(({ reason }) => reason);
      };
      assert.deepEqual(await reasons('b1', {}), ['METADATA_INVALID', null]);
      assert.deepEqual(await reasons('b2', { metadata: { matter: 'x' } }), ['METADATA_INVALID', null]);
      assert.deepEqual(await reasons('b3', { metadata: { color: 'red' } }), ['METADATA_INVALID', 'METADATA_INVALID']);
    }),
  );

  it(
    'are judged after type, size and checksum',
    using(
      async ({ plane }) => {
        const bad = { nothing: 1 };
        const given = [
          file('a', bad, { filename: 'a.exe' }),
          file('b', undefined, { claim: { metadata: bad, sha256: 'a'.repeat(64) } }),
          file('c', undefined, { content: 'x'.repeat((1 << 20) + 1), claim: { metadata: bad } }),
          file('d', bad),
        ];
        const { receipts } = await receiveBatch(plane, batchRequest(given));
        assert.deepEqual(
          receipts.map(({ reason }) => reason),
          ['UNSUPPORTED_FORMAT', 'CHECKSUM_MISMATCH', 'SIZE_EXCEEDED', 'METADATA_INVALID'],
        );
      },
      { config: { max_file_size_mb: 1 } },
    ),
  );

  it(
    'of a file with malware do not keep it out of quarantine, and are not stored where they do not fit',
    using(
      async ({ plane, records }) => {
        const { receipts } = await receiveBatch(
          plane,
          batchRequest([file('a', { nothing: 1 }), file('b', { matter: 'M-1' })]),
        );
        assert.deepEqual(
          receipts.map(({ status, reason }) => [status, reason]),
          Array(2).fill(['quarantined', 'MALWARE_DETECTED']),
        );
        const stored = await Promise.all(receipts.map(({ doc_id }) => records.document(doc_id!)));
        assert.deepEqual(
          stored.map((document) => document?.metadata),
          [{}, { matter: 'M-1' }],
        );
      },
      {
        scanner: {
          configured: true,
          begin: async () => ({
            write: async () => undefined,
            end: async () => ({ result: 'quarantined', signature: 'Test' }),
            abort: () => undefined,
          }),
          check: async () => undefined,
        },
      },
    ),
  );

  it(
    'of a batch that goes on are judged by the schema it began under',
    using(async ({ plane, settings }) => {
      const given = [file('a', { matter: 'M-1' }), file('b', { matter: 'M-2' }), file('c', { amount: 1 })];
      const [manifest, first] = [manifestPart(manifestOf(given)), partOf(given[0]!)];
      const body = bodyOf([manifest, first, partOf(given[1]!)]);
      const cut = requestOf(body.subarray(0, body.length - 60));
      assert.equal((await receiveBatch(plane, cut)).status, 'incomplete');
      const other = CustomFields.parse({ schema_version: '2.0', fields: [{ name: 'amount', type: 'number' }] });
      const later = {
        ...plane,
        config: async () => ({ config: { ...settings, custom_fields: other }, config_version: 2 }),
      };
      const { receipts } = await receiveBatch(later, requestOf(bodyOf([manifest, ...given.map(partOf)])));
      assert.deepEqual(
        receipts.map(({ reason }) => reason),
        [null, null, 'METADATA_INVALID'],
      );
    }),
  );

  it(
    'of a tenant without a schema are taken as they come, and a name that would be lost is refused',
    using(
      async ({ plane, records }) => {
        const { receipts } = await receiveBatch(plane, batchRequest([file('a', { any: [1, null, { x: true }] })]));
        assert.deepEqual((await records.document(receipts[0]!.doc_id!))?.metadata, { any: [1, null, { x: true }] });
        const json = JSON.stringify(manifestOf([file('b', { proto: 1 })], { batch_id: 'b2' })).replace(
          '"proto"',
          '"__proto__"',
        );
        const request = requestOf(bodyOf([{ name: 'manifest', content: json }, partOf(file('b'))]));
        await assert.rejects(receiveBatch(plane, request), (error) => isFrostbyteError(error, 'MANIFEST_INVALID'));
      },
      { config: { custom_fields: null } },
    ),
  );
});
