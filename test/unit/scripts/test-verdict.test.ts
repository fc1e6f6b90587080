import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ALLOWED_SKIPS } from '../../../scripts/allowed-skips.ts';
import { type Count, complaints, type Note } from '../../../scripts/test-verdict.ts';

const count = (passed: number, ...skips: Note[]): Count => ({
  passed,
  failed: 0,
  seconds: 1,
  skips,
  failures: [],
  files: [],
});
const age: Note = { file: 'test/unit/a.test.ts', name: 'agrees with age', reason: 'the age tool is not installed' };
const disk: Note = { file: 'test/faults/b.test.ts', name: 'a full disk', reason: 'no loop device is free' };

test('nothing is required unless it is asked for: skips are only counted', () => {
  assert.deepEqual(complaints([], new Map([['unit', count(9, age, disk)]]), []), []);
});

test('a required layer that did not run, or of which nothing passed, is a failure', () => {
  const counts = new Map([
    ['unit', count(0)],
    ['contract', count(1)],
  ]);
  assert.deepEqual(complaints(['unit', 'contract', 'faults'], counts, []), [
    'the layer unit is required and did not run',
    'the layer faults is required and did not run',
  ]);
});

test('a skip in a required layer is a failure, with its file and its reason', () => {
  const counts = new Map([
    ['unit', count(9, age)],
    ['faults', count(9, disk, { ...disk, name: 'another', reason: '' })],
  ]);
  assert.deepEqual(complaints(['faults'], counts, []), [
    'required, and skipped: test/faults/b.test.ts: a full disk (no loop device is free)',
    'required, and skipped: test/faults/b.test.ts: another (no reason given)',
  ]);
});

test('what is on the list may be left out, for the reason that is on the list and no other', () => {
  const counts = new Map([['faults', count(9, disk)]]);
  const listed = { file: disk.file, name: disk.name, reason: /^no loop device/, because: 'there is none' };
  assert.deepEqual(complaints(['faults'], counts, [listed]), []);
  assert.deepEqual(complaints(['faults'], counts, [{ file: disk.file, reason: /loop/, because: 'all of it' }]), []);
  for (const other of [{ file: 'test/faults/c.test.ts' }, { name: 'a fuller disk' }, { reason: /needs root/ }])
    assert.equal(complaints(['faults'], counts, [{ ...listed, ...other }]).length, 1, JSON.stringify(other));
});

test('the list is short, and each entry says why', () => {
  assert.ok(ALLOWED_SKIPS.length <= 5);
  for (const { because, file } of ALLOWED_SKIPS) assert.ok(because.length > 10, file);
});
