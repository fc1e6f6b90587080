import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeNotices } from '../../../../appliance/data/inbox/outbox.ts';

async function tenant(t: TestContext): Promise<{ path: string; handle: FileHandle }> {
  const path = mkdtempSync(join(tmpdir(), 'frostbyte-outbox-'));
  const handle = await open(path);
  t.after(async () => {
    await handle.close();
    rmSync(path, { recursive: true, force: true });
  });
  return { path, handle };
}

const SUSPENDED = { kind: 'suspended', created_at: '2026-02-03T09:05:07.123Z' };
const NAME = '20260203T090507123Z-suspended';

test('a notice lies in the outbox as text and as JSON, and goes when it is withdrawn', async (t) => {
  const { path, handle } = await tenant(t);
  await writeNotices(handle, 'acme', []);
  assert.deepEqual(readdirSync(path), [], 'no outbox for nothing');
  await writeNotices(handle, 'acme', [SUSPENDED]);
  assert.deepEqual(readdirSync(join(path, 'outbox')).sort(), [`${NAME}.json`, `${NAME}.txt`]);
  const { message, remediation, ...rest } = JSON.parse(readFileSync(join(path, 'outbox', `${NAME}.json`), 'utf8'));
  assert.deepEqual(rest, { tenant_id: 'acme', ...SUSPENDED });
  const text = readFileSync(join(path, 'outbox', `${NAME}.txt`), 'utf8');
  assert.ok(text.includes(message) && text.includes(remediation) && /suspended.*Nothing was deleted/.test(text));

  writeFileSync(join(path, 'outbox', 'read-by-dana.txt'), 'hers');
  const before = statSync(join(path, 'outbox', `${NAME}.txt`)).mtimeMs;
  await writeNotices(handle, 'acme', [SUSPENDED]);
  assert.equal(statSync(join(path, 'outbox', `${NAME}.txt`)).mtimeMs, before, 'written once');
  await writeNotices(handle, 'acme', []);
  assert.deepEqual(readdirSync(join(path, 'outbox')), ['read-by-dana.txt']);
});

test('a notice says who, why and until when, where that is known', async (t) => {
  const { path, handle } = await tenant(t);
  const told = { actor: 'frode', reason: 'ticket 4711', until: '2026-02-03T09:20:07.123Z' };
  const opened = { kind: 'break_glass', created_at: SUSPENDED.created_at, grant_id: 'kept to the list', ...told };
  await writeNotices(handle, 'acme', [opened, { ...SUSPENDED, actor: null, reason: null, until: null }]);
  const file = (name: string) => readFileSync(join(path, 'outbox', name), 'utf8');
  const { message, remediation, ...rest } = JSON.parse(file('20260203T090507123Z-break_glass.json'));
  assert.deepEqual(rest, { tenant_id: 'acme', kind: 'break_glass', created_at: SUSPENDED.created_at, ...told });
  const text = file('20260203T090507123Z-break_glass.txt');
  for (const part of [message, remediation, ...Object.values(told)]) assert.ok(text.includes(part), part);
  assert.doesNotMatch(file(`${NAME}.txt`), /null|actor/);
});

test('a notice of a kind without words of its own still says that there is one', async (t) => {
  const { path, handle } = await tenant(t);
  await writeNotices(handle, 'acme', [{ kind: '../Odd Kind', created_at: SUSPENDED.created_at }]);
  const names = readdirSync(join(path, 'outbox')).sort();
  assert.deepEqual(names, ['20260203T090507123Z-____dd__ind.json', '20260203T090507123Z-____dd__ind.txt']);
  assert.match(readFileSync(join(path, 'outbox', names[1]!), 'utf8'), /left a notice/);
});

test('an outbox that is a link is not followed', async (t) => {
  const { path, handle } = await tenant(t);
  mkdirSync(join(path, 'elsewhere'));
  symlinkSync('elsewhere', join(path, 'outbox'));
  await assert.rejects(writeNotices(handle, 'acme', [SUSPENDED]), { code: 'ENOTDIR' });
  await assert.rejects(writeNotices(handle, 'acme', []), { code: 'ENOTDIR' });
  assert.deepEqual(readdirSync(join(path, 'elsewhere')), []);
});

test('a notice that changed, as that of a grant which was closed, is written anew', async (t) => {
  const { path, handle } = await tenant(t);
  const opened = { kind: 'break_glass', created_at: SUSPENDED.created_at, until: '2026-02-03T09:20:07.123Z' };
  await writeNotices(handle, 'acme', [opened]);
  const closed = { ...opened, until: '2026-02-03T09:07:00.000Z' };
  await writeNotices(handle, 'acme', [closed]);
  for (const name of readdirSync(join(path, 'outbox'))) {
    const text = readFileSync(join(path, 'outbox', name), 'utf8');
    assert.ok(text.includes(closed.until) && !text.includes(opened.until), name);
  }
});
