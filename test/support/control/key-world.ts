import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { armor } from 'age-encryption';
import { type EmbeddedResources, embeddedResources } from '../../../appliance/bin/wire/embedded-resources.ts';
import { embeddedRootKey } from '../../../appliance/bin/wire/embedded-root-key.ts';
import type { Control } from '../../../appliance/control/create-control.ts';
import { tenantPaths } from '../../../appliance/kernel/names.ts';
import { open } from '../../../appliance/secrets/age-file.ts';
import { type KeyPair, makeKeyPair } from '../../../appliance/secrets/identities.ts';
import { sealObjects } from '../../../appliance/secrets/sealed-objects.ts';
import { watchStorageKeys } from '../../../appliance/secrets/watch-storage-keys.ts';
import { openFilesystemObjects } from '../../../appliance/stores/object/filesystem.ts';
import type { ObjectStore } from '../../../appliance/stores/object/port.ts';
import { type ManualClock, manualClock } from '../manual-clock.ts';
import { controlWorld, fileLogs, makeTenant, temporaryFolder } from './control-fixture.ts';

/** A control with one tenant, `acme`, on real keys and stores, and what a test may want to look at. */
export interface KeyWorld {
  folder: string;
  control: Control;
  clock: ManualClock;
  root: KeyPair;
  resources: EmbeddedResources;
  objects: ObjectStore;
  again: Awaited<ReturnType<typeof controlWorld>>['again'];
}

export async function keyWorld(t: TestContext): Promise<KeyWorld> {
  const folder = await temporaryFolder(t);
  const clock = manualClock();
  const root = await embeddedRootKey(folder, clock);
  const resources = embeddedResources({ dataFolder: folder, clock, root });
  t.after(() => resources.close());
  const { control, again } = await controlWorld(t, { dataFolder: folder, clock, resources, openLog: fileLogs(folder) });
  await control.start();
  await makeTenant(control);
  return { folder, control, clock, root, resources, objects: objectsOf(folder, root), again };
}

/** The objects of `acme` as its data plane holds them. */
export function objectsOf(folder: string, root: KeyPair): ObjectStore {
  const paths = tenantPaths(folder, 'acme');
  return sealObjects(openFilesystemObjects(paths.objects), watchStorageKeys(root, paths.secrets));
}

/** The key of the n-th object. */
export const objectKey = (n: number): string =>
  `raw/acme/doc_${String(n).padStart(16, '0')}/${String(n).padStart(64, '0')}`;

/** Names a recovery recipient and answers its challenge. Its pair, as somebody off the box holds it. */
export async function proveRecovery(control: Pick<Control, 'nameRecovery' | 'proveRecovery'>): Promise<KeyPair> {
  const pair = await makeKeyPair();
  const { challenge } = await control.nameRecovery(pair.recipient, 'operator');
  const answer = await open([pair.identity], armor.decode(challenge));
  await control.proveRecovery(answer.toString('utf8'), 'operator');
  return pair;
}

/** Types of the tenant's events, in order. */
export async function eventTypes(control: Control, logId = 'acme'): Promise<string[]> {
  await control.relayNow();
  const { events } = await (await control.auditLog(logId)).events({ sort: 'asc', limit: 500 });
  return events.map(({ event_type }) => event_type);
}

/** Exactly one key of each kind is in use. */
export function assertOneActive({ identities, storage }: Awaited<ReturnType<Control['tenantKeys']>>): void {
  for (const keys of [identities, storage]) {
    assert.equal(keys.filter(({ status }) => status === 'ACTIVE').length, 1, JSON.stringify(keys));
    assert.equal(keys[0]?.status, 'ACTIVE');
  }
}

export const secretsFolder = (folder: string): string => tenantPaths(folder, 'acme').secrets;
export const identityFileOf = (folder: string, version: number): string =>
  join(secretsFolder(folder), `identity-${String(version).padStart(4, '0')}.age`);
