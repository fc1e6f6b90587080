import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareBills } from '../../../../appliance/bundle/upgrade/compare-bills.ts';

test('what a release is made of is told against the one before, with what is known to be open in it', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-bills-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const release = (name: string, files: Record<string, unknown>) => {
    mkdirSync(join(folder, name, 'sbom'), { recursive: true });
    for (const [file, content] of Object.entries(files))
      writeFileSync(join(folder, name, 'sbom', file), typeof content === 'string' ? content : JSON.stringify(content));
    return join(folder, name);
  };
  const part = (name: string, version: string) => ({ name, version, purl: `pkg:npm/${name}@${version}?arch=amd64` });
  const one = release('1', {
    'all.cdx.json': { components: [part('hono', '4.1'), part('zod', '4.0'), part('gone', '1'), part('zod', '3.9')] },
    'vex.cdx.json': { vulnerabilities: [{ id: 'CVE-1' }, { id: 'CVE-2', analysis: { state: 'not_affected' } }] },
  });
  const two = release('2', {
    'all.cdx.json': { components: [part('hono', '4.2'), part('zod', '3.9'), part('zod', '4.0'), { name: 'new' }] },
    'vex.cdx.json': {
      vulnerabilities: [
        { id: 'CVE-1', analysis: { state: 'resolved' } },
        { id: 'CVE-3', analysis: { state: 'exploitable' } },
      ],
    },
  });
  assert.deepEqual(compareBills(one, two), {
    components: { from: 4, to: 4 },
    changes: [
      { name: 'new', from: null, to: '?' },
      { name: 'pkg:npm/gone', from: '1', to: null },
      { name: 'pkg:npm/hono', from: '4.1', to: '4.2' },
    ],
    vulnerabilities: { new: ['CVE-3'], gone: ['CVE-1'], open: ['CVE-3'] },
  });
  const silent = release('3', { 'all.cdx.json': { components: [] } });
  const torn = release('4', { 'all.cdx.json': '{' });
  assert.deepEqual(compareBills(torn, silent), {
    components: { from: null, to: 0 },
    changes: [],
    vulnerabilities: null,
  });
});
