import assert from 'node:assert/strict';
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { seal } from '../../../appliance/secrets/age-file.ts';
import { type KeyPair, makeKeyPair, wrapIdentity } from '../../../appliance/secrets/identities.ts';
import { openTenantKeys } from '../../../appliance/secrets/keyring.ts';
import { upgradeSecretsFolder } from '../../../appliance/secrets/upgrade-folder.ts';
import { manualClock } from '../../support/manual-clock.ts';

const clock = manualClock();
const TODAY = ['identity-0001.age', 'secrets.sops.yaml'];

interface Old {
  folder: string;
  root: KeyPair;
  identity: KeyPair;
  storage: KeyPair[];
}

/** A secrets folder as an earlier version wrote it: a file for each storage identity and one for the credentials. */
async function oldFolder(t: TestContext): Promise<Old> {
  const folder = await mkdtemp(join(tmpdir(), 'upgrade-'));
  t.after(() => rm(folder, { recursive: true }));
  const [root, identity, first, second] = (await Promise.all([0, 1, 2, 3].map(makeKeyPair))) as [
    KeyPair,
    KeyPair,
    KeyPair,
    KeyPair,
  ];
  const write = (name: string, bytes: Buffer) => writeFile(join(folder, name), bytes, { mode: 0o600 });
  await write('identity-0001.age', await wrapIdentity(identity, clock.iso(), [root.recipient]));
  await write('storage-0001.age', await wrapIdentity(first, clock.iso(), [identity.recipient]));
  await write('storage-0002.age', await wrapIdentity(second, clock.iso(), [identity.recipient]));
  await write('credentials.age', await seal([identity.recipient], Buffer.from('{"tenant_api_key":"correct horse"}')));
  return { folder, root, identity, storage: [second, first] };
}

async function assertUpgraded({ folder, root, identity, storage }: Old): Promise<void> {
  assert.deepEqual((await readdir(folder)).sort(), TODAY);
  const keys = await openTenantKeys(root, folder);
  assert.deepEqual([keys.key_version, keys.recipient], [1, identity.recipient]);
  assert.deepEqual(
    keys.storage.identities,
    storage.map((pair) => pair.identity),
  );
  assert.equal(keys.secrets.values.tenant_api_key, 'correct horse');
}

test('storage identities and credentials move into the secrets file, and their own files go', async (t) => {
  const old = await oldFolder(t);
  await upgradeSecretsFolder(old.root, old.folder, clock);
  await assertUpgraded(old);
  const text = await readFile(join(old.folder, 'secrets.sops.yaml'), 'utf8');
  await upgradeSecretsFolder(old.root, old.folder, clock);
  assert.equal(await readFile(join(old.folder, 'secrets.sops.yaml'), 'utf8'), text, 'a second time changes nothing');
});

for (const name of ['storage-0001.age', 'storage-0002.age', 'credentials.age']) {
  test(`a crash while ${name} was being destroyed loses nothing`, async (t) => {
    const old = await oldFolder(t);
    const bytes = await readFile(join(old.folder, name));
    await upgradeSecretsFolder(old.root, old.folder, clock);
    // Half overwritten, as the crash left it.
    bytes.fill(0, bytes.length / 2);
    await writeFile(join(old.folder, name), bytes, { mode: 0o600 });
    await upgradeSecretsFolder(old.root, old.folder, clock);
    await assertUpgraded(old);
  });
}

test('nothing is destroyed while the secrets file does not hold it', async (t) => {
  const old = await oldFolder(t);
  const storage = await readFile(join(old.folder, 'storage-0001.age'));
  await upgradeSecretsFolder(old.root, old.folder, clock);
  const stranger = await wrapIdentity(await makeKeyPair(), clock.iso(), [old.identity.recipient]);
  await writeFile(join(old.folder, 'storage-0003.age'), stranger, { mode: 0o600 });
  await writeFile(join(old.folder, 'storage-0001.age'), storage, { mode: 0o600 });
  await assert.rejects(upgradeSecretsFolder(old.root, old.folder, clock), { code: 'KEY_UNAVAILABLE' });
  assert.deepEqual((await readdir(old.folder)).sort(), [...TODAY, 'storage-0001.age', 'storage-0003.age'].sort());
});

test('a damaged old file ends it before anything was written', async (t) => {
  const old = await oldFolder(t);
  const bytes = await readFile(join(old.folder, 'storage-0002.age'));
  bytes[bytes.length - 1]! ^= 1;
  await writeFile(join(old.folder, 'storage-0002.age'), bytes, { mode: 0o600 });
  const before = (await readdir(old.folder)).sort();
  await assert.rejects(upgradeSecretsFolder(old.root, old.folder, clock), { code: 'OBJECT_CORRUPTED' });
  assert.deepEqual((await readdir(old.folder)).sort(), before);
});

test('what a crash left beside the secrets file goes, but never the file itself under another name', async (t) => {
  const old = await oldFolder(t);
  await upgradeSecretsFolder(old.root, old.folder, clock);
  const beside = (end: string) => join(old.folder, `.secrets.sops.yaml.6f1c7a2e-0000-4000-8000-00000000000${end}`);
  // Between the two names of a replacement, and of a first writing, both are the file that stands.
  await link(join(old.folder, 'secrets.sops.yaml'), beside('1.old'));
  await link(join(old.folder, 'secrets.sops.yaml'), beside('2.new'));
  await writeFile(beside('3.new'), 'torn', { mode: 0o600 });
  await upgradeSecretsFolder(old.root, old.folder, clock);
  await assertUpgraded(old);
});

test('a folder that is empty or not there is left alone', async (t) => {
  const { folder, root } = await oldFolder(t);
  await upgradeSecretsFolder(root, join(folder, 'none'), clock);
  await mkdir(join(folder, 'empty'));
  await upgradeSecretsFolder(root, join(folder, 'empty'), clock);
  assert.deepEqual(await readdir(join(folder, 'empty')), []);
});
