import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { CustomFields } from '../../appliance/api/custom-fields/schema.ts';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { CustomFieldsAnswer, MetadataVerdict } from '../../appliance/api/schemas/custom-fields.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { ConfigUpdate } from '../../appliance/control/verbs.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { makeBatch, type TestBatch, text } from '../support/batch.ts';
import { serverEvents } from '../support/events-stream.ts';
import type { Caller } from '../support/http.ts';
import { PROGRAM } from '../support/program.ts';
import { type Ran, runProgram } from '../support/shipped.ts';

/** Frode says what metadata may say; Dana sends them, is told what does not fit, and finds documents by them. */

const SCHEMA = {
  schema_version: '1.0',
  fields: [
    {
      name: 'matter',
      type: 'string',
      required: true,
      description: 'Number of the matter',
      validation: { pattern: '^M-\\d+$', max: 12 },
    },
    { name: 'amount', type: 'number', validation: { min: 0 } },
    { name: 'urgent', type: 'boolean' },
    { name: 'signed', type: 'date' },
    { name: 'tags', type: 'array', validation: { max: 3 } },
    { name: 'extra', type: 'object' },
  ],
};

let appliance: Appliance;
let frode: Caller;
let dana: Caller;
let reader: Caller;
let folder: string;
let tokens: { frode: string; dana: string };
before(async () => {
  appliance = await startAppliance();
  await appliance.createTenant('acme', { classification_review_enabled: false });
  const [admin, tenant] = [
    { role: 'admin', subject: 'frode' },
    { role: 'tenant_admin', tenant_id: 'acme', subject: 'dana' },
  ] as const;
  frode = await appliance.caller(admin);
  dana = await appliance.caller(tenant);
  reader = await appliance.caller({ role: 'tenant_user', tenant_id: 'acme', subject: 'rea' });
  tokens = { frode: await appliance.token(admin), dana: await appliance.token(tenant) };
  folder = await mkdtemp(join(tmpdir(), 'custom-fields-'));
});
after(async () => {
  await appliance.end();
  await rm(folder, { recursive: true, force: true });
});

const FIELDS = '/ingest/acme/custom-fields';
const SETTING = '/admin/tenants/acme/custom-fields';
const set = (custom_fields: unknown) => frode<ConfigUpdate>('PUT', SETTING, { custom_fields, reason: 'agreed' });

function frostbyte(who: keyof typeof tokens, ...args: string[]): Promise<Ran> {
  return runProgram([...PROGRAM, ...args], {
    env: { PATH: process.env.PATH ?? '', FROSTBYTE_URL: appliance.url, FROSTBYTE_TOKEN: tokens[who] },
  });
}

async function settled(batch: TestBatch): Promise<BatchStatus> {
  const { data } = await dana<BatchReceipt>('POST', '/ingest/acme/batch', batch.form);
  for await (const _ of serverEvents(await dana.raw('GET', `/ingest/acme/batch/${data.batch_id}/stream`))) void _;
  return (await dana<BatchStatus>('GET', `/ingest/acme/batch/${data.batch_id}`)).data;
}

function batchOf(
  files: Record<string, Record<string, unknown> | null>,
  extra: Record<string, unknown> = {},
): TestBatch {
  const batch = makeBatch(
    'acme',
    Object.keys(files).map((name) =>
      text(`${name}.txt`, `LEASE ${name}\n\nThe rent of the warehouse ${name} is due each month.\n`),
    ),
    extra,
  );
  for (const file of batch.manifest.files) {
    const metadata = files[file.filename.replace('.txt', '')];
    if (metadata) Object.assign(file, { metadata });
  }
  batch.form.set('manifest', JSON.stringify(batch.manifest));
  return batch;
}

const found = async (metadata: Record<string, unknown>, query_text = 'rent of the warehouse') => {
  const { data } = await reader<RetrievalProof>('POST', '/query/acme/search', {
    query_text,
    top_k: 50,
    filters: { metadata },
  });
  return [...new Set(data.chunks.map(({ original_filename }) => original_filename.replace('.txt', '')))].sort();
};

test('a tenant begins without a schema, and an admin alone sets one', async () => {
  assert.deepEqual((await reader<CustomFieldsAnswer>('GET', FIELDS)).data, {
    tenant_id: 'acme',
    custom_fields: null,
    config_version: 1,
  });
  for (const caller of [dana, reader])
    assert.equal(
      (await caller('PUT', SETTING, { custom_fields: SCHEMA, reason: 'x' })).code,
      'INSUFFICIENT_PERMISSIONS',
    );
  assert.equal(
    (
      await set({
        ...SCHEMA,
        fields: [...SCHEMA.fields, SCHEMA.fields[0], { name: 'x', type: 'number', validation: { pattern: '(?=a)' } }],
      })
    ).error.details.length,
    3,
  );
  assert.equal(
    (await frode('PUT', SETTING, { custom_fields: SCHEMA })).code,
    'VALIDATION_ERROR',
    'a change has a reason',
  );
  const { data } = await set(SCHEMA);
  assert.deepEqual(
    [data.previous_config_version, data.config_version, data.changes[0]?.field],
    [1, 2, 'custom_fields'],
  );
  assert.equal((await set(SCHEMA)).data.config_version, 2, 'twice is the same as once');
  const now = (await reader<CustomFieldsAnswer>('GET', FIELDS)).data;
  assert.deepEqual([now.config_version, now.custom_fields?.fields.length], [2, 6]);
});

test('metadata can be tried, against the schema in force and against another', async () => {
  const verdict = async (metadata: unknown, custom_fields?: unknown) =>
    (
      await dana<MetadataVerdict>('POST', `${FIELDS}/validate`, {
        metadata,
        ...(custom_fields ? { custom_fields } : {}),
      })
    ).data;
  assert.deepEqual(await verdict({ matter: 'M-1', amount: 5 }), { valid: true, schema_version: '1.0', problems: [] });
  const { valid, problems } = await verdict({ mater: 'M-1', amount: -1, signed: 'soon' });
  assert.equal(valid, false);
  assert.deepEqual(
    problems.map(({ field }) => field),
    ['mater', 'amount', 'signed', 'matter'],
  );
  assert.equal((await verdict({}, { schema_version: '9.0', fields: [] })).schema_version, '9.0');
  assert.equal((await reader('POST', `${FIELDS}/validate`, { metadata: {} })).code, 'INSUFFICIENT_PERMISSIONS');
});

test('files whose metadata do not fit are rejected one by one, and the report says what to mend', async () => {
  const done = await settled(
    batchOf(
      {
        one: { amount: 100, urgent: true, signed: '2026-01-31', tags: ['retail', 'north'] },
        two: {
          amount: 250.5,
          urgent: false,
          signed: '2026-02-01T08:00:00+01:00',
          tags: ['north'],
          extra: { note: 'x' },
        },
        three: { matter: 'M-2', signed: '2026-02-01' },
        four: { amount: 'many', colour: 'red' },
        five: { matter: 'none' },
        six: null,
      },
      { metadata: { matter: 'M-1' } },
    ),
  );
  const states = Object.fromEntries(
    done.files.map((file) => [file.original_filename.replace('.txt', ''), file.state ?? file.status]),
  );
  assert.deepEqual(states, {
    one: 'indexed',
    two: 'indexed',
    three: 'indexed',
    four: 'rejected',
    five: 'rejected',
    six: 'indexed',
  });
  const report = done.acceptance_report!.files;
  const problems = (name: string) =>
    report.find(({ original_filename }) => original_filename === `${name}.txt`)!.problems;
  assert.deepEqual(
    problems('four').map(({ code, message }) => [code, message]),
    [
      ['METADATA_INVALID', 'Metadata: amount must be a number.'],
      ['METADATA_INVALID', 'Metadata: colour is not a field of this tenant (schema 1.0).'],
    ],
  );
  assert.match(problems('five')[0]!.message, /matter must match the pattern/);
  assert.ok(report.every((file) => file.problems.every(({ remediation }) => remediation.length > 10)));

  const { data: documents } = await reader<{ original_filename: string; metadata: Record<string, unknown> }[]>(
    'GET',
    '/query/acme/documents',
  );
  const metadata = Object.fromEntries(
    documents.map((row) => [row.original_filename.replace('.txt', ''), row.metadata]),
  );
  assert.deepEqual(metadata.two, {
    matter: 'M-1',
    amount: 250.5,
    urgent: false,
    signed: '2026-02-01T08:00:00+01:00',
    tags: ['north'],
    extra: { note: 'x' },
  });
  assert.deepEqual([metadata.three, metadata.six], [{ matter: 'M-2', signed: '2026-02-01' }, { matter: 'M-1' }]);
});

test('a search finds documents by their metadata, as the types allow', async () => {
  assert.deepEqual(await found({ matter: 'M-1' }), ['one', 'six', 'two']);
  assert.deepEqual(await found({ matter: { in: ['M-2', 'M-3'] } }), ['three']);
  assert.deepEqual(await found({ amount: { gte: 100, lt: 250.5 } }), ['one']);
  assert.deepEqual(await found({ urgent: false }), ['two']);
  assert.deepEqual(await found({ signed: '2026-02-01' }), ['three', 'two']);
  assert.deepEqual(await found({ signed: { lt: '2026-02-01' } }), ['one']);
  assert.deepEqual(await found({ tags: { contains_all: ['north', 'retail'] } }), ['one']);
  assert.deepEqual(await found({ tags: 'north', matter: 'M-1' }), ['one', 'two']);
  assert.deepEqual(await found({ matter: 'M-404' }), []);
  // No word is found, so that only vectors answer.
  assert.deepEqual(await found({ urgent: true }, 'warehousing rented'), ['one']);
});

test('a filter that does not fit the schema is refused, with the name that was meant', async () => {
  const refused = await reader('POST', '/query/acme/search', {
    query_text: 'rent',
    filters: { metadata: { mater: 'zqcanary', amount: { gt: 'zqcanary' }, extra: 'zqcanary' } },
  });
  assert.equal(refused.code, 'VALIDATION_ERROR');
  assert.deepEqual(
    refused.error.details.map(({ field, constraint }) => [field, constraint]),
    [
      ['filters.metadata.mater', 'is not a field of this tenant (schema 1.0); did you mean matter?'],
      ['filters.metadata.amount.gt', 'must be a number, as the field is one'],
      ['filters.metadata.extra.eq', 'a field of the type object cannot be searched'],
    ],
  );
  assert.equal(JSON.stringify(refused.error).includes('zqcanary'), false);
});

test('the same file sent again joins its metadata, and is found by the newer ones', async () => {
  await settled(batchOf({ three: { matter: 'M-3', urgent: true } }));
  assert.deepEqual(await found({ matter: 'M-2' }), []);
  assert.deepEqual(await found({ matter: 'M-3', signed: '2026-02-01', urgent: true }), ['three']);
});

test('a changed schema needs a larger version, holds for what arrives afterwards, and can be taken away', async () => {
  const fields = [...SCHEMA.fields, { name: 'court', type: 'string', required: true }] as CustomFields['fields'];
  assert.equal((await set({ schema_version: '1.0', fields })).code, 'VALIDATION_ERROR');
  const patched = await frode<ConfigUpdate>('PATCH', '/admin/tenants/acme', {
    config: { custom_fields: { schema_version: '1.1', fields } },
    reason: 'courts',
  });
  assert.equal(patched.data.config_version, 3);
  const { files } = await settled(batchOf({ seven: { matter: 'M-7' }, eight: { matter: 'M-8', court: 'north' } }));
  assert.deepEqual(
    files.map(({ state, status }) => state ?? status),
    ['rejected', 'indexed'],
  );
  assert.deepEqual(await found({ matter: 'M-1' }), ['one', 'six', 'two'], 'what was there stays as it was');

  assert.equal((await frode('DELETE', SETTING)).code, 'VALIDATION_ERROR', 'a change has a reason');
  const cleared = await frode<ConfigUpdate>('DELETE', `${SETTING}?reason=moved`);
  assert.equal(cleared.data.config.custom_fields, null);
  const free = await settled(batchOf({ nine: { anything: 1 } }));
  assert.equal(free.files[0]!.state, 'indexed');
  assert.deepEqual(await found({ anything: 1 }), ['nine']);
  assert.deepEqual(await found({ amount: { gt: 200 } }), ['two']);

  const { data: events } = await frode<{ details: Record<string, unknown> }[]>(
    'GET',
    '/audit/acme/events?event_type=TENANT_CONFIG_UPDATED',
  );
  assert.deepEqual(events.map(({ details }) => [details.field, details.reason]).reverse(), [
    ['custom_fields', 'agreed'],
    ['custom_fields', 'courts'],
    ['custom_fields', 'moved'],
  ]);
  assert.equal(JSON.stringify(events).includes('Number of the matter'), false);
});

test('the command line sets, shows and tries schemas, and checks a folder before it is sent', async () => {
  const at = (name: string) => join(folder, name);
  const outgoing = at('outgoing');
  await writeFile(at('fields.json'), JSON.stringify({ ...SCHEMA, schema_version: '2.0' }));
  const done = await frostbyte('frode', 'tenant', 'fields', 'set', 'acme', at('fields.json'), '--because', 'new terms');
  assert.equal(done.code, 0, done.err);
  assert.match(done.out, /schema 2\.0, 6 field\(s\)/);
  const shown = await frostbyte('dana', 'tenant', 'fields', 'show', 'acme', '--json');
  await writeFile(at('shown.json'), shown.out);
  await writeFile(at('try.json'), '{"mater": "M-1"}');
  const tried = await frostbyte('dana', 'tenant', 'fields', 'validate', 'acme', at('try.json'));
  assert.deepEqual([tried.code, /did you mean matter/.test(tried.out)], [1, true], tried.out + tried.err);

  await mkdir(outgoing);
  for (const name of ['ten', 'eleven'])
    await writeFile(join(outgoing, `${name}.txt`), `LEASE ${name}\n\nThe rent of the garage ${name} is due.\n`);
  await writeFile(at('files.csv'), 'filename,amount,tags\nten.txt,10,garage;cheap\neleven.txt,eleven,\n');
  const build = (...more: string[]) =>
    frostbyte(
      'dana',
      'manifest',
      'build',
      outgoing,
      '--tenant',
      'acme',
      '--batch',
      'garages',
      '--metadata-from',
      at('files.csv'),
      ...more,
    );
  const wrong = await build('--metadata', 'matter=M-10', '--schema', at('shown.json'));
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /eleven\.txt: amount: must be a number/);
  const untyped = await build('--metadata', 'matter=M-10');
  assert.equal(untyped.code, 0, untyped.err);
  const offline = await frostbyte('dana', 'manifest', 'check', outgoing, '--schema', at('shown.json'));
  assert.equal(offline.code, 1);
  assert.match(offline.out, /METADATA_INVALID +Metadata: amount must be a number/);
  const online = await frostbyte('dana', 'manifest', 'check', outgoing, '--tenant', 'acme');
  assert.equal(online.out, offline.out);

  await writeFile(at('files.csv'), 'filename,amount,tags\nten.txt,10,garage;cheap\neleven.txt,11,\n');
  await rm(join(outgoing, 'manifest.json'));
  const sent = await frostbyte(
    'dana',
    'ingest',
    outgoing,
    '--tenant',
    'acme',
    '--metadata',
    'matter=M-10',
    '--metadata-from',
    at('files.csv'),
    '--json',
  );
  assert.equal(sent.code, 0, sent.err);
  const search = await frostbyte(
    'dana',
    'search',
    'acme',
    'rent',
    'of',
    'the',
    'garage',
    '--where',
    'matter=M-10',
    'amount<11',
    'tags~cheap',
    '--json',
  );
  assert.equal(search.code, 0, search.err);
  const proof = JSON.parse(search.out) as RetrievalProof;
  assert.deepEqual(new Set(proof.chunks.map(({ original_filename }) => original_filename)), new Set(['ten.txt']));
  const cleared = await frostbyte('frode', 'tenant', 'fields', 'clear', 'acme', '--because', 'done');
  assert.equal(cleared.code, 0, cleared.err);
});

test('no value of any metadata is in a log line', () => {
  for (const value of ['M-1', 'retail', 'many', 'zqcanary'])
    assert.equal(appliance.logs().includes(value), false, value);
});
