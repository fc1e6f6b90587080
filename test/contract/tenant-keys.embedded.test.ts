import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { armor } from 'age-encryption';
import { embeddedResources } from '../../appliance/bin/wire/embedded-resources.ts';
import { embeddedRootKey } from '../../appliance/bin/wire/embedded-root-key.ts';
import { open } from '../../appliance/secrets/age-file.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { openTenantKeys } from '../../appliance/secrets/keyring.ts';
import { objectKey, objectsOf, secretsFolder } from '../support/control/key-world.ts';
import { manualClock } from '../support/manual-clock.ts';
import { tenantKeysContract } from './tenant-keys.suite.ts';

tenantKeysContract('embedded', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tenant-keys-'));
  const clock = manualClock();
  const root = await embeddedRootKey(folder, clock);
  const resources = embeddedResources({ dataFolder: folder, clock, root });
  for (const name of ['keys', 'credentials', 'objects'] as const) await resources[name].make('acme');
  const objects = objectsOf(folder, root);
  return {
    resources,
    write: (n, text) => objects.put(objectKey(n), Buffer.from(text)),
    read: async (n) => String(await objects.read(objectKey(n))),
    remove: (n) => objects.delete(objectKey(n)),
    credentials: async () => Object.values((await openTenantKeys(root, secretsFolder(folder))).secrets.values),
    prove: async () => {
      const pair = await makeKeyPair();
      const { challenge } = await resources.recovery.name(pair.recipient);
      await resources.recovery.prove(String(await open([pair.identity], armor.decode(challenge))));
      return pair.recipient;
    },
    end: async () => {
      await resources.close();
      await rm(folder, { recursive: true });
    },
  };
});
