import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { sectionsOf, verdictOf } from '../../../../../appliance/bin/host/boundary/sections.ts';
import { boundaryText, signedBoundary } from '../../../../../appliance/bin/host/boundary/signed.ts';
import { type BoundaryStatement, boundaryStatement } from '../../../../../appliance/bin/host/boundary/statement.ts';
import type { Facts } from '../../../../../appliance/bin/host/verification/facts.ts';
import { judgeInstallation } from '../../../../../appliance/bin/host/verification/judge.ts';
import { table } from '../../../../../appliance/cli/output.ts';
import { newKey } from '../../../../support/bundle-world.ts';
import { healthyFacts } from '../../../../support/verification/healthy-box.ts';

const made = (change: Partial<Facts> = {}): BoundaryStatement => {
  const facts = { ...healthyFacts(), ...change };
  return boundaryStatement({
    ...{ now: new Date('2026-11-26T12:00:00Z'), facts, verification: judgeInstallation(facts), bundle: null },
    listens: 'http://127.0.0.1:8080',
    disks: [
      { path: '/var/lib/frostbyte', mount: '/', device: '/dev/mapper/root', encrypted: true },
      { path: '/var/lib/docker', mount: '/var', device: '/dev/sdb1', encrypted: false },
      { path: '/opt/frostbyte', mount: '/', device: '/dev/root', encrypted: null },
    ],
    ...{ root: 'sealed', recovery: 'age1recovery' },
    registry: {
      tenants: [{ tenant_id: 'acme', state: 'ACTIVE', key_version: 3, rotated_at: '2026-11-01T00:00:00.000Z' }],
      isolation: [
        { tenant_id: 'acme', checked_at: '2026-11-26T03:00:00.000Z', passed: true },
        { tenant_id: 'bravo', checked_at: null, passed: null },
      ],
      tokens: { admin: 2 },
    },
  });
};
const rows = (statement: BoundaryStatement, title: string) =>
  sectionsOf(statement).find((section) => section.title === title)!.rows;

describe('the boundary statement', () => {
  it('says of a closed box where its data go, and that nothing leads out', () => {
    const statement = made();
    assert.equal(statement.closed, true);
    assert.match(verdictOf(statement), /^This box is closed/);
    assert.deepEqual(
      statement.networks.map(({ name, internal, subnets }) => [name, internal, subnets.join()]),
      [
        ['frostbyte_scanning', true, '172.28.255.0/24'],
        ['frostbyte_stores', true, '172.28.0.0/24'],
        ['frostbyte_tenant_acme', true, '172.28.1.0/24'],
        ['frostbyte_tenant_bravo', true, '172.28.2.0/24'],
      ],
    );
    assert.ok(
      statement.networks[2]!.members.some(
        ({ container, address }) => container === 'frostbyte-postgres-1' && address === '172.28.1.10',
      ),
    );
    assert.deepEqual(rows(statement, 'Ways in and out'), [
      ['People and programs come in by the gateway', 'http://127.0.0.1:8080'],
      ['The relay of online mode goes out to its endpoint', 'none: no endpoint is configured'],
    ]);
    assert.deepEqual(
      rows(statement, 'Disks').map(([, , , encrypted]) => encrypted),
      ['yes', 'NO', 'unknown'],
    );
    assert.deepEqual(rows(statement, 'Keys'), [
      ['root key', 'sealed', '', ''],
      ['recovery recipient', 'age1recovery', '', ''],
      ['acme', 'ACTIVE', '3', '2026-11-01T00:00:00.000Z'],
    ]);
    assert.deepEqual(rows(statement, 'Last isolation check of each tenant'), [
      ['acme', '2026-11-26T03:00:00.000Z', 'passed'],
      ['bravo', 'never', 'unknown'],
    ]);
    const readers = rows(statement, 'Who may read what');
    assert.match(readers.find(([who]) => who!.startsWith('admin'))!.join(), /break-glass.*,2$/);
    assert.match(readers.find(([who]) => who!.startsWith('auditor'))!.join(), /hold no content,0$/);
    const verified = rows(statement, 'What was verified');
    assert.ok(verified.some(([title, result]) => title === 'No way out by DNS' && result === 'pass'));
  });

  it('does not call closed what failed, or what could not be looked at', () => {
    const open = made({ input_rule: { is: 'away' } });
    assert.equal(open.closed, false);
    assert.match(verdictOf(open), /NOT shown to be closed\. Failed: The host’s input rule\.$/);
    const unseen = made({ engine: { unknown: 'the engine is silent' }, online: { unknown: 'no settings' } });
    assert.equal(unseen.closed, false);
    assert.deepEqual(unseen.networks, []);
    assert.equal(unseen.openings[1]!.where, 'unknown: no settings');
  });

  it('names the opening of online mode and for whom it is, a network that leads out, and where vectors lie', () => {
    const online = { endpoint: 'https://models.example/v1', tenants: ['acme'] };
    const facts = healthyFacts();
    assert.ok('is' in facts.engine);
    Object.assign(facts.engine.is.networks[0]!, { Internal: false });
    const statement = made({
      ...{ engine: facts.engine, online: { is: online } },
      vectors: { is: { mode: 'qdrant', brought: true } },
    });
    assert.equal(statement.openings[1]!.where, 'https://models.example/v1, for acme alone');
    assert.match(rows(statement, 'Networks of containers')[1]!.join(), /^frostbyte_stores,OUT,/);
    assert.ok(statement.stores.some(({ where }) => where === 'Qdrant: a collection for each tenant'));
  });

  it('is read on a terminal and on paper, and nothing that it names is markup', () => {
    const statement = made({ host: '<b>box</b>' });
    const text = boundaryText(statement, table);
    for (const { title } of sectionsOf(statement)) assert.ok(text.includes(`\n${title}\n`), title);
    const page = signedBoundary(statement, newKey()).files.get('boundary.html')!;
    assert.ok(page.startsWith('<!doctype html>'));
    assert.doesNotMatch(page, /<b>box|<script|https?:\/\/(?!127\.0\.0\.1)/);
    assert.match(page, /&lt;b&gt;box/);
    for (const { title } of sectionsOf(statement)) assert.ok(page.includes(`<h2>${title}</h2>`), title);
  });

  it('is signed as ssh-keygen checks it, by the steps that stand beside it; changed, it is not', (t) => {
    const folder = written(t, signedBoundary(made(), newKey()).files);
    const steps = readFileSync(join(folder, 'README.txt'), 'utf8')
      .split('\n')
      .flatMap((line) => /^ {4}\$ (.*)$/.exec(line)?.[1] ?? []);
    assert.equal(steps.length, 4);
    const typed = () =>
      spawnSync('sh', ['-ec', steps.join('\n')], { cwd: folder, env: { HOME: folder, PATH: process.env.PATH } });
    assert.equal(typed().status, 0, typed().stderr.toString());
    const file = join(folder, 'boundary.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"closed":true', '"closed":false'));
    assert.notEqual(typed().status, 0);
  });
});

function written(t: TestContext, files: ReadonlyMap<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-boundary-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of files) writeFileSync(join(folder, name), text);
  return folder;
}
