import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import { hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { BY } from '../../../support/operation-world.ts';
import { runCli } from '../../../support/run-cli.ts';

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'frostbyte-host-'));
});
after(() => rmSync(root, { recursive: true }));

const add = (action: 'install' | 'upgrade') =>
  addEvidence(
    hostLayout(root).evidence,
    { by: BY, host: 'box-1', action, bundle: null, result: 'ok', detail: {} },
    () => new Date(1_790_000_000_000),
  );
const run = (...args: string[]) => runCli(['evidence', ...args, '--root', root]);

test('evidence is shown, exported, verified here and elsewhere, and found where it was tampered with', async () => {
  assert.match((await run('show')).said.out, /Nothing happened here yet/);
  add('install');
  add('upgrade');
  const shown = await run('show');
  assert.equal(shown.status, 0);
  assert.match(shown.said.out, /2026-09-21 14:13:20 {2}root \(logged in as ops\) {2}install {2}– +ok +[0-9a-f]{12}\n/);
  assert.match((await run('verify')).said.out, /^2 records/);

  const out = join(root, 'stick');
  const exported = JSON.parse((await run('export', out, '--json')).said.out) as { count: number; signer: string };
  assert.equal(exported.count, 2);
  add('upgrade');
  const here = await run('verify', '--export', out);
  assert.equal(here.status, 0, here.said.err);
  assert.match(here.said.out, /The record of this host goes on from it/);
  const elsewhere = join(root, 'elsewhere');
  const away = await runCli([
    'evidence',
    'verify',
    '--export',
    out,
    '--fingerprint',
    exported.signer,
    '--root',
    elsewhere,
  ]);
  assert.equal(away.status, 0, away.said.err);
  assert.doesNotMatch(away.said.out, /goes on/);
  // Another host does not vouch for it by a key of its own.
  assert.equal((await runCli(['evidence', 'verify', '--export', out, '--root', elsewhere])).status, 2);

  const file = join(out, 'evidence.jsonl');
  const whole = readFileSync(file);
  appendFileSync(file, '\n');
  assert.equal((await run('verify', '--export', out)).status, 11);
  writeFileSync(file, whole);

  const log = join(hostLayout(root).evidence, 'evidence.jsonl');
  writeFileSync(log, readFileSync(log, 'utf8').replace('install', 'restore'));
  const { status, said } = await run('verify');
  assert.equal(status, 1);
  assert.match(said.err, /^AUDIT_CHAIN_BROKEN: .*from record 0 on[\s\S]*what its hash says/);
});
