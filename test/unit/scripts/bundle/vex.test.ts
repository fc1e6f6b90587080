import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compareBills } from '../../../../appliance/bundle/upgrade/compare-bills.ts';
import { readStatements, type Statement, vexOf } from '../../../../scripts/bundle/vex.ts';
import { pinnedModule } from '../../../../scripts/go-programs.ts';

const about = { version: '1.2.3', built_at: 1_790_000_000 };
const part = (name: string, version: string) => ({
  component: { ecosystem: 'golang' as const, name, version, says: [] },
  licences: ['MIT'],
});
const statement: Statement = {
  id: 'CVE-2026-1000',
  component: 'pkg:golang/example.org/store',
  version: 'v1.0.0',
  state: 'exploitable',
  detail: 'by whoever knows a key',
};

test('what is said of this tree is about the object store that it pins, and says why', () => {
  const { path, version } = pinnedModule('minio');
  const said = readStatements();
  assert.ok(said.some(({ id }) => id === 'CVE-2026-41145'));
  const vex = JSON.parse(String(vexOf([part(path, version)], about, said).from));
  for (const { analysis, affects } of vex.vulnerabilities) {
    assert.equal(analysis.justification, 'protected_by_mitigating_control');
    assert.deepEqual(affects, [{ ref: `pkg:golang/${path}@${version}` }]);
  }
});

test('is the same for the same statements, in whatever order, and is what an upgrade shows', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-vex-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const harmless: Statement = {
    ...statement,
    id: 'CVE-2026-2000',
    state: 'not_affected',
    justification: 'code_not_reachable',
  };
  const parts = [part('example.org/store', 'v1.0.0'), part('example.org/storefront', 'v1.0.0')];
  const one = vexOf(parts, about, [statement, harmless]);
  assert.equal(one.path, 'sbom/vex.cdx.json');
  assert.deepEqual(vexOf(parts, about, [harmless, statement]), one);
  const release = (name: string, content: string) => {
    mkdirSync(join(folder, name, 'sbom'), { recursive: true });
    writeFileSync(join(folder, name, one.path), content);
    return join(folder, name);
  };
  const before = release('before', String(vexOf(parts, about, [harmless]).from));
  const after = release('after', String(one.from));
  assert.deepEqual(compareBills(before, after).vulnerabilities, {
    new: ['CVE-2026-1000'],
    gone: [],
    open: ['CVE-2026-1000'],
  });
});

test('a statement about a part or a version that does not ship ends the build, and each is named', () => {
  const other = { ...statement, id: 'CVE-2026-3000', component: 'pkg:golang/example.org/gone' };
  assert.throws(
    () => vexOf([part('example.org/store', 'v1.1.0')], about, [statement, other]),
    /^Error: 2 statement\(s\)[\s\S]*CVE-2026-1000: pkg:golang\/example\.org\/store v1\.0\.0 does not ship[\s\S]*CVE-2026-3000/,
  );
});

test('a statement that gives no reason is refused', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-vex-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'vulnerabilities.json');
  writeFileSync(file, JSON.stringify({ statements: [{ ...statement, state: 'not_affected' }] }));
  assert.throws(() => readStatements(file), /by which justification/);
  writeFileSync(file, JSON.stringify({ statements: [{ ...statement, id: 'a hole' }] }));
  assert.throws(() => readStatements(file), /manifests\/vulnerabilities\.json: [\s\S]*id/);
});
