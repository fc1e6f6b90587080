import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { CustomFields } from '../../../appliance/api/custom-fields/schema.ts';
import type { Manifest } from '../../../appliance/api/manifest.ts';
import { withMetadata } from '../../../appliance/cli/metadata-options.ts';
import { readSchemaFile } from '../../../appliance/cli/schema-file.ts';
import { readWhere } from '../../../appliance/cli/where.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';

const SCHEMA = CustomFields.parse({
  schema_version: '1.0',
  fields: [
    { name: 'matter', type: 'string', required: true },
    { name: 'amount', type: 'number' },
    { name: 'urgent', type: 'boolean' },
    { name: 'signed', type: 'date' },
    { name: 'tags', type: 'array' },
    { name: 'extra', type: 'object' },
  ],
});
const MANIFEST: Manifest = {
  batch_id: 'b',
  tenant_id: 'acme',
  file_count: 2,
  files: ['a.txt', 'ä b.txt'].map((filename, n) => ({
    file_id: `f${n}`,
    filename,
    mime_type: 'text/plain',
    size_bytes: 1,
    sha256: 'a'.repeat(64),
  })),
};

function folder(t: TestContext) {
  const path = mkdtempSync(join(tmpdir(), 'metadata-'));
  t.after(() => rmSync(path, { recursive: true }));
  return (name: string, content: string) => {
    writeFileSync(join(path, name), content);
    return join(path, name);
  };
}

function details(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof FrostbyteError && error.code === 'VALIDATION_ERROR');
    return error.details.map(({ field, constraint }) => `${field}: ${constraint}`);
  }
  throw new assert.AssertionError({ message: 'it was not refused' });
}

describe('metadata of the command line', () => {
  it('hold for the batch, typed by the schema', () => {
    const metadata = ['matter=25=1', 'amount=12.50', 'urgent=true', 'signed=2026-01-31', 'tags=a; b;', 'extra={"x":1}'];
    assert.deepEqual(withMetadata(MANIFEST, { metadata }, SCHEMA, '.').metadata, {
      matter: '25=1',
      amount: 12.5,
      urgent: true,
      signed: '2026-01-31',
      tags: ['a', 'b'],
      extra: { x: 1 },
    });
    assert.deepEqual(withMetadata(MANIFEST, { metadata: ['tags=[1,"x"]', 'matter=1'] }, SCHEMA, '.').metadata?.tags, [
      1,
      'x',
    ]);
  });

  it('stay text where no schema says otherwise, and are laid over those of the manifest', () => {
    const given = { ...MANIFEST, metadata: { a: 1, b: 2 } };
    assert.deepEqual(withMetadata(given, { metadata: ['b=007', 'c=true'] }, null, '.').metadata, {
      a: 1,
      b: '007',
      c: 'true',
    });
    assert.equal(withMetadata(given, {}, SCHEMA, '.'), given, 'without options nothing is touched or checked');
  });

  it('come by file from a table: CSV as spreadsheets write it, or JSON', (t) => {
    const write = folder(t);
    const csv = write('files.csv', '\uFEFFmatter;filename;amount;note\r\n"25;1";a.txt;3;\r\n25-2;ä b.txt;;x\r\n');
    const noted = CustomFields.parse({ ...SCHEMA, fields: [...SCHEMA.fields, { name: 'note', type: 'string' }] });
    const built = withMetadata(MANIFEST, { metadataFrom: csv }, noted, '.');
    assert.deepEqual(
      built.files.map(({ metadata }) => metadata),
      [
        { matter: '25;1', amount: 3 },
        { matter: '25-2', note: 'x' },
      ],
    );
    const json = write('files.json', '{"a.txt": {"amount": 4}}');
    const both = withMetadata(MANIFEST, { metadataFrom: json, metadata: ['matter=1'] }, SCHEMA, '.');
    assert.deepEqual(
      both.files.map(({ metadata }) => metadata),
      [{ amount: 4 }, undefined],
    );
    assert.deepEqual(both.metadata, { matter: '1' });
  });

  it('that do not fit are told all at once, before anything is sent', (t) => {
    const csv = folder(t)('files.csv', 'filename,amount,colour\na.txt,many,\nb.txt,1,red\nä b.txt,1,red\n');
    assert.deepEqual(
      details(() => withMetadata(MANIFEST, { metadataFrom: csv }, SCHEMA, '.')).map((line) => line.split('. ')[0]),
      [
        'filename: is not a file of the batch',
        'a.txt: amount: must be a number',
        'a.txt: matter: is required (string)',
        'ä b.txt: colour: is not a field of this tenant (schema 1.0)',
        'ä b.txt: matter: is required (string)',
      ],
    );
  });

  it('cannot come from a table that is none, or that would be sent itself', (t) => {
    const write = folder(t);
    const from = (file: string, dir = '.') => details(() => withMetadata(MANIFEST, { metadataFrom: file }, null, dir));
    assert.deepEqual(from(write('a.csv', 'name,x\na.txt,1\n')), ['line 1: must name a column filename']);
    assert.deepEqual(from(write('b.csv', 'filename,x\na.txt,1,2\na.txt,1\n')), [
      'line 2: must not have more than 2 cells',
      'line 3: names a file that an earlier line names',
    ]);
    assert.match(from(write('c.json', '[1]'))[0]!, /must hold an object of metadata by file name/);
    assert.match(from(write('d.json', '{'))[0]!, /must be readable/);
    assert.match(from('/nowhere/x.csv')[0]!, /ENOENT/);
    const inside = write('e.csv', 'filename\n');
    assert.match(from(inside, join(inside, '..'))[0]!, /outside the folder/);
    assert.match(details(() => withMetadata(MANIFEST, { metadata: ['x'] }, null, '.'))[0]!, /name=value/);
  });

  it('schemas are read from JSON and YAML, bare or as they were shown', (t) => {
    const write = folder(t);
    const yaml = 'schema_version: "1.0"\nfields:\n  - { name: matter, type: string }\n';
    const bare = readSchemaFile(write('a.yaml', yaml));
    assert.deepEqual(bare.fields, [{ name: 'matter', type: 'string', required: false }]);
    const shown = JSON.stringify({ tenant_id: 'acme', custom_fields: bare, config_version: 3 });
    assert.deepEqual(readSchemaFile(write('b.json', shown)), bare);
    assert.deepEqual(
      details(() => readSchemaFile(write('c.yaml', 'schema_version: 1.0\nfields: [{ name: 1 }]\n'))).length,
      3,
    );
  });
});

describe('--where', () => {
  it('makes a filter, typed by the schema', () => {
    assert.deepEqual(
      readWhere(
        ['matter=25', 'matter=26', 'amount>=10', 'amount<20', 'urgent=true', 'signed>2026-01-31', 'tags~a', 'tags~1'],
        SCHEMA,
      ),
      {
        matter: { in: ['25', '26'] },
        amount: { gte: 10, lt: 20 },
        urgent: { in: [true] },
        signed: { gt: '2026-01-31' },
        tags: { contains_all: ['a', 1] },
      },
    );
  });

  it('goes by the looks of a value where no schema is known; in quotes it is text', () => {
    assert.deepEqual(readWhere(['a=1', 'b="1"', 'c=007', 'd=x=y', 'e=true', 'f=', 'g="'], null), {
      a: { in: [1] },
      b: { in: ['1'] },
      c: { in: ['007'] },
      d: { in: ['x=y'] },
      e: { in: [true] },
      f: { in: [''] },
      g: { in: ['"'] },
    });
    for (const text of ['x', '=1', '']) assert.match(details(() => readWhere([text], null))[0]!, /--where/);
  });
});
