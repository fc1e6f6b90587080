import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diskNames, isReserved } from '../../../../appliance/data/inbox/disk-names.ts';
import { isSegment } from '../../../../appliance/data/inbox/handles.ts';

const file = (file_id: string, filename: string) => ({ file_id, filename });

test('a file lies there under its id or its name', () => {
  assert.deepEqual(diskNames([file('f1', 'lease.pdf')]).get('f1'), ['f1', 'lease.pdf']);
  assert.deepEqual(diskNames([file('a.pdf', 'a.pdf')]).get('a.pdf'), ['a.pdf']);
});

test('a name that is a path, is used twice, or is another file’s id names nothing', () => {
  const names = diskNames([
    file('f1', '../a.pdf'),
    file('f2', 'b.pdf'),
    file('f3', 'b.pdf'),
    file('f4', 'f5'),
    file('f5', 'c.pdf'),
  ]);
  assert.deepEqual([...names.values()], [['f1'], ['f2'], ['f3'], ['f4'], ['f5', 'c.pdf']]);
});

test('the names of what the appliance writes are nobody else’s, in whatever case', () => {
  for (const name of ['manifest.json', 'Receipt.JSON', 'acceptance-report.html', 'refused.json', 'waiting.json'])
    assert.ok(isReserved(name), name);
  assert.deepEqual(diskNames([file('receipt.json', 'REFUSED.json')]).get('receipt.json'), []);
});

test('whatever a manifest holds, no two files share a name and no name leaves the folder', () => {
  const name = fc.oneof(fc.constantFrom('a', 'b', '..', 'a/b', 'receipt.json', ''), fc.string());
  const id = fc.constantFrom('a', 'b', 'c', 'receipt.json', 'x.pdf');
  fc.assert(
    fc.property(fc.uniqueArray(fc.record({ file_id: id, filename: name }), { selector: (f) => f.file_id }), (files) => {
      const all = [...diskNames(files).values()].flat();
      assert.equal(new Set(all).size, all.length);
      for (const one of all) assert.ok(isSegment(one) && !isReserved(one), one);
    }),
  );
});
