import { randomBytes } from 'node:crypto';
import { symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { IsolationFinding, IsolationTarget, TenantResources } from '../../control/provisioning/port.ts';
import { newId } from '../../kernel/ids.ts';
import { logPath, tenantPaths } from '../../kernel/names.ts';
import { open as openSealed } from '../../secrets/age-file.ts';
import type { KeyPair } from '../../secrets/identities.ts';
import { openTenantKeys } from '../../secrets/keyring.ts';
import type { ObjectStore } from '../../stores/object/port.ts';
import type { RecordStore } from '../../stores/record/port.ts';
import type { VectorStore } from '../../stores/vector/port.ts';
import { succeeds, trySecrets } from './try-secrets.ts';

interface Parts {
  dataFolder: string;
  root: KeyPair;
  resources: Omit<TenantResources, 'isolation'>;
  /** The tenant's objects as its data plane holds them. */
  openObjects(tenantId: string): ObjectStore;
  /** The objects below a folder without their seal. */
  openPlain(folder: string): ObjectStore;
  openRecords(file: string, tenantId: string): RecordStore;
  openVectors(file: string): VectorStore;
}

/** What a tenant has of its own. */
export const STORES = Object.freeze(['keys', 'credentials', 'objects', 'records', 'vectors', 'queue'] as const);
/** The probe's object that writing and deleting aim at. */
const PROBE_CANARY = 'receipts/canary';

/**
 * The isolation check of embedded mode: the tenant's own things first, then each target's, from what the tenant's data
 * plane holds: its identities, its object store, its paths. The probe's canary object is written for the check; other
 * targets are only read. Links that the check plants are removed. O(targets).
 */
export async function embeddedIsolation(
  parts: Parts,
  tenantId: string,
  targets: readonly IsolationTarget[],
): Promise<IsolationFinding[]> {
  const findings: IsolationFinding[] = [];
  for (const store of STORES) {
    const ok = await parts.resources[store].check(tenantId).then(
      () => true,
      () => false,
    );
    // An own door that is shut is not OK; DENIED is what happened, and the report does not pass.
    findings.push({ store, test: 'own access', target: tenantId, result: ok ? 'OK' : 'DENIED' });
  }
  if (findings.some(({ result }) => result !== 'OK')) return findings;
  for (const target of targets) {
    if (target.probe) await makeProbe(parts, target.tenant_id);
    findings.push(...(await triesAgainst(parts, tenantId, target)));
  }
  return findings;
}

async function triesAgainst(parts: Parts, tenantId: string, target: IsolationTarget): Promise<IsolationFinding[]> {
  const findings: IsolationFinding[] = [];
  const attempt = async (store: string, test: string, work: () => unknown): Promise<void> => {
    const allowed = await succeeds(work);
    findings.push({ store, test, target: target.tenant_id, result: allowed ? 'ALLOWED' : 'DENIED' });
  };
  const own = tenantPaths(parts.dataFolder, tenantId);
  const keys = await openTenantKeys(parts.root, own.secrets);
  const identities = [...keys.identities, ...keys.storage.identities];

  for await (const { test, allowed } of trySecrets(parts.dataFolder, identities, target.tenant_id)) {
    findings.push({ store: 'secrets', test, target: target.tenant_id, result: allowed ? 'ALLOWED' : 'DENIED' });
  }

  // Without the seal: what a wandering key reads must show itself also where it could not be decrypted.
  const plain = parts.openPlain(own.objects);
  try {
    for (const key of wanderingKeys(`${target.tenant_id}/records.sqlite`, target.tenant_id)) {
      await attempt('objects', `read ${key}`, () => plain.read(key));
      await attempt('objects', `list ${key}`, () => drained(plain.list(key)));
    }
    if (target.probe) {
      for (const key of wanderingKeys(`${target.tenant_id}/objects/${PROBE_CANARY}`, target.tenant_id)) {
        await attempt('objects', `write ${key}`, () => plain.put(key, randomBytes(8)));
        await attempt('objects', `delete ${key}`, () => plain.delete(key));
      }
    }
  } finally {
    await plain.close();
  }

  await attempt('paths', 'folder of a wandering id', () =>
    tenantPaths(parts.dataFolder, `${tenantId}/../${target.tenant_id}`),
  );
  await attempt('audit', 'log of a wandering id', () => logPath(parts.dataFolder, `../audit/${target.tenant_id}`));
  await attempt('audit', 'log beside the own folder', () => logPath(parts.dataFolder, `${target.tenant_id}.sqlite`));
  if (target.probe) await triesWithLinks(parts, tenantId, target.tenant_id, identities, attempt);
  return findings;
}

/** What could be tried by somebody who can place a link in the tenant's own folders. */
async function triesWithLinks(
  parts: Parts,
  tenantId: string,
  probe: string,
  identities: readonly string[],
  attempt: (store: string, test: string, work: () => unknown) => Promise<void>,
): Promise<void> {
  const own = tenantPaths(parts.dataFolder, tenantId);
  const foreign = tenantPaths(parts.dataFolder, probe);
  const name = `isolation-${newId()}`;

  // The plain store, without the seal: a link must be refused before any key is asked for.
  const plain = parts.openPlain(own.objects);
  const canary = `receipts/${name}`;
  const sealedCanary = await withProbeObject(parts, probe, canary);
  await attempt('objects', 'decrypt an object with own identities', () => openSealed(identities, sealedCanary));
  const receipts = join(own.objects, 'receipts');
  try {
    await plain.put(`receipts/${name}-own`, new Uint8Array(1));
    await withLink(join(foreign.objects, 'receipts'), join(receipts, `${name}-folder`), async () => {
      await attempt('objects', 'read through a linked folder', () => plain.read(`receipts/${name}-folder/${name}`));
      await attempt('objects', 'write through a linked folder', () =>
        plain.put(`receipts/${name}-folder/${name}`, new Uint8Array(1)),
      );
    });
    await withLink(join(foreign.objects, canary), join(receipts, `${name}-file`), () =>
      attempt('objects', 'read through a linked file', () => plain.read(`receipts/${name}-file`)),
    );
  } finally {
    await plain.delete(`receipts/${name}-own`);
    await plain.close();
    const probeObjects = parts.openObjects(probe);
    await probeObjects.delete(canary);
    await probeObjects.close();
  }

  const stores = [
    ['records', foreign.records, (file: string) => parts.openRecords(file, tenantId)],
    ['vectors', foreign.vectors, parts.openVectors],
  ] as const;
  for (const [store, file, openStore] of stores) {
    const link = join(own.folder, `${name}-${store}.sqlite`);
    await withLink(file, link, () =>
      attempt(store, 'open through a linked file', async () => {
        await openStore(link).close();
      }),
    );
  }
}

/** An object of the probe, as it lies on the disk: sealed for the probe. */
async function withProbeObject(parts: Parts, probe: string, key: string): Promise<Uint8Array> {
  const sealing = parts.openObjects(probe);
  await sealing.put(key, randomBytes(32));
  await sealing.close();
  const plain = parts.openPlain(tenantPaths(parts.dataFolder, probe).objects);
  const bytes = await plain.read(key);
  await plain.close();
  return bytes;
}

/** Has `work` find a link in its own place, which leads to another's, and takes it away. */
export async function withLink(target: string, path: string, work: () => Promise<void>): Promise<void> {
  symlinkSync(target, path);
  try {
    await work();
  } finally {
    unlinkSync(path);
  }
}

/** Makes the probe tenant, or completes it. */
async function makeProbe(parts: Parts, probe: string): Promise<void> {
  for (const name of ['keys', 'credentials', 'objects', 'records', 'vectors', 'queue'] as const) {
    await parts.resources[name].make(probe);
  }
  const objects = parts.openObjects(probe);
  await objects.put(PROBE_CANARY, randomBytes(32)).finally(() => objects.close());
}

/** Keys that would leave the tenant's folder for `goal` (below the folder of all tenants) if anything took them for paths. */
function wanderingKeys(goal: string, target: string): string[] {
  return [
    `../../${goal}`,
    `raw/../../../${goal}`,
    `raw/..%2f..%2f..%2f${goal}`,
    `raw\\..\\..\\..\\${target}`,
    `/tenants/${goal}`,
    `raw/\0/../../../${goal}`,
    `raw/./../../../${goal}`,
    `../../../control/audit/${target}.sqlite`,
    `../../../secrets/tenants/${target}/identity-0001.age`,
  ];
}

async function drained(list: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of list) return;
}
