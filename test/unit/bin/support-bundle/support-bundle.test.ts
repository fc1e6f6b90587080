import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';
import { patientOf } from '../../../../appliance/bin/doctor/where.ts';
import { collect } from '../../../../appliance/bin/support-bundle/collect.ts';
import { packed } from '../../../../appliance/bin/support-bundle/write.ts';
import { addEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import { BLOCK, paddingOf, readTarHeader } from '../../../../appliance/bundle/format/tar.ts';
import { hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { createJournal } from '../../../../appliance/bundle/operation/journal.ts';
import { thisHost } from '../../../../appliance/bundle/preflight/host-port.ts';
import { loadConfig } from '../../../../appliance/config/load.ts';
import { openRegistry } from '../../../../appliance/control/registry/open.ts';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { MOST_PART_BYTES, tailOf, withManifest } from '../../../../appliance/observability/support-bundle/pack.ts';
import { manualClock } from '../../../support/manual-clock.ts';
import { BY } from '../../../support/operation-world.ts';
import { PROGRAM } from '../../../support/program.ts';
import { runCli } from '../../../support/run-cli.ts';

/** Planted in everything that is read. */
const CANARY = 'zqcanary';
const NOW = new Date('2026-09-21T14:13:20.000Z');

let folder: string;
let data: string;
let log: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frostbyte-support-'));
  data = join(folder, 'data');
  log = join(folder, 'appliance.log');
  writeFileSync(
    log,
    `{"level":"info","timestamp":"2026-09-21T14:13:20.000Z","message":"listening","port":8080}\nERROR: ${CANARY}\n`,
  );
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The files of a packed tar. */
function filesOf(bytes: Buffer): Map<string, Buffer> {
  const tar = gunzipSync(bytes);
  const files = new Map<string, Buffer>();
  for (let at = 0; at < tar.length - 2 * BLOCK; ) {
    const entry = readTarHeader(tar.subarray(at, at + BLOCK));
    assert.ok(typeof entry !== 'string', String(entry));
    files.set(entry.path, tar.subarray(at + BLOCK, at + BLOCK + entry.size));
    at += BLOCK + entry.size + paddingOf(entry.size);
  }
  return files;
}

/** A data folder with a tenant, whose names are canaries, and a secret. */
function used(): void {
  const { registry, rootKey } = controlPaths(data);
  mkdirSync(dirname(rootKey), { recursive: true, mode: 0o700 });
  writeFileSync(rootKey, `AGE-SECRET-KEY-1${CANARY.toUpperCase()}\n`, { mode: 0o600 });
  const clock = manualClock();
  const db = openRegistry(registry, clock);
  db.run(
    `INSERT INTO tenants (tenant_id, tenant_name, contact_email, tier, state, created_at, config_version)
     VALUES ('nordlaw', '${CANARY} name', '${CANARY}@example.org', 'standard', 'ACTIVE', ?, 1)`,
    [clock.iso()],
  );
  db.close();
}

const patient = (settings: object = {}) =>
  patientOf(hostLayout(join(folder, 'host')), () =>
    loadConfig({
      variables: {},
      overrides: { data_folder: data, listen: { host: '127.0.0.1', port: 1 }, ...settings },
    }),
  );

describe('what is collected', () => {
  test('holds no canary, from wherever: logs of units, containers and files, journals, evidence, settings', async () => {
    used();
    const { layout } = patient();
    mkdirSync(layout.operations, { recursive: true });
    const journal = createJournal(
      join(layout.operations, '20260921T141320Z-install'),
      {
        event: 'planned',
        operation: '20260921T141320Z-install',
        kind: 'install',
        title: 'Install 1.2.3',
        parameters: { version: '1.2.3', older_because: `${CANARY} wants it` },
        version: '1.2.3',
        on_failure: 'wait',
        phases: [{ name: 'settings', title: 'Write the settings', seconds: 1, reversible: true }],
        by: { ...BY, login: CANARY },
      },
      () => NOW,
    );
    journal.append({ event: 'begun', phase: 'settings', again: false, before: { file: CANARY } });
    journal.append({ event: 'noted', phase: 'settings', text: `${CANARY} was there` });
    journal.append({ event: 'rolling-back', because: CANARY, by: BY });
    journal.close();
    addEvidence(
      layout.evidence,
      {
        by: { ...BY, login: CANARY },
        host: CANARY,
        action: 'verify',
        bundle: null,
        result: 'ok',
        detail: { medium: CANARY },
      },
      () => NOW,
    );
    const asked: string[] = [];
    const host = {
      ...thisHost(),
      exists: (path: string) => path === '/run/systemd/system' || existsSync(path),
      async run(program: string, args: readonly string[]) {
        asked.push([program, ...args].join(' '));
        return { status: 0, stdout: `LOG: ready\nSTATEMENT: SELECT '${CANARY}'\n`, stderr: `${CANARY}\n` };
      },
    };
    const endpoint = { url: `https://${CANARY}.example/v1`, model: 'text-embedding-3-small' };
    const parts = await collect({ patient: patient({ embedder: { endpoint } }), host, logs: [log], now: NOW });
    const all = new Map(parts.map(({ path, content }) => [path, content.toString('utf8')]));
    for (const [path, text] of all) assert.doesNotMatch(text, new RegExp(CANARY, 'i'), path);
    assert.match(all.get('logs/frostbyte-control.log')!, /^LOG: ready\nSTATEMENT: SELECT '▒'\n▒\n$/);
    assert.match(all.get('logs/file-1.log')!, /"message":"listening","port":8080\}\nERROR: ▒\n$/);
    assert.match(
      all.get('operations/20260921T141320Z-install.jsonl')!,
      /"event":"noted","phase":"settings","text":"▒ was there"/,
    );
    assert.match(all.get('states.json')!, /"tenant_id": "nordlaw",\n\s+"state": "ACTIVE"/);
    assert.match(
      all.get('operations/20260921T141320Z-install.jsonl')!,
      /"operation":"20260921T141320Z-install","kind":"install"/,
    );
    assert.match(all.get('doctor.json')!, /"code": "operation-unfinished"/);
    assert.ok(asked.some((line) => line.startsWith('journalctl') && line.includes('--unit=frostbyte-gateway')));
  });

  test('is whole although parts of it cannot be had, and says which and why', async () => {
    const parts = await collect({
      patient: patient(),
      host: thisHost(),
      logs: [join(folder, 'not-there.log')],
      now: NOW,
    });
    const paths = parts.map(({ path }) => path);
    for (const path of ['about.json', 'settings.json', 'doctor.json', 'preflight.json', 'README.txt'])
      assert.ok(paths.includes(path), path);
    const manifest = JSON.parse(parts.find(({ path }) => path === 'MANIFEST.json')!.content.toString()) as {
      missing: { path: string; why: string }[];
      files: { path: string; sha256: string; size: number }[];
      mode: string;
    };
    const missing = new Map(manifest.missing.map(({ path, why }) => [path, why]));
    assert.match(missing.get('metrics.txt')!, /no answer of the gateway/);
    assert.match(missing.get('logs/file-1.log')!, /ENOENT/);
    assert.equal(manifest.mode, 'embedded');
  });

  test('is the same bytes for the same content, each file by its hash', async () => {
    const parts = withManifest(
      [
        { path: 'b.txt', content: Buffer.from('b'), cut: false },
        { path: 'a.txt', content: Buffer.from('a'), cut: true },
      ],
      [{ path: 'c.txt', why: 'no answer' }],
      { made_at: NOW.toISOString(), version: '1.2.3', mode: 'stack' },
    );
    assert.deepEqual(packed(parts), packed(parts.map((part) => ({ ...part }))));
    const files = filesOf(packed(parts));
    assert.deepEqual([...files.keys()], ['MANIFEST.json', 'README.txt', 'SHA256SUMS', 'a.txt', 'b.txt']);
    const sums = files.get('SHA256SUMS')!.toString().trim().split('\n');
    assert.deepEqual(
      sums,
      ['MANIFEST.json', 'README.txt', 'a.txt', 'b.txt'].map(
        (path) => `${createHash('sha256').update(files.get(path)!).digest('hex')}  ${path}`,
      ),
    );
  });

  test('has of each part its last lines, and of all of them no more than fits', () => {
    const line = `${'x'.repeat(99)}\n`;
    const { content, cut } = tailOf(line.repeat(20_000));
    assert.ok(cut && content.length <= MOST_PART_BYTES && content.length > MOST_PART_BYTES - 200);
    assert.equal(content.subarray(0, 100).toString(), line, 'it begins with a whole line');
    assert.equal(tailOf(line).cut, false);
    const many = Array.from({ length: 30 }, (_, at) => ({ path: `${at}`, content: Buffer.alloc(1 << 20), cut: true }));
    const parts = withManifest(many, [], { made_at: '', version: null, mode: 'stack' });
    const manifest = JSON.parse(parts.find(({ path }) => path === 'MANIFEST.json')!.content.toString()) as {
      missing: { why: string }[];
    };
    assert.deepEqual(new Set(manifest.missing.map(({ why }) => why)), new Set(['there was no room left']));
    assert.equal(manifest.missing.length, 6);
  });
});

describe('frostbyte support-bundle', () => {
  const run = (...words: string[]) => runCli(['support-bundle', '--data', data, '--log', log, ...words]);

  test('lists what it would write, and writes nothing unless somebody says so', async () => {
    used();
    const out = join(folder, 'support.tar.gz');
    const looked = await run('--dry-run', '--out', out);
    assert.equal(looked.status, 0, looked.said.err);
    assert.match(looked.said.out, /^FILE +BYTES/);
    assert.match(looked.said.out, /logs\/file-1\.log +\d+/);
    assert.match(looked.said.out, /metrics\.txt +– +not there: no answer of the gateway/);
    const unasked = await run('--out', out);
    assert.equal(unasked.status, 1);
    assert.match(unasked.said.err, /Nothing was written/);
    assert.equal(existsSync(out), false);
  });

  test('writes it for its owner alone, over nothing, and into the audit log', async () => {
    used();
    const out = join(folder, 'support.tar.gz');
    const { status, said } = await run('--yes', '--out', out, '--json');
    assert.equal(status, 0, said.err);
    const { sha256, files, recorded } = JSON.parse(said.out) as {
      sha256: string;
      files: { path: string }[];
      recorded: boolean;
    };
    assert.equal(statSync(out).mode & 0o777, 0o600);
    assert.equal(createHash('sha256').update(readFileSync(out)).digest('hex'), sha256);
    assert.deepEqual(
      [...filesOf(readFileSync(out)).keys()],
      files.map(({ path }) => path),
    );
    for (const [path, content] of filesOf(readFileSync(out)))
      assert.doesNotMatch(content.toString(), /zqcanary/i, path);
    assert.equal(recorded, true);
    const registry = new Database(controlPaths(data).registry, { readonly: true });
    const event = registry
      .prepare("SELECT details FROM audit_events WHERE event_type = 'SUPPORT_BUNDLE_CREATED'")
      .get() as {
      details: string;
    };
    registry.close();
    assert.match(event.details, new RegExp(`"files":${files.length},"sha256":"sha256:${sha256}"`));
    const again = await run('--yes', '--out', out);
    assert.match(again.said.err, /a file of that name already/);
    assert.equal(createHash('sha256').update(readFileSync(out)).digest('hex'), sha256);
  });

  test('goes to standard output for whoever asked, once somebody says so, and is told under that name', async () => {
    used();
    // Of its own process: what is written here is the test runner's.
    const piped = (...words: string[]) =>
      spawnSync(PROGRAM[0]!, [...PROGRAM.slice(1), 'support-bundle', '--data', data, '--log', log, ...words], {
        env: { PATH: process.env.PATH ?? '' },
      });
    const unasked = piped('--out', '-');
    assert.deepEqual([unasked.status, unasked.stdout.length], [1, 0], String(unasked.stderr));
    const { status, stdout, stderr } = piped('--out', '-', '--yes', '--by', 'frode');
    assert.equal(status, 0, String(stderr));
    assert.ok(filesOf(stdout).has('doctor.json'));
    const registry = new Database(controlPaths(data).registry, { readonly: true });
    const actors = registry
      .prepare("SELECT actor FROM audit_events WHERE event_type = 'SUPPORT_BUNDLE_CREATED' AND actor = 'frode'")
      .all();
    registry.close();
    assert.equal(actors.length, 1);
  });

  test('is made where nothing was ever used, and says what it could not record', async () => {
    const { status, said } = await run('--yes', '--out', join(folder, 'empty.tar.gz'));
    assert.equal(status, 0, said.err);
    assert.match(said.out, /could not be added to the audit log/);
    assert.equal(existsSync(data), false, 'looking makes nothing');
  });
});
