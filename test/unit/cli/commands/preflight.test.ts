import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import { writeManifest } from '../../../../appliance/bundle/format/manifest.ts';
import { hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import type { Facts } from '../../../../appliance/bundle/preflight/facts.ts';
import type { Report } from '../../../../appliance/bundle/preflight/judge.ts';
import { ABOUT } from '../../../support/bundle-world.ts';
import { runCli } from '../../../support/run-cli.ts';

let root: string;
let bundle: string;
/** No machine has that many. */
const CPUS = 5000;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'frostbyte-preflight-'));
  bundle = join(root, 'bundle');
  mkdirSync(bundle);
  writeFileSync(
    join(bundle, 'MANIFEST.json'),
    writeManifest({
      ...ABOUT,
      requirements: { ...ABOUT.requirements, cpus: CPUS },
      files: [{ path: 'README.txt', size: 1, sha256: 'ab'.repeat(32) }],
      joined: [],
    }),
  );
});
after(() => rmSync(root, { recursive: true }));

const run = (...args: string[]) => runCli(['preflight', '--bundle', bundle, '--root', root, ...args]);

test('what this host lacks is told with exit code 1, as a table and as JSON with the facts behind it', async () => {
  const { status, said } = await run();
  assert.equal(status, 1);
  assert.match(said.out, /^Preflight of Frostbyte 1\.2\.3 on /);
  assert.match(said.out, new RegExp(`FAIL {2}Processors +\\d+; ${CPUS} are needed`));
  assert.match(said.err, /^PREFLIGHT_FAILED/);
  const json = await run('--json');
  assert.equal(json.status, 1);
  const report = JSON.parse(json.said.out) as Report & { facts: Facts };
  assert.equal(report.ok, false);
  assert.equal(report.checks.find(({ name }) => name === 'processors')!.result, 'fail');
  assert.ok(report.facts.memory.total_bytes > 0);
  assert.equal(existsSync(hostLayout(root).evidence), false, 'looking leaves no trace');
});

test('what is allowed needs a reason, must not be strict, and is evidence', async () => {
  assert.equal((await run('--allow', 'processors')).status, 2);
  assert.equal((await run('--allow', 'root', '--reason', 'x')).status, 2);
  assert.equal((await run('--allow', 'procesors', '--reason', 'x')).status, 2);
  assert.equal(existsSync(hostLayout(root).evidence), false);

  const { said } = await run('--allow', 'processors,swap', '--reason', 'a laboratory', '--json');
  const { checks } = JSON.parse(said.out) as Report;
  assert.equal(checks.find(({ name }) => name === 'processors')!.result, 'allowed');
  const { records } = readEvidence(hostLayout(root).evidence);
  assert.equal(records.length, 1);
  const { action, result, detail } = records[0]!;
  assert.deepEqual(
    [action, result, detail.reason, detail.version],
    ['preflight', 'overridden', 'a laboratory', '1.2.3'],
  );
  assert.ok((detail.allowed as { name: string }[]).some(({ name }) => name === 'processors'));
});

test('a bundle that is not there, and a place that cannot be read, are told', async () => {
  const { status, said } = await runCli(['preflight', '--root', root]);
  assert.equal(status, 2);
  assert.match(said.err, /Name a bundle with --bundle/);
  for (const flags of [
    ['--subnet', '172.28.0.0/16'],
    ['--subnet', '300.1'],
    ['--port', '0'],
    ['--port', 'http'],
  ])
    assert.equal((await run(...flags)).status, 2, flags.join(' '));
});
