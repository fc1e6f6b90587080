import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { childEntry } from '../../../../../appliance/data/2-parse/sandbox/entry.ts';

describe("the parser's program", () => {
  it('is the source while the code runs from its sources, and may read code alone', () => {
    const { file, readable } = childEntry(undefined);
    assert.ok(file.endsWith('/appliance/bin/parse-child.ts') && existsSync(file));
    assert.deepEqual(
      readable.map((path) => path.split('/').at(-1)),
      ['appliance', 'node_modules', 'package.json'],
    );
    for (const path of readable) assert.ok(existsSync(path), path);
  });

  it('lies beside the program that starts it once both are bundled', () => {
    const { file, readable } = childEntry(undefined, 'file:///opt/frostbyte/daemon.mjs');
    assert.equal(file, '/opt/frostbyte/parse-child.mjs');
    assert.deepEqual(readable, [file, '/opt/frostbyte/shared-*', '/opt/frostbyte/assets']);
  });

  it('may be another, which may then read itself alone', () => {
    assert.deepEqual(childEntry('/tmp/own.mjs'), { file: '/tmp/own.mjs', readable: ['/tmp/own.mjs'] });
  });
});
