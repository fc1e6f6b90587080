import { embeddedResources } from '../../appliance/bin/wire/embedded-resources.ts';
import { embeddedRootKey } from '../../appliance/bin/wire/embedded-root-key.ts';
import { openSigningKeys, type SigningKey } from '../../appliance/control/tokens/signing-keys.ts';
import { systemClock } from '../../appliance/kernel/clock.ts';
import { controlPaths } from '../../appliance/kernel/names.ts';

/** The key that signs tokens of a data folder, as somebody with root on the box has it: for tokens that must be refused. */
export async function signingKeyOf(dataFolder: string): Promise<SigningKey> {
  const clock = systemClock();
  const root = await embeddedRootKey(dataFolder, clock);
  const resources = embeddedResources({
    dataFolder,
    clock,
    root,
    planes: { records: () => null, stop: async () => undefined },
  });
  try {
    return await (await openSigningKeys(controlPaths(dataFolder).signingKeys, resources, clock)).current();
  } finally {
    await resources.close();
  }
}
