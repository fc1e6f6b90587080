import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { tlsOptions } from '../../appliance/kernel/server-tls.ts';
import { MinioAdmin } from '../../appliance/stores/object/minio/admin.ts';
import { openClient } from '../../appliance/stores/object/minio/client.ts';
import { Connection } from '../../appliance/stores/object/minio/connection.ts';
import { BucketKeeper } from '../../appliance/stores/object/minio/tenant-bucket.ts';
import { docker } from './docker.ts';
import { type Line, lineTo } from './line.ts';
import { type QdrantServer, startQdrant, startQdrantInStack } from './qdrant-double/start.ts';
import { postgresLogin, type TestStack, testStack } from './stack.ts';

/** What an appliance is told so that it works on the stack's servers, as the one appliance there. */
export interface StackSettings {
  environment: Record<string, string>;
  qdrant: QdrantServer;
  /** The appliance's way to it, where data planes are processes. */
  qdrantLine: Line;
  /** Where data planes run; in containers every file is scanned. */
  planes: Planes;
  /** Takes everything of this appliance from the servers. */
  end(): Promise<void>;
}

/** Where data planes run, unless a test says otherwise. */
export type Planes = 'containers' | 'processes';
const PLANES: Planes = process.env.FROSTBYTE_TEST_PLANES === 'containers' ? 'containers' : 'processes';

/** Leftovers of an earlier appliance are taken from the servers first: they know one at a time. */
export async function stackSettings(planes = PLANES): Promise<StackSettings> {
  const stack = testStack();
  if (stack === undefined) throw new Error('the stack is not up');
  await clearStack(stack);
  const { certificates } = stack;
  const isSecure = certificates.stores_authority !== undefined;
  const shown = isSecure ? { cert: certificates.qdrant_certificate!, key: certificates.qdrant_key! } : undefined;
  const qdrant = planes === 'containers' ? await startQdrantInStack(stack, shown) : await startQdrant(shown);
  const { hostname, port } = new URL(qdrant.url);
  const qdrantLine = await lineTo({ host: hostname, port: Number(port) });
  // On memory, as what containers are handed must be.
  const run = mkdtempSync('/dev/shm/frostbyte-run-');
  const secrets = join(run, 'secrets-of-control');
  mkdirSync(secrets, { mode: 0o700 });
  const write = (name: string, value: string) => writeFileSync(join(secrets, name), value, { mode: 0o400 });
  write('postgres_password', stack.postgres.password);
  write('objects_root_user', stack.objects.access_key);
  write('objects_root_password', stack.objects.secret_key);
  write('redis_password', stack.redis.password);
  write('qdrant_api_key', qdrant.apiKey);
  for (const [name, text] of Object.entries(certificates)) write(name, text);
  return {
    qdrant,
    qdrantLine,
    planes,
    environment: {
      FROSTBYTE_MODE: 'stack',
      FROSTBYTE_ENGINE: stack.engine.socket,
      FROSTBYTE_SECRETS: secrets,
      FROSTBYTE_RUN: run,
      FROSTBYTE_HBA: stack.postgres.hba_folder,
      FROSTBYTE_STORES_TLS: isSecure ? 'on' : 'off',
      // In the stack it is where it is looked for, and no line lies before it.
      ...(planes === 'containers'
        ? {}
        : { FROSTBYTE_QDRANT: `${isSecure ? 'https' : 'http'}://${qdrantLine.host}:${qdrantLine.port}` }),
      FROSTBYTE_PLANES: planes,
    },
    async end() {
      await qdrantLine.close();
      await qdrant.stop();
      await clearStack(stack);
      rmSync(run, { recursive: true, force: true });
    },
  };
}

/** Takes from the servers what belongs to tenants and to control: databases, buckets, users, networks, containers. */
export async function clearStack(stack: TestStack): Promise<void> {
  await Promise.all([clearPostgres(stack), clearObjects(stack), clearRedis(stack)]);
  const labelled = (kind: 'ps' | 'network') =>
    docker(
      stack,
      ...(kind === 'ps' ? ['ps', '--all', '--format={{.Names}}'] : ['network', 'ls', '--format={{.Name}}']),
      '--filter=label=frostbyte.plane=tenant',
    )
      .split('\n')
      .filter(Boolean);
  const containers = labelled('ps');
  const double = docker(stack, 'ps', '--all', '--quiet', '--filter=name=^frostbyte-qdrant-1$');
  if (double !== '') containers.push(double);
  if (containers.length > 0) docker(stack, 'rm', '--force', '--volumes', ...containers);
  for (const network of labelled('network')) {
    const attached = docker(stack, 'network', 'inspect', network, '--format={{range .Containers}}{{.Name}} {{end}}');
    for (const name of attached.split(' ').filter(Boolean))
      docker(stack, 'network', 'disconnect', '--force', network, name);
    docker(stack, 'network', 'rm', network);
  }
}

async function clearPostgres(stack: TestStack): Promise<void> {
  const { hba_folder } = stack.postgres;
  for (const name of readdirSync(hba_folder)) {
    if (/^(?:10-frostbyte|50-tenant_.*)\.conf/.test(name)) rmSync(join(hba_folder, name));
  }
  const client = new Client(postgresLogin(stack));
  await client.connect();
  try {
    const { rows: databases } = await client.query<{ name: string }>(
      "SELECT datname AS name FROM pg_database WHERE datname = 'frostbyte' OR datname LIKE 'tenant\\_%'",
    );
    for (const { name } of databases) await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    const { rows: roles } = await client.query<{ name: string }>(
      "SELECT rolname AS name FROM pg_roles WHERE rolname LIKE 'tenant\\_%' OR rolname LIKE 'frostbyte\\_%'",
    );
    for (const { name } of roles) await client.query(`DROP ROLE ${name}`);
    await client.query('SELECT pg_reload_conf()');
  } finally {
    await client.end();
  }
}

async function clearObjects({ objects }: TestStack): Promise<void> {
  const { endpoint, tls, access_key: accessKey, secret_key: secretKey } = objects;
  const root = { endpoint, tls, accessKey, secretKey };
  const connection = new Connection(root);
  const admin = new MinioAdmin(root);
  try {
    for (const [accessKey, { policyName }] of await admin.users()) {
      if (policyName.startsWith('tenant_')) await admin.removeUser(accessKey);
    }
    for (const { name } of await openClient(connection, root).listBuckets()) {
      if (!/^tenant-.*-bucket$/.test(name)) continue;
      const keeper = new BucketKeeper({ ...root, bucket: name });
      await keeper.destroy().finally(() => keeper.close());
    }
    for (const policy of await admin.policies()) if (policy.startsWith('tenant_')) await admin.removePolicy(policy);
  } finally {
    admin.close();
    connection.close();
  }
}

async function clearRedis({ redis }: TestStack): Promise<void> {
  const { tls, ...login } = redis;
  const client = new Redis({ ...login, ...(tls === undefined ? {} : { tls: tlsOptions(tls) }) });
  await client.call('ACL', 'DELUSER', 'frostbyte_gateway');
  client.disconnect();
}
