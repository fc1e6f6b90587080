import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { type ServerTls, tlsOptions } from '../../../appliance/kernel/server-tls.ts';
import { MinioAdmin } from '../../../appliance/stores/object/minio/admin.ts';
import { openPostgres } from '../../../appliance/stores/postgres/connection.ts';
import { openRedis } from '../../../appliance/stores/redis/connection.ts';
import { testStack } from '../../support/stack.ts';

/** Who is not let in by servers that speak TLS, whatever password they bring. Run by 80-over-tls.test.ts. */

const { postgres, objects, redis } = testStack()!;
const unavailable = (message: RegExp) => ({ code: 'STORE_UNAVAILABLE', message });
/** Without a certificate of one's own. */
const bare = ({ ca, servername }: ServerTls): ServerTls => ({ ca, servername });

/** Logs in and asks for nothing else. */
const database = async (tls: ServerTls) => {
  const { host, port, user, password, database } = postgres;
  const login = {
    host,
    port,
    user,
    password,
    database,
    tls,
    schema: 'pg_catalog',
    application: 'test',
    connections: 1,
  };
  const opened = openPostgres(login);
  await opened.get('SELECT 1').finally(() => opened.close());
};
const users = async (tls: ServerTls) => {
  const { endpoint, access_key: accessKey, secret_key: secretKey } = objects;
  const admin = new MinioAdmin({ endpoint, accessKey, secretKey, tls });
  await admin.users().finally(() => admin.close());
};
const ping = async (tls: ServerTls) => {
  const connection = openRedis({ ...redis, tls });
  await connection.call((server) => server.ping()).finally(() => connection.close());
};

it('the right certificates and passwords open each', async () => {
  await database(postgres.tls!);
  await users(objects.tls!);
  await ping(redis.tls!);
});

it('a server whose name is another’s is not believed', async () => {
  const other = (tls: ServerTls) => ({ ...tls, servername: 'elsewhere.frostbyte.internal' });
  const refused = unavailable(/for another name than elsewhere\.frostbyte\.internal/);
  await assert.rejects(database(other(postgres.tls!)), refused);
  await assert.rejects(users(other(objects.tls!)), refused);
  await assert.rejects(ping(other(redis.tls!)), refused);
});

it('a server of an authority that was not named is not believed', async () => {
  const other = (tls: ServerTls) => ({ ...tls, ca: testStack()!.certificates.clients_authority });
  const refused = unavailable(/not signed by the authority that was given/);
  await assert.rejects(database(other(postgres.tls!)), refused);
  await assert.rejects(users(other(objects.tls!)), refused);
  await assert.rejects(ping(other(redis.tls!)), refused);
});

it('without a certificate of its own nobody comes in where servers ask for one', async () => {
  await assert.rejects(database(bare(postgres.tls!)), unavailable(/credentials/));
  await assert.rejects(users(bare(objects.tls!)), unavailable(/asks for a certificate that it knows/));
  // Gateways count there, and have none.
  await ping(bare(redis.tls!));
});

it('in the clear nobody is heard', async () => {
  const { host, port, user, password } = postgres;
  const client = new Client({ host, port, user, password, database: 'postgres' });
  await assert.rejects(client.connect(), /no encryption/);
  const response = await fetch(objects.endpoint.replace('https:', 'http:'));
  assert.equal(response.status, 400);
  assert.match(await response.text(), /HTTP request to an HTTPS server/);
  const plain = new Redis({ ...redis, tls: undefined, lazyConnect: true, retryStrategy: () => null });
  plain.on('error', () => undefined);
  await assert.rejects(plain.connect().then(() => plain.ping()));
  plain.disconnect();
  const older = new Client({
    ...postgres,
    ssl: { ...tlsOptions(postgres.tls!), minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
  });
  await assert.rejects(older.connect(), /protocol version/);
});
