import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { BatchReceipt } from '../../../../appliance/api/receipts.ts';
import { AcceptanceReport } from '../../../../appliance/api/schemas/ingest.ts';
import { eraseDocument } from '../../../../appliance/data/erasure/erase-document.ts';
import { inboxStatus } from '../../../../appliance/data/inbox/status.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { dropBatch, type InboxWorld, inboxWorld, note } from '../../../support/inbox.ts';

async function inbox(t: TestContext): Promise<InboxWorld> {
  const world = await inboxWorld();
  t.after(() => world.end());
  return world;
}

const batches = async ({ plane }: InboxWorld) =>
  (await plane.records.batches({ limit: 100 })).rows.map(({ batch_id }) => batch_id).sort();
const events = async ({ plane }: InboxWorld) => (await plane.records.pendingEvents(1000)).map(({ event }) => event);
const seen = ({ memory }: InboxWorld, name: string) => memory.folders.get(name);

test('a complete batch is taken once it has held still, and its receipt lies beside it', async (t) => {
  const world = await inbox(t);
  const manifest = dropBatch(world.path('b1'), [note(1), note(2)]);
  await world.round();
  assert.equal(seen(world, 'b1')!.reason, 'COMPLETE');
  world.now += world.settings.stableMs - 1;
  await world.round();
  assert.deepEqual(await batches(world), [], 'not before its time');
  world.now += 1;
  await world.round();
  assert.deepEqual(await batches(world), ['b1']);

  const receipts = await world.plane.records.receipts('b1');
  assert.deepEqual(
    receipts.map(({ sha256, submitted_by, status }) => [sha256, submitted_by, status]),
    manifest.files.map(({ sha256 }) => [sha256, 'inbox', 'accepted']),
  );
  const receipt = BatchReceipt.parse(world.read('b1', 'receipt.json'));
  assert.deepEqual(receipt.receipts, receipts);
  for (const { storage_path, sha256 } of receipts) {
    const kept = await world.plane.objects.read(storage_path!);
    assert.equal(kept.length, manifest.files.find((file) => file.sha256 === sha256)!.size_bytes);
  }
  assert.equal((await events(world)).find(({ event_type }) => event_type === 'BATCH_RECEIVED')!.actor, 'inbox');
  assert.deepEqual(world.ls('b1'), ['manifest.json', 'note-1.txt', 'note-2.txt', 'receipt.json']);
});

test('the acceptance report comes when the batch is settled, and again when it is final', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1)]);
  await world.settle();
  await world.finish('b1', 'held');
  await world.round();
  const first = AcceptanceReport.parse(world.read('b1', 'acceptance-report.json'));
  assert.equal(first.final, false);
  assert.match(readFileSync(world.path('b1', 'acceptance-report.html'), 'utf8'), /Interim: 1 file waits/);
  const { doc_id } = (await world.plane.records.documents({ limit: 1 })).rows[0]!;
  await world.plane.records.restart(doc_id, 'parse', [], world.plane.clock.iso());
  await world.finish('b1', 'quarantined');
  await world.round();
  const last = AcceptanceReport.parse(world.read('b1', 'acceptance-report.json'));
  assert.equal(last.final, true);
  assert.notEqual(last.report_id, first.report_id);
  assert.match(readFileSync(world.path('b1', 'acceptance-report.html'), 'utf8'), /<p class="stamp">Final/);
});

for (const [what, prepare, reason] of [
  ['no manifest', (dir: string) => void dropBatch(dir, [note(1)], { manifest: null }), 'MANIFEST_MISSING'],
  [
    'half a manifest',
    (dir: string) => void dropBatch(dir, [note(1)], { manifest: '{"batch_id": "b1", "fi' }),
    'MANIFEST_UNFINISHED',
  ],
  ['a missing file', (dir: string) => void dropBatch(dir, [note(1), { ...note(2), as: null }]), 'FILES_MISSING'],
  [
    'a file that is half there',
    (dir: string) => {
      dropBatch(dir, [note(1)]);
      writeFileSync(`${dir}/note-1.txt`, 'The words');
    },
    'FILES_MISSING',
  ],
] as const) {
  test(`a folder with ${what} is left alone, is told after a long wait, and taken once it is whole`, async (t) => {
    const world = await inbox(t);
    prepare(world.path('b1'));
    await world.settle();
    assert.deepEqual(await batches(world), []);
    assert.equal(seen(world, 'b1')!.reason, reason);
    assert.equal(world.has('b1', 'waiting.json'), false);
    world.now += world.settings.waitingMs;
    await world.round();
    const waiting = world.read('b1', 'waiting.json') as Record<string, unknown>;
    assert.equal(waiting.reason, reason);
    assert.match(String(waiting.remediation), /\w{4}/);
    const before = statSync(world.path('b1', 'waiting.json')).mtimeMs;
    world.now += 120_000;
    await world.round();
    assert.equal(statSync(world.path('b1', 'waiting.json')).mtimeMs, before, 'said once');

    dropBatch(world.path('b1'), [note(1), note(2)]);
    world.now += 120_000;
    await world.settle();
    assert.deepEqual(await batches(world), ['b1']);
    assert.deepEqual(world.ls('b1'), ['manifest.json', 'note-1.txt', 'note-2.txt', 'receipt.json']);
  });
}

test('what is missing is listed with the size that is there', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1), { ...note(2), as: null }]);
  writeFileSync(world.path('b1', 'note-1.txt'), 'half');
  await world.round();
  world.now += world.settings.waitingMs;
  await world.round();
  const { missing, missing_count } = world.read('b1', 'waiting.json') as unknown as {
    missing: Record<string, unknown>[];
    missing_count: number;
  };
  assert.equal(missing_count, 2);
  assert.deepEqual(
    missing.map(({ file_id, actual_bytes }) => [file_id, actual_bytes]),
    [
      ['f1', 4],
      ['f2', null],
    ],
  );
});

test('a batch that changes while it is watched is not taken', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1)]);
  for (let n = 0; n < 4; n++) {
    await world.round();
    world.now += world.settings.stableMs;
    // The same bytes written again: another time of change.
    dropBatch(world.path('b1'), [note(1)]);
  }
  await world.round();
  assert.deepEqual(await batches(world), []);
  await world.settle();
  assert.deepEqual(await batches(world), ['b1']);
});

const SECRET = 'root:x:0:0: never to be taken';

for (const [what, plant, is] of [
  ['a link', (secret: string, at: string) => symlinkSync(secret, at), /but is a link/],
  ['a second name of a file', (secret: string, at: string) => linkSync(secret, at), /a file with a second name/],
  ['a pipe', (_secret: string, at: string) => void execFileSync('mkfifo', [at]), /but is a pipe/],
  ['a folder', (_secret: string, at: string) => mkdirSync(at), /but is a folder/],
] as const) {
  test(`${what} in place of a file, or of the manifest, refuses the batch; nothing is read through it`, async (t) => {
    const world = await inbox(t);
    const secret = world.path('..', `${world.folder.split('/').at(-1)}-secret`);
    writeFileSync(secret, SECRET);
    t.after(() => rmSync(secret, { force: true }));
    dropBatch(world.path('b1'), [note(1), { filename: 'note-2.txt', content: SECRET, as: null }]);
    plant(secret, world.path('b1', 'note-2.txt'));
    dropBatch(world.path('b2'), [note(1)], { manifest: null });
    plant(secret, world.path('b2', 'manifest.json'));
    await world.settle();
    assert.deepEqual(await batches(world), []);
    for (const [name, file] of [
      ['b1', 'note-2.txt'],
      ['b2', 'manifest.json'],
    ] as const) {
      const refused = world.read(name, 'refused.json') as Record<string, unknown>;
      assert.equal(refused.code, 'VALIDATION_ERROR', name);
      const [detail] = refused.details as { file: string; constraint: string }[];
      assert.equal(detail!.file, file);
      assert.match(detail!.constraint, is);
      assert.match(String(refused.remediation), /plain copy of each file/);
      assert.doesNotMatch(JSON.stringify(refused), /root:x/);
    }
    for await (const { key } of world.plane.objects.list('')) assert.fail(`${key} was kept`);

    rmSync(world.path('b1', 'note-2.txt'), { recursive: true });
    writeFileSync(world.path('b1', 'note-2.txt'), SECRET);
    await world.settle();
    assert.deepEqual(await batches(world), ['b1'], 'mended, it is taken');
    assert.equal(world.has('b1', 'refused.json'), false);
  });
}

test('a link in place of a batch’s folder is not followed', async (t) => {
  const world = await inbox(t);
  const elsewhere = world.path('..', `${world.folder.split('/').at(-1)}-elsewhere`);
  dropBatch(elsewhere, [note(1)], { batch_id: 'b1' });
  t.after(() => rmSync(elsewhere, { recursive: true }));
  symlinkSync(elsewhere, world.path('b1'));
  await world.settle();
  assert.deepEqual(await batches(world), []);
  const shown = inboxStatus(world.memory, { poll_seconds: 1, stable_seconds: 1 }, { limit: 5 }).folders[0]!;
  assert.deepEqual([shown.state, shown.reason, shown.code], ['waiting', 'IS_LINK', null]);
  assert.match(shown.message!, /^A link lies there/);
  assert.deepEqual(lstatSync(world.path('b1')).isSymbolicLink(), true);
});

test('a name in a manifest is no path: such a file lies there under its id, or the batch is refused', async (t) => {
  const world = await inbox(t);
  writeFileSync(world.path('outside.txt'), note(1).content);
  dropBatch(world.path('b1'), [
    { ...note(1), filename: '../outside.txt', as: null },
    { ...note(2), filename: '/etc/hostname.txt', as: null },
  ]);
  await world.settle();
  const refused = world.read('b1', 'refused.json') as unknown as { code: string; details: Record<string, string>[] };
  const [{ field, file, constraint } = {}] = refused.details;
  assert.deepEqual([refused.code, field, file], ['MANIFEST_INVALID', 'files.0.filename', '../outside.txt']);
  assert.match(constraint!, /not a path/);
  writeFileSync(world.path('b1', 'f1'), note(1).content);
  writeFileSync(world.path('b1', 'f2'), note(2).content);
  await world.settle();
  assert.deepEqual(
    (await world.plane.records.receipts('b1')).map(({ original_filename, status }) => [original_filename, status]),
    [
      ['../outside.txt', 'accepted'],
      ['/etc/hostname.txt', 'accepted'],
    ],
  );
});

test('a name that the sender’s system composes otherwise is the same name', async (t) => {
  const world = await inbox(t);
  const name = 'Mündliche Prüfung.txt';
  world.settings = { ...world.settings, takenFiles: 'remove' };
  dropBatch(world.path('b1'), [{ ...note(1), filename: name.normalize('NFC'), as: name.normalize('NFD') }]);
  await world.settle();
  assert.deepEqual(await batches(world), ['b1']);
  await world.finish('b1');
  await world.round();
  assert.equal(world.has('b1', 'acceptance-report.json'), true);
  assert.equal(world.has('b1', name.normalize('NFD')), false, 'and is removed under it, where files are');
});

test('a file that bears a name of ours is never overwritten: its batch is refused, or it lies there under its id', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [{ ...note(1), filename: 'Waiting.json', file_id: 'receipt.json', as: null }]);
  dropBatch(world.path('b2'), [{ ...note(2), filename: 'Receipt.JSON', as: 'f1' }]);
  await world.settle();
  assert.equal(world.read('b1', 'refused.json').code, 'MANIFEST_INVALID');
  assert.deepEqual(await batches(world), ['b2']);
});

test('what lies beside a manifest is not believed: a forged receipt neither skips a batch nor stays', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1)]);
  writeFileSync(world.path('b1', 'receipt.json'), JSON.stringify({ batch_id: 'b1', status: 'received' }));
  writeFileSync(world.path('b1', 'acceptance-report.json'), '{"final": true}');
  writeFileSync(world.path('b1', 'refused.json'), '{}');
  await world.settle();
  assert.deepEqual(await batches(world), ['b1']);
  assert.equal(BatchReceipt.parse(world.read('b1', 'receipt.json')).receipts.length, 1);
  assert.deepEqual(world.ls('b1'), ['manifest.json', 'note-1.txt', 'receipt.json']);
});

test('results are never written through a link', async (t) => {
  const world = await inbox(t);
  const victim = world.path('..', `${world.folder.split('/').at(-1)}-victim`);
  writeFileSync(victim, 'untouched');
  t.after(() => rmSync(victim, { force: true }));
  dropBatch(world.path('b1'), [note(1)]);
  for (const name of ['receipt.json', '.receipt.json.part']) symlinkSync(victim, world.path('b1', name));
  await world.settle();
  assert.equal(readFileSync(victim, 'utf8'), 'untouched');
  assert.equal(lstatSync(world.path('b1', 'receipt.json')).isFile(), true);
  assert.equal(BatchReceipt.parse(world.read('b1', 'receipt.json')).batch_id, 'b1');
});

test('a process that remembers nothing takes nothing twice and writes nothing again', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1)]);
  await world.settle();
  await world.finish('b1');
  await world.round();
  const told = (await events(world)).length;
  const results = ['receipt.json', 'acceptance-report.json', 'acceptance-report.html'];
  const written = results.map((name) => statSync(world.path('b1', name)).mtimeMs);
  world.forget();
  // The files may be gone by now: the record store knows the batch by its manifest.
  rmSync(world.path('b1', 'note-1.txt'));
  await world.settle();
  assert.equal(seen(world, 'b1')!.state, 'taken');
  assert.equal((await events(world)).length, told);
  assert.deepEqual(
    results.map((name) => statSync(world.path('b1', name)).mtimeMs),
    written,
  );
  unlinkSync(world.path('b1', 'receipt.json'));
  world.forget();
  await world.round();
  assert.equal(world.has('b1', 'receipt.json'), true, 'what is missing is written');
});

test('another manifest in the same folder is another batch, and the results are those of the new one', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('drop'), [note(1)], { batch_id: 'b1' });
  await world.settle();
  await world.finish('b1');
  await world.round();
  assert.equal(world.has('drop', 'acceptance-report.json'), true);
  dropBatch(world.path('drop'), [note(2)], { batch_id: 'b2' });
  await world.settle();
  assert.deepEqual(await batches(world), ['b1', 'b2']);
  assert.equal(world.read('drop', 'receipt.json').batch_id, 'b2');
  assert.equal(world.has('drop', 'acceptance-report.json'), false, 'the old report says nothing about the new batch');
});

test('the tenant’s own folder may be a batch: a stick whose root is one', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('inner'), [note(1)], { batch_id: 'inner' });
  dropBatch(world.path(), [note(2)], { batch_id: 'root' });
  mkdirSync(world.path('outbox'));
  writeFileSync(world.path('outbox', 'manifest.json'), '{}');
  await world.settle();
  assert.deepEqual(await batches(world), ['inner', 'root']);
  assert.equal(world.read('receipt.json').batch_id, 'root');
  assert.deepEqual([...world.memory.folders.keys()].sort(), ['.', 'inner'], 'the outbox is no batch');
});

test('files without a manifest are told that one is missing, in a folder of their own or not, too deep or not', async (t) => {
  const world = await inbox(t);
  writeFileSync(world.path('loose.pdf'), 'x');
  dropBatch(world.path('march', 'too deep'), [note(1)]);
  mkdirSync(world.path('empty'));
  await world.round();
  world.now += world.settings.waitingMs;
  await world.round();
  assert.equal(world.read('waiting.json').reason, 'MANIFEST_MISSING');
  assert.equal(world.read('march', 'waiting.json').reason, 'MANIFEST_MISSING');
  assert.deepEqual([...world.memory.folders.keys()].sort(), ['.', 'march'], 'an empty folder is nothing');
  unlinkSync(world.path('loose.pdf'));
  await world.round();
  assert.equal(seen(world, '.'), undefined);
});

test('a file that cannot be read is not tried on every look, and the batch says why', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1), note(2)]);
  const { begin } = world.plane.objects;
  let drafts = 0;
  t.mock.method(world.plane.objects, 'begin', async () => {
    if (++drafts % 2 === 0) throw Object.assign(new Error('no'), { code: 'EACCES' });
    return begin.call(world.plane.objects);
  });
  await world.settle();
  const { reason, code, state } = seen(world, 'b1')!;
  assert.deepEqual([state, reason, code], ['waiting', 'UNREADABLE', 'EACCES']);
  const shown = inboxStatus(world.memory, { poll_seconds: 1, stable_seconds: 1 }, { limit: 5 }).folders[0]!;
  assert.match(shown.remediation!, /right to read/);
  for (let n = 0; n < 10; n++) {
    world.now += 1000;
    await world.round();
  }
  assert.equal(drafts, 2, 'once, and then after a while');
  world.now += 10_000;
  await world.round();
  assert.equal(drafts, 4);
});

for (const [what, files, options, code] of [
  ['for another tenant', [note(1)], { tenant_id: 'globex' }, 'MANIFEST_INVALID'],
  ['with a wrong count', [note(1)], { extra: { file_count: 2 } }, 'MANIFEST_FILE_COUNT_MISMATCH'],
  ['with an id twice', [note(1), { ...note(2), file_id: 'f1' }], {}, 'DUPLICATE_FILE_ID'],
  ['with keys that no manifest has', [note(1)], { extra: { colour: 'red' } }, 'MANIFEST_INVALID'],
] as const) {
  test(`a batch ${what} is refused with its code and a mend, once`, async (t) => {
    const world = await inbox(t);
    dropBatch(world.path('b1'), files, options);
    await world.settle();
    assert.deepEqual(await batches(world), []);
    const refused = world.read('b1', 'refused.json') as unknown as Record<string, string> & { details: unknown[] };
    assert.equal(refused.code, code);
    assert.ok(refused.message!.length > 10 && refused.remediation!.length > 20 && refused.details.length > 0);
    const written = statSync(world.path('b1', 'refused.json')).mtimeMs;
    for (let n = 0; n < 3; n++) {
      world.now += 120_000;
      await world.round();
    }
    world.forget();
    await world.settle();
    assert.equal(statSync(world.path('b1', 'refused.json')).mtimeMs, written);
    assert.equal(world.logged.filter(({ message }) => /was refused/.test(message)).length, 2, 'once a process');
  });
}

test('a refusal says of each problem which file it is and what to do', async (t) => {
  const world = await inbox(t);
  const { files, ...rest } = dropBatch(world.path('b1'), [note(1), note(2)]);
  const spoilt = files.map((file) => ({ ...file, sha256: 'none' }));
  writeFileSync(world.path('b1', 'manifest.json'), JSON.stringify({ ...rest, files: spoilt }));
  await world.settle();
  const { remediation, details } = world.read('b1', 'refused.json') as unknown as {
    remediation: string;
    details: { file: string; field: string; remediation: string }[];
  };
  assert.deepEqual(
    details.map(({ file, field }) => [file, field]),
    files.map(({ filename }, n) => [filename, `files.${n}.sha256`]),
  );
  assert.match(remediation, /sha256sum/, 'one mend for all of them is the mend of the batch');
  writeFileSync(world.path('b1', 'manifest.json'), JSON.stringify({ ...rest, batch_id: 'a b', files: spoilt }));
  world.now += 120_000;
  await world.settle();
  assert.match(String(world.read('b1', 'refused.json').remediation), /each as it says/);
});

test('a batch that names an upload is refused: the inbox takes what lies in it', async (t) => {
  const world = await inbox(t);
  const { files, ...rest } = dropBatch(world.path('b1'), [note(1)]);
  const named = files.map((file) => ({ ...file, upload_id: '0197a000-0000-7000-8000-000000000001' }));
  writeFileSync(world.path('b1', 'manifest.json'), JSON.stringify({ ...rest, files: named }));
  await world.settle();
  assert.equal(world.read('b1', 'refused.json').code, 'MANIFEST_INVALID');
  assert.deepEqual(await batches(world), []);
});

test('a batch id that is used with another manifest is refused', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('one'), [note(1)], { batch_id: 'b1' });
  await world.settle();
  dropBatch(world.path('two'), [note(2)], { batch_id: 'b1' });
  await world.settle();
  assert.equal(world.read('two', 'refused.json').code, 'BATCH_ALREADY_EXISTS');
  assert.equal((await world.plane.records.receipts('b1')).length, 1);
});

test('a refusal is thought over when the tenant’s settings change', async (t) => {
  const world = await inbox(t);
  world.config.max_batch_size = 1;
  dropBatch(world.path('b1'), [note(1), note(2)]);
  await world.settle();
  assert.equal(world.read('b1', 'refused.json').code, 'MANIFEST_INVALID');
  world.config.max_batch_size = 10;
  world.configVersion = 2;
  world.now += 120_000;
  await world.settle();
  assert.deepEqual(await batches(world), ['b1']);
});

test('a file that is written to while it is read is rejected by its checksum, and nothing worse', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1), { filename: 'large.txt', content: 'x'.repeat(3 << 20) }]);
  const { begin } = world.plane.objects;
  let drafts = 0;
  t.mock.method(world.plane.objects, 'begin', async () => {
    if (++drafts === 2) appendFileSync(world.path('b1', 'large.txt'), 'more');
    return begin.call(world.plane.objects);
  });
  await world.settle();
  assert.deepEqual(
    (await world.plane.records.receipts('b1')).map(({ status, reason }) => [status, reason]),
    [
      ['accepted', null],
      ['rejected', 'CHECKSUM_MISMATCH'],
    ],
  );
});

for (const [what, swap] of [
  [
    'swapped for a link',
    (at: string, victim: string) => {
      unlinkSync(at);
      symlinkSync(victim, at);
    },
  ],
  ['taken away', (at: string) => unlinkSync(at)],
  ['exchanged', (at: string, victim: string) => renameSync(victim, at)],
] as const) {
  test(`a file that is ${what} between the look and the take is not read; the batch is not taken`, async (t) => {
    const world = await inbox(t);
    dropBatch(world.path('b1'), [note(1), note(2)]);
    const victim = world.path('b1', '.victim');
    writeFileSync(victim, note(2).content);
    const { objects } = world.plane;
    const check = objects.check.bind(objects);
    const mocked = t.mock.method(objects, 'check', async () => {
      mocked.mock.restore();
      swap(world.path('b1', 'note-2.txt'), victim);
      return check();
    });
    await world.settle();
    assert.deepEqual(await batches(world), []);
    assert.notEqual(seen(world, 'b1')!.state, 'taken');
    for await (const { key } of world.plane.objects.list('')) assert.fail(`${key} was kept`);
  });
}

test('the inbox of a suspended tenant rests, and a take in the middle is given up', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1)]);
  world.suspended = true;
  await world.settle();
  assert.equal(world.memory.folders.size, 0, 'not even looked at');
  world.suspended = false;
  await world.round();
  world.now += world.settings.stableMs;
  const { begin } = world.plane.objects;
  const mocked = t.mock.method(world.plane.objects, 'begin', async () => {
    world.suspended = true;
    return begin.call(world.plane.objects);
  });
  dropBatch(world.path('b2'), [{ filename: 'large.txt', content: 'x'.repeat(2 << 20) }]);
  await world.round();
  world.now += world.settings.stableMs;
  world.suspended = false;
  await world.round();
  mocked.mock.restore();
  assert.deepEqual(await batches(world), ['b1']);
  world.suspended = false;
  world.now += 60_000;
  await world.settle();
  assert.deepEqual(await batches(world), ['b1', 'b2']);
});

test('a batch beyond the quota is postponed and told, a smaller one goes on', async (t) => {
  const world = await inbox(t);
  world.config.storage_quota_gb = 2 / 1024 ** 2;
  dropBatch(world.path('large'), [{ filename: 'large.txt', content: 'x'.repeat(4096) }]);
  dropBatch(world.path('small'), [note(1)]);
  await world.settle();
  assert.deepEqual(await batches(world), ['small']);
  const waiting = world.read('large', 'waiting.json') as Record<string, unknown>;
  assert.deepEqual([waiting.reason, waiting.code], ['POSTPONED', 'QUOTA_EXCEEDED']);
  assert.match(String(waiting.remediation), /platform owner/);
  world.config.storage_quota_gb = 1;
  world.now += 30_000;
  await world.settle();
  assert.deepEqual(await batches(world), ['large', 'small']);
  assert.equal(world.has('large', 'waiting.json'), false);
});

test('trouble that every batch would meet lets the whole inbox rest, longer each time, and refuses nothing', async (t) => {
  const world = await inbox(t);
  for (const n of [1, 2, 3]) dropBatch(world.path(`b${n}`), [note(n)]);
  const scanner = world.plane.scanner;
  let asked = 0;
  world.plane.scanner = {
    ...scanner,
    begin: async () => {
      asked++;
      throw new FrostbyteError('SERVICE_UNAVAILABLE', 'The scanner does not answer.');
    },
  };
  await world.settle();
  assert.equal(asked, 1);
  world.now += 5000;
  await world.round();
  assert.equal(asked, 1, 'it rests');
  world.now += 15_000;
  await world.round();
  assert.equal(asked, 2);
  assert.deepEqual(await batches(world), []);
  assert.ok(!world.ls('b1').includes('refused.json'));
  world.plane.scanner = scanner;
  world.now += 600_000;
  await world.settle();
  assert.deepEqual(await batches(world), ['b1', 'b2', 'b3']);
});

test('a folder that takes no results is said once, taken once, and left alone for a while', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1)]);
  // What a sender can do to make a result unwritable for anybody.
  mkdirSync(world.path('b1', 'receipt.json'));
  await world.settle();
  for (let n = 0; n < 5; n++) {
    world.now += 1000;
    await world.round();
  }
  assert.deepEqual(await batches(world), ['b1']);
  assert.equal(seen(world, 'b1')!.unwritable, 'EISDIR');
  assert.equal(world.logged.filter(({ message }) => /results cannot be written/.test(message)).length, 1);
  rmSync(world.path('b1', 'receipt.json'), { recursive: true });
  world.now += 600_000;
  await world.round();
  assert.equal(BatchReceipt.parse(world.read('b1', 'receipt.json')).batch_id, 'b1');
  assert.equal(seen(world, 'b1')!.unwritable, null);
});

test('files of a finished batch are removed where the operator wants it: only the very bytes that are kept', async (t) => {
  const world = await inbox(t);
  world.settings = { ...world.settings, takenFiles: 'remove' };
  dropBatch(world.path('b1'), [
    note(1),
    note(2),
    { ...note(3), claim: { sha256: 'a'.repeat(64) } },
    { ...note(4), filename: 'note-4.txt' },
  ]);
  writeFileSync(world.path('b1', 'not-in-the-manifest.txt'), 'mine');
  await world.settle();
  assert.equal(world.has('b1', 'note-1.txt'), true, 'not before the final report');
  writeFileSync(world.path('b1', 'note-4.txt'), 'a newer version of note 4, which nobody has taken');
  await world.finish('b1');
  await world.round();
  assert.deepEqual(world.ls('b1'), [
    'acceptance-report.html',
    'acceptance-report.json',
    'manifest.json',
    'not-in-the-manifest.txt',
    'note-3.txt',
    'note-4.txt',
    'receipt.json',
  ]);
  world.forget();
  await world.settle();
  assert.deepEqual(await batches(world), ['b1'], 'a batch without its files is still the one that was taken');
});

test('a file whose document was erased stays in the inbox: the sender’s copy is the only one by now', async (t) => {
  const world = await inbox(t);
  world.settings = { ...world.settings, takenFiles: 'remove' };
  dropBatch(world.path('b1'), [
    { ...note(1), as: 'f1' },
    { ...note(2), as: 'f2' },
  ]);
  await world.settle();
  await world.finish('b1', 'held');
  await world.round();
  const [first, second] = await world.plane.records.receipts('b1');
  const request = { cause: 'request', reason: 'asked for', requested_by: 'dana' } as const;
  await eraseDocument(world.plane, { doc_id: first!.doc_id!, ...request });
  await world.plane.records.restart(second!.doc_id!, 'parse', [], world.plane.clock.iso());
  await world.finish('b1');
  await world.round();
  const kept = world.ls('b1').filter((name) => /^f\d$/.test(name));
  assert.deepEqual(kept, ['f1'], 'sent again it would be taken for a batch that was');
});

test('an inbox with many folders is looked at in bounded rounds, each folder in its turn', async (t) => {
  const world = await inbox(t);
  for (let n = 0; n < 205; n++) {
    mkdirSync(world.path(`w${n}`));
    writeFileSync(world.path(`w${n}`, 'a.txt'), 'x');
  }
  dropBatch(world.path('zz-last'), [note(1)]);
  await world.settle();
  assert.equal(world.memory.folders.size, 206);
  assert.deepEqual(await batches(world), ['zz-last']);
});

test('a record store that was set back takes the batch again', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('b1'), [note(1)]);
  await world.settle();
  t.mock.method(world.plane.records, 'batchStates', async () => []);
  await world.round();
  assert.equal(seen(world, 'b1'), undefined, 'forgotten, so that it is looked at anew');
});

test('no log line holds a name from the inbox', async (t) => {
  const world = await inbox(t);
  dropBatch(world.path('canary-folder'), [{ ...note(1), filename: 'canary-file.txt', as: null }], { batch_id: 'b1' });
  dropBatch(world.path('canary-refused'), [{ ...note(2), filename: 'canary-2.txt' }], {
    batch_id: 'b2',
    tenant_id: 'globex',
  });
  mkdirSync(world.path('canary-link-parent'));
  symlinkSync('/etc', world.path('canary-link'));
  await world.settle();
  world.now += world.settings.waitingMs;
  await world.round();
  assert.ok(world.logged.length > 2);
  assert.doesNotMatch(JSON.stringify(world.logged), /canary/);
});
