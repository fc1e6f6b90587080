import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Manifest, ManifestFile } from '../../../appliance/api/manifest.ts';
import { manifestProblems } from '../../../appliance/api/manifest-problems.ts';
import {
  MANIFEST_FIELDS,
  MANIFEST_FILE_FIELDS,
  MANIFEST_WORDS,
  METADATA_WORDS,
} from '../../../appliance/kernel/manifest-remedies.ts';

const FILE = {
  file_id: 'f1',
  filename: 'lease.pdf',
  mime_type: 'application/pdf',
  size_bytes: 1,
  sha256: 'a'.repeat(64),
};
const WHOLE = { batch_id: 'b', tenant_id: 'acme', file_count: 1, files: [FILE] };

const found = (manifest: unknown) => {
  const parsed = Manifest.safeParse(manifest);
  assert.equal(parsed.success, false, JSON.stringify(manifest));
  return manifestProblems(parsed.error!.issues, manifest);
};
/** The one problem of a manifest, as `[file, field, constraint, remediation]`. */
const only = (changes: object, ofFile?: object) => {
  const files = ofFile === undefined ? WHOLE.files : [{ ...FILE, ...ofFile }];
  const problems = found({ ...WHOLE, files, ...changes });
  assert.equal(problems.length, 1, JSON.stringify(problems));
  const { file, field, constraint, remediation } = problems[0]!;
  return [file, field, constraint, remediation] as const;
};

test('every field has words of its own, and no words are of a field that is not there', () => {
  const names = (schema: { shape: object }, whole: string) => [whole, ...Object.keys(schema.shape)].sort();
  assert.deepEqual(Object.keys(MANIFEST_FIELDS).sort(), names(Manifest, 'manifest'));
  assert.deepEqual(Object.keys(MANIFEST_FILE_FIELDS).sort(), names(ManifestFile, 'file'));
  for (const table of [MANIFEST_FIELDS, MANIFEST_FILE_FIELDS, MANIFEST_WORDS, METADATA_WORDS]) {
    for (const [name, { rule, remediation }] of Object.entries(table)) {
      assert.match(rule, /^must /, name);
      assert.match(remediation, /^[A-Z][^\n]{15,}\.$/, name);
    }
  }
});

test('a problem names its file as the sender calls it, and its place where it has no name', () => {
  const sha256 = 'short';
  assert.equal(only({}, { sha256 })[0], 'lease.pdf');
  const [byId] = found({ ...WHOLE, files: [{ ...FILE, filename: '' }] });
  assert.equal(byId!.file, 'f1');
  const [byPlace] = found({ ...WHOLE, files: [FILE, { ...FILE, file_id: 7, filename: 8 }] });
  assert.equal(byPlace!.file, 'file 2 of the list');
  assert.equal(only({ batch_id: 'a b' })[0], undefined);
});

test('what is missing is said to be missing, with what it must be', () => {
  const problems = found({});
  assert.deepEqual(
    problems.map(({ field }) => field),
    ['batch_id', 'tenant_id', 'file_count', 'files'],
  );
  for (const { constraint, remediation } of problems) {
    assert.match(constraint, /^is missing; it must be /);
    assert.match(remediation!, /^Add it\. [A-Z]/);
  }
});

test('each kind of mistake has its own words and its own mend', () => {
  const rows: [ReturnType<typeof only>, string, RegExp, RegExp][] = [
    [only({ batch_id: 'März 2026' }), 'batch_id', /letters .*digits, dots/, /for example march-2026/],
    [only({ files: [] }), 'files', /a list of 1 to 10,000 files$/, /List each file/],
    [only({ files: 'lease.pdf' }), 'files', /it is text$/, /List each file/],
    [only({ files: [5] }), 'files.0', /a description of a file.*it is a number$/, /Describe the file/],
    [only({ file_count: '1' }), 'file_count', /a whole number from 1.*it is text$/, /without quotes/],
    [only({ submitted_at: '1.1.2026' }), 'submitted_at', /2026-01-31T12:00:00Z/, /leave the field out/],
    [only({ metadata: 5 }), 'metadata', /values by name.*it is a number$/, /leave the field out/],
    [only({ metadata: { note: 'x'.repeat(5000) } }), 'metadata.note', /at most 4,096 characters/, /Shorten/],
    [only({ metadata: { '': 1 } }), 'metadata.', /a name of 1 to 64/, /shorter name/],
    [only({ metadata: JSON.parse('{"__proto__": 1}') }), 'metadata', /__proto__/, /Write the details so/],
    [only({ bacth_id: 'x' }), 'bacth_id', /did you mean batch_id\?/, /Write batch_id/],
    [only({ surprise: 1 }), 'surprise', /is not a field of a manifest$/, /Take it out/],
    [only({}, { sha: 1 }), 'files.0.sha', /is not a field of a file/, /take it out|Take it out/],
    [only({}, { sha256: 'z'.repeat(64) }), 'files.0.sha256', /64 digits from 0 to 9 and a to f/, /sha256sum/],
    [only({}, { size_bytes: -1 }), 'files.0.size_bytes', /0 or more$/, /size of the file as it is/],
    [only({}, { size_bytes: 1.5 }), 'files.0.size_bytes', /it is a number with a fraction$/, /size of the file/],
    [only({}, { size_bytes: null }), 'files.0.size_bytes', /it is empty \(null\)$/, /size of the file/],
    [only({}, { filename: 'a\0' }), 'files.0.filename', /none of them NUL/, /name that the file has/],
    [only({}, { upload_id: 'x' }), 'files.0.upload_id', /id of a finished upload/, /leave the field out/],
  ];
  for (const [[, field, constraint, remediation], place, rule, mend] of rows) {
    assert.equal(field, place);
    assert.match(constraint, rule);
    assert.match(remediation!, mend);
    assert.doesNotMatch(constraint, /Invalid|expected|received|pattern|>=/, 'words of ours, not of a library');
  }
  for (const [value, kind] of [
    [null, 'empty (null)'],
    [[], 'a list'],
  ] as const)
    assert.deepEqual(
      [found(value)[0]!.field, found(value)[0]!.constraint],
      ['manifest', `must be one JSON object: { … }; it is ${kind}`],
    );
});

test('a manifest that is wrong throughout has no endless list, and metadata are never repeated', () => {
  const files = Array.from({ length: 500 }, () => ({}));
  assert.equal(found({ ...WHOLE, files }).length, 100);
  const strange = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`${'k'.repeat(300)}${n}`, 1]));
  const problems = found({ ...WHOLE, ...strange });
  assert.equal(problems.length, 20);
  for (const { field } of problems) assert.ok(field.length <= 100);
  const secret = found({ ...WHOLE, metadata: { matter: ['canary'.repeat(2), ...Array(2000).fill('canary')] } });
  assert.doesNotMatch(JSON.stringify(secret), /canary/);
});
