import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import type { ForeignChain } from '../../appliance/bin/wire/export/foreign-chain.ts';
import type { ImportReport } from '../../appliance/bin/wire/export/import-export.ts';
import type { ExportReport } from '../../appliance/bin/wire/export/make-export.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { type BackupWorld, backupWorld, ingested, type RestoreBox } from '../support/backup-world.ts';
import { until } from '../support/faults/until.ts';
import type { Caller } from '../support/http.ts';
import { objectsAtRest } from '../support/inside.ts';
import { PROGRAM } from '../support/program.ts';
import { stockSshKeygen, without } from '../support/stock-tools.ts';

/** Nora hands a matter over: what her search shows, with all that proves it, to an archive that has an appliance, or none. */

const TEXTS = ['The herring is kept at minus twenty.', 'Rye bread keeps for a week.'];

let world: BackupWorld;
let appliance: Appliance;
let box: RestoreBox;
let nora: Caller;
let made: ExportReport;
before(async () => {
  world = await backupWorld();
  appliance = await startAppliance();
  box = world.box(appliance.dataFolder, appliance.stack?.environment);
  for (const tenant of ['nordlaw', 'archive'])
    await appliance.createTenant(tenant, { classification_review_enabled: false });
  nora = await appliance.caller({ role: 'tenant_admin', tenant_id: 'nordlaw', subject: 'nora' });
  await ingested(nora, 'nordlaw', TEXTS);
});
after(async () => {
  await appliance?.end();
  world?.end();
});

const verify = (file: string, ...more: string[]) =>
  // A folder that never was an appliance: none is needed.
  world.box(world.at('nowhere')).cli(['export', 'verify', file, ...more]);

test('an export says what is in it, who signed it, and is in the log', async () => {
  await until('the events', async () => {
    const { code, out, errors } = await box.cli(['export', 'create', 'nordlaw', world.at('nordlaw.tar'), '--json']);
    if (code === 0) made = JSON.parse(out) as ExportReport;
    else assert.match(errors, /SERVICE_UNAVAILABLE/);
    return code === 0;
  });
  const { manifest, signer } = made;
  assert.deepEqual([manifest.documents, manifest.chunks, manifest.receipts, manifest.reports], [2, 2, 2, 1]);
  assert.equal((await box.answered<{ signer: string }>('export', 'key')).signer, signer);
  const auditor = await appliance.caller({ role: 'auditor', subject: 'anna' });
  await until('the event', async () => {
    const { data } = await auditor<{ details: Record<string, unknown> }[]>(
      'GET',
      '/audit/nordlaw/events?event_type=TENANT_EXPORTED',
    );
    return data.some(({ details }) => details.file_sha256 === `sha256:${made.sha256}` && details.signer === signer);
  });
});

test('it is verified without an appliance, by the fingerprint alone', async () => {
  const { code, out, errors } = await verify(made.file, '--fingerprint', made.signer, '--json');
  assert.equal(code, 0, errors + out);
  assert.equal((JSON.parse(out) as { sha256: string }).sha256, made.sha256);
  const other = await verify(made.file, '--fingerprint', `SHA256:${'A'.repeat(43)}`);
  assert.equal(other.code, 12, other.errors);
});

test('stock tar, sha256sum and ssh-keygen say so, too, as its README.txt has it', {
  skip: without(stockSshKeygen, 'ssh-keygen'),
}, () => {
  const folder = world.at('by-hand');
  mkdirSync(folder);
  execFileSync('tar', ['-xf', made.file, '-C', folder]);
  const readme = readFileSync(join(folder, 'README.txt'), 'utf8');
  assert.ok(readme.includes(made.signer));
  const [unpack, ...commands] = [...readme.matchAll(/^ {4}\$ (.*)$/gm)].map(([, line]) => line!);
  assert.equal(unpack, 'mkdir export && tar -xf nordlaw.tar -C export && cd export');
  const run = (line: string) => execFileSync('sh', ['-c', line], { cwd: folder, encoding: 'utf8' });
  const said = commands.filter((line) => !line.startsWith('frostbyte ')).map(run);
  assert.equal(said.length, 5);
  assert.equal(said[1], run('wc -l < SHA256SUMS'));
  assert.ok(said[2]!.includes(made.signer));
  const [doc] = readdirSync(join(folder, 'documents'));
  assert.ok(TEXTS.includes(readFileSync(join(folder, 'documents', doc!, 'raw'), 'utf8')));
  assert.match(readFileSync(join(folder, 'audit/log.jsonl'), 'utf8'), /"INDEX_WRITTEN"/);
  assert.ok(!readFileSync(join(folder, 'audit/log.jsonl'), 'utf8').includes('"salt"'));
});

test('a byte that was changed anywhere is found, and so is a file too many', async () => {
  const bytes = readFileSync(made.file);
  const spoilt = world.at('spoilt.tar');
  const wanted = ['minus twenty', '"INDEX_WRITTEN"', '"documents"', 'BEGIN SSH'];
  for (const text of wanted) {
    const changed = Buffer.from(bytes);
    const at = changed.indexOf(text) + 2;
    changed[at]! ^= 1;
    writeFileSync(spoilt, changed);
    const { code, errors } = await verify(spoilt, '--fingerprint', made.signer);
    assert.notEqual(code, 0, text);
    assert.match(errors, /OBJECT_CORRUPTED|AUDIT_CHAIN_BROKEN|BUNDLE_SIGNATURE_INVALID/, text);
  }
  const folder = world.at('one-more');
  mkdirSync(folder);
  execFileSync('tar', ['-xf', made.file, '-C', folder]);
  writeFileSync(join(folder, 'more.txt'), 'trust me');
  const names = execFileSync('tar', ['-tf', made.file], { encoding: 'utf8' }).trim().split('\n');
  execFileSync('tar', ['--format=ustar', '-cf', spoilt, 'more.txt', ...names], { cwd: folder });
  const { code } = await verify(spoilt, '--fingerprint', made.signer);
  assert.notEqual(code, 0);
});

test('export.sh writes one onto a medium, and reads it there once more', () => {
  const folder = world.at('medium');
  mkdirSync(folder);
  const [program, ...words] = PROGRAM;
  const called = world.at('frostbyte');
  writeFileSync(called, `#!/bin/sh\nexec ${[program, ...words].join(' ')} "$@"\n`, { mode: 0o700 });
  const script = join(import.meta.dirname, '../../host/bundle/export.sh');
  const said = execFileSync('sh', [script, 'nordlaw', folder], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', FROSTBYTE: called, FROSTBYTE_DATA: appliance.dataFolder },
  });
  assert.match(said, /whole, \d+ bytes.*\nOf nordlaw: 2 documents/s);
  assert.match(readdirSync(folder).join(), /^nordlaw-\d{8}T\d{6}Z\.tar$/);
});

test('sealed for a recipient, it is opened with its identity alone', async () => {
  const file = world.at('nordlaw.tar.age');
  await box.answered('export', 'create', 'nordlaw', file, '--recipient', world.recovery.recipient);
  assert.ok(!readFileSync(file).includes('minus twenty'));
  const closed = await verify(file, '--fingerprint', made.signer);
  assert.match(closed.errors, /KEY_UNAVAILABLE/);
  const foreign = await verify(file, '--fingerprint', made.signer, '--identity', world.foreign);
  assert.match(foreign.errors, /KEY_UNAVAILABLE/);
  const opened = await verify(file, '--fingerprint', made.signer, '--identity', world.identity);
  assert.equal(opened.code, 0, opened.errors);
});

test('imported, its documents are found there, and its log lies sealed beside the other one', async () => {
  const token = await appliance.token({ role: 'tenant_admin', tenant_id: 'archive', subject: 'ada' });
  const environment = { FROSTBYTE_URL: appliance.url, FROSTBYTE_TOKEN: token };
  const load = async () => {
    const args = ['export', 'import', made.file, '--tenant', 'archive', '--fingerprint', made.signer, '--json'];
    const { code, out, errors } = await box.cli(args, '', environment);
    assert.equal(code, 0, errors + out);
    return JSON.parse(out) as ImportReport;
  };
  const first = await load();
  assert.deepEqual([first.accepted, first.duplicates, first.refused], [2, 0, []]);
  const ada = await appliance.caller({ role: 'tenant_admin', tenant_id: 'archive', subject: 'ada' });
  await until('the documents', async () => {
    const { data } = await ada<{ status: string }>('GET', `/ingest/archive/batch/${first.batch_ids[0]}`);
    return data.status === 'completed';
  });
  const question = { query_text: 'How long does rye bread keep?', top_k: 5 };
  const { data } = await ada<RetrievalProof>('POST', '/query/archive/search', question);
  assert.ok(data.chunks.some(({ text }) => text.includes('Rye bread')));
  // Once more changes nothing.
  assert.deepEqual((await load()).batch_ids, first.batch_ids);
  const auditor = await appliance.caller({ role: 'auditor', subject: 'anna' });
  await until('the event', async () => {
    const { data: events } = await auditor<{ details: Record<string, unknown> }[]>(
      'GET',
      '/audit/archive/events?event_type=EXPORT_IMPORTED',
    );
    assert.ok(events.length < 2);
    return events.some(({ details }) => details.tree_root === `sha256:${made.manifest.log.root}`);
  });
  const chains = await box.answered<ForeignChain[]>('export', 'chains', 'archive');
  assert.deepEqual(
    chains.map(({ export_id, from_tenant, tree_root, signer }) => [export_id, from_tenant, tree_root, signer]),
    [[made.manifest.export_id, 'nordlaw', made.manifest.log.root, made.signer]],
  );
  const store = objectsAtRest(appliance, 'archive');
  try {
    const sealed = await store.read(`exports/archive/foreign/${made.manifest.export_id}/audit/log.jsonl`);
    assert.equal(Buffer.from(sealed).toString('latin1', 0, 21), 'age-encryption.org/v1');
  } finally {
    await store.close();
  }
});
