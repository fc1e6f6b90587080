import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { TlsOptions } from 'node:tls';
import { systemClock } from '../../appliance/kernel/clock.ts';
import type { ServerTls } from '../../appliance/kernel/server-tls.ts';
import { openMinioObjects } from '../../appliance/stores/object/minio.ts';
import { openRedisQueue } from '../../appliance/stores/queue/redis.ts';
import { openPostgresRecords } from '../../appliance/stores/record/postgres.ts';
import { openQdrantVectors } from '../../appliance/stores/vector/qdrant.ts';
import { type Authority, type Certificate, testAuthority } from '../support/certificate.ts';
import { type TlsLine, tlsLine } from '../support/tls-line.ts';

/**
 * What the adapters of server stores say of certificates. Nobody gets as far as the server's own protocol, so the servers
 * here are certificates and nothing behind them; over the right ones the suites run against real servers.
 */

/** Looks whether a store is there, over TLS, and closes it. */
const ADAPTERS: Readonly<Record<string, (port: number, tls: ServerTls) => Promise<void>>> = {
  async postgres(port, tls) {
    const login = { host: '127.0.0.1', port, database: 'd', user: 'u', password: 'p', tls };
    const store = await openPostgresRecords(login, { tenant_id: 'acme', clock: systemClock() });
    await store.close();
  },
  minio(port, tls) {
    const endpoint = `https://127.0.0.1:${port}`;
    const store = openMinioObjects({ endpoint, bucket: 'bucket', accessKey: 'a', secretKey: 's'.repeat(8), tls });
    return store.check().finally(() => store.close());
  },
  redis(port, tls) {
    const address = { host: '127.0.0.1', port, username: 'u', password: 'p', tls };
    const queue = openRedisQueue({ address, prefix: 'queue' });
    return queue.check().finally(() => queue.close());
  },
  async qdrant(port, tls) {
    const address = { url: `https://127.0.0.1:${port}`, token: 't', tls };
    const store = openQdrantVectors({ address, collection: 'c', attempts: 1 });
    await store.count().finally(() => store.close());
  },
};

const LOOPBACK = ['IP:127.0.0.1'];
let ours: Authority;
let right: Certificate;
const lines: TlsLine[] = [];
before(() => {
  ours = testAuthority();
  right = ours.issue([...LOOPBACK, 'DNS:store.internal']);
});
after(() => {
  for (const line of lines) line.close();
});

for (const [name, look] of Object.entries(ADAPTERS)) {
  describe(`${name} over TLS`, () => {
    const refused = async (server: TlsOptions, tls: ServerTls, message: RegExp) => {
      const line = await tlsLine(server, { asks: name === 'postgres' });
      lines.push(line);
      await assert.rejects(look(line.port, tls), { code: 'STORE_UNAVAILABLE', message });
    };

    it('a certificate of another authority is refused', async () => {
      await refused(testAuthority().issue(LOOPBACK), { ca: ours.ca }, /not signed by the authority that was given/);
    });

    it('one that nobody vouches for is refused where no authority is named', async () => {
      await refused(right, {}, /not signed by the authority that was given/);
    });

    it('one that has expired is refused', async () => {
      await refused(ours.issue(LOOPBACK, -1), { ca: ours.ca }, /has expired/);
    });

    it('one for another name is refused, for the address that is dialled as for a name that is expected', async () => {
      await refused(ours.issue(['DNS:elsewhere']), { ca: ours.ca }, /for another name than 127\.0\.0\.1/);
      const tls = { ca: ours.ca, servername: 'other.internal' };
      await refused(right, tls, /for another name than other\.internal/);
    });

    it('a server that asks for a certificate is told of where none is given', async () => {
      const server = { ...right, ca: ours.ca, requestCert: true, rejectUnauthorized: true };
      // The client of Qdrant keeps to itself what the server said before it ended the line.
      await refused(
        server,
        { ca: ours.ca },
        name === 'qdrant' ? /does not answer/ : /asks for a certificate that it knows/,
      );
    });

    it('a server that speaks an older TLS is refused', async () => {
      await refused({ ...right, maxVersion: 'TLSv1.2' }, { ca: ours.ca }, /TLS 1\.3 is not what is spoken/);
    });
  });
}
