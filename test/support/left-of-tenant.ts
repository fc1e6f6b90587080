import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { tenantNames, tenantPaths } from '../../appliance/kernel/names.ts';
import { MinioAdmin } from '../../appliance/stores/object/minio/admin.ts';
import { BucketKeeper } from '../../appliance/stores/object/minio/tenant-bucket.ts';
import type { Appliance } from './appliance.ts';
import { docker } from './docker.ts';
import { postgresLogin, testStack } from './stack.ts';

/** Everything of a tenant that is still on the servers, at the engine and in files, each by its kind and name. */
export async function leftOfTenant({ dataFolder, stack }: Appliance, tenantId: string): Promise<string[]> {
  const lists = await Promise.all([
    onEngine(tenantId),
    inDatabase(tenantId),
    inObjects(tenantId),
    inVectors(stack!.qdrant, tenantId),
    inFiles(dataFolder, tenantId),
  ]);
  return lists.flat();
}

function onEngine(tenantId: string): string[] {
  const filter = `--filter=label=frostbyte.tenant=${tenantId}`;
  const lines = (...words: string[]) =>
    docker(testStack()!, ...words, filter)
      .split('\n')
      .filter(Boolean);
  return [
    ...lines('ps', '--all', '--format={{.Names}}').map((name) => `container ${name}`),
    ...lines('network', 'ls', '--format={{.Name}}').map((name) => `network ${name}`),
  ];
}

async function inDatabase(tenantId: string): Promise<string[]> {
  const stack = testStack()!;
  const { database, role } = tenantNames(tenantId);
  const client = new Client(postgresLogin(stack));
  await client.connect();
  try {
    const sql = `SELECT 'database ' || datname AS what FROM pg_database WHERE datname = $1
      UNION ALL SELECT 'role ' || rolname FROM pg_roles WHERE rolname = $2`;
    const { rows } = await client.query<{ what: string }>(sql, [database, role]);
    const rules = readdirSync(stack.postgres.hba_folder).filter((name) => name.includes(`-${database}.`));
    return [...rows.map(({ what }) => what), ...rules.map((name) => `rule ${name}`)];
  } finally {
    await client.end();
  }
}

async function inObjects(tenantId: string): Promise<string[]> {
  const { endpoint, tls, access_key: accessKey, secret_key: secretKey } = testStack()!.objects;
  const { bucket, objectPolicy } = tenantNames(tenantId);
  const root = { endpoint, tls, accessKey, secretKey };
  const [admin, keeper] = [new MinioAdmin(root), new BucketKeeper({ ...root, bucket })];
  try {
    const users = [...(await admin.users())].filter(([, { policyName }]) => policyName === objectPolicy);
    return [
      ...users.map(([name]) => `object user ${name}`),
      ...(await admin.policies()).filter((name) => name === objectPolicy).map((name) => `policy ${name}`),
      ...((await keeper.exists()) ? [`bucket ${bucket}`] : []),
    ];
  } finally {
    admin.close();
    keeper.close();
  }
}

async function inVectors({ url, apiKey }: { url: string; apiKey: string }, tenantId: string): Promise<string[]> {
  const { collection } = tenantNames(tenantId);
  const answer = await fetch(`${url}/collections`, { headers: { 'api-key': apiKey } });
  const { result } = (await answer.json()) as { result: { collections: { name: string }[] } };
  return result.collections.filter(({ name }) => name.startsWith(collection)).map(({ name }) => `collection ${name}`);
}

function inFiles(dataFolder: string, tenantId: string): string[] {
  const { folder, secrets, escrow } = tenantPaths(dataFolder, tenantId);
  const ended = join(dataFolder, 'control', 'ended', tenantId);
  return [folder, secrets, escrow, ended].filter((path) => existsSync(path)).map((path) => `file ${path}`);
}
