import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { embeddedRootKey } from '../../../../appliance/bin/wire/embedded-root-key.ts';
import {
  forgetUnsealed,
  sealRootKey,
  unsealByCredential,
  unsealedRoot,
  unsealRootKey,
} from '../../../../appliance/bin/wire/unseal.ts';
import { systemClock } from '../../../../appliance/kernel/clock.ts';
import { controlPaths } from '../../../../appliance/kernel/names.ts';
import { identityFile, makeKeyPair } from '../../../../appliance/secrets/identities.ts';

const clock = systemClock();
const PASSPHRASE = 'herring rye tulip plasma';

/** A data folder with a root key, and a run folder on memory unless told otherwise. */
async function world(t: TestContext, runOn = '/dev/shm') {
  const [data_folder, run_folder] = [mkdtempSync(join(tmpdir(), 'seal-')), mkdtempSync(join(runOn, 'seal-run-'))];
  t.after(() => {
    for (const folder of [data_folder, run_folder]) rmSync(folder, { recursive: true, force: true });
  });
  const config = { data_folder, processes: { run_folder, flags_folder: null, gateway_uid: null } };
  const root = await embeddedRootKey(data_folder, clock, unsealedRoot(config));
  const file = controlPaths(data_folder).rootKey;
  return { config, root, file, open: () => embeddedRootKey(data_folder, clock, unsealedRoot(config)) };
}

it('a root key under a passphrase is nowhere on the disk, and opened once it opens for every process', async (t) => {
  const { config, root, file, open } = await world(t);
  await assert.rejects(sealRootKey(config, clock, { passphrase: 'herring' }), { code: 'VALIDATION_ERROR' });
  await sealRootKey(config, clock, { passphrase: PASSPHRASE });
  assert.deepEqual(await open(), root, 'what runs goes on');
  assert.ok(!readFileSync(file, 'latin1').includes(root.identity.slice(0, 30)));
  await forgetUnsealed(config);
  await assert.rejects(open(), { code: 'KEY_UNAVAILABLE', message: /frostbyte unseal/ });
  await assert.rejects(unsealRootKey(config, clock, { passphrase: `${PASSPHRASE}.` }), { code: 'KEY_UNAVAILABLE' });
  assert.equal(existsSync(unsealedRoot(config)), false);
  await unsealRootKey(config, clock, { passphrase: PASSPHRASE });
  assert.deepEqual(await open(), root);
});

it('one for a recipient is opened by its identity alone; sealed anew it has another opener', async (t) => {
  const { config, root, open } = await world(t);
  const [own, other] = [await makeKeyPair(), await makeKeyPair()];
  const text = (pair: typeof own) => identityFile(pair, clock.iso());
  await assert.rejects(sealRootKey(config, clock, { recipient: own.recipient, identity: text(other) }), {
    code: 'VALIDATION_ERROR',
  });
  assert.deepEqual(await open(), root, 'nothing was changed');
  await sealRootKey(config, clock, { recipient: own.recipient, identity: text(own) });
  await forgetUnsealed(config);
  for (const wrong of [{ identity: text(other) }, { passphrase: PASSPHRASE }])
    await assert.rejects(unsealRootKey(config, clock, wrong), { code: 'KEY_UNAVAILABLE' });
  await assert.rejects(sealRootKey(config, clock, { passphrase: PASSPHRASE }), { code: 'KEY_UNAVAILABLE' });
  await unsealRootKey(config, clock, { identity: text(own) });
  assert.deepEqual(await open(), root);
  await sealRootKey(config, clock, { recipient: other.recipient, identity: text(other) });
  await assert.rejects(unsealRootKey(config, clock, { identity: text(own) }), { code: 'KEY_UNAVAILABLE' });
  await unsealRootKey(config, clock, { identity: text(other) });
});

it('what lies opened of another sealed key is not taken for this one', async (t) => {
  const [here, there] = [await world(t), await world(t)];
  for (const { config } of [here, there]) await sealRootKey(config, clock, { passphrase: PASSPHRASE });
  copyFileSync(unsealedRoot(there.config), unsealedRoot(here.config));
  await assert.rejects(here.open(), { code: 'KEY_UNAVAILABLE', message: /frostbyte unseal/ });
  await unsealRootKey(here.config, clock, { passphrase: PASSPHRASE });
  assert.deepEqual(await here.open(), here.root);
});

it('is refused, and changes nothing, where the opened key would lie on a disk, and where there is nothing to open', async (t) => {
  const { config, file } = await world(t, tmpdir());
  const before = readFileSync(file);
  await assert.rejects(sealRootKey(config, clock, { passphrase: PASSPHRASE }), {
    code: 'CONFIG_INVALID',
    message: /run_folder/,
  });
  await assert.rejects(unsealRootKey(config, clock, { passphrase: PASSPHRASE }), { code: 'INVALID_STATE_TRANSITION' });
  assert.deepEqual(readFileSync(file), before);
  assert.equal(existsSync(unsealedRoot(config)), false);
});

it('a box that nobody attends is opened by the credential of the service manager, once', async (t) => {
  const { config, root, open } = await world(t);
  const credentials = join(config.processes.run_folder, 'credentials');
  mkdirSync(credentials);
  t.after(() => delete process.env.CREDENTIALS_DIRECTORY);
  process.env.CREDENTIALS_DIRECTORY = credentials;
  assert.equal(await unsealByCredential(config, clock), false, 'not sealed');
  await sealRootKey(config, clock, { passphrase: PASSPHRASE });
  await forgetUnsealed(config);
  assert.equal(await unsealByCredential(config, clock), false, 'no such credential');
  writeFileSync(join(credentials, 'frostbyte-root-passphrase'), `${PASSPHRASE}\n`);
  assert.equal(await unsealByCredential(config, clock), true);
  assert.equal(await unsealByCredential(config, clock), false, 'it is open');
  assert.deepEqual(await open(), root);
});
