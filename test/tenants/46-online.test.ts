import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { RetrievalProof } from '../../appliance/api/schemas/query.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { submit, text, whenSettled } from '../support/batch.ts';
import { docker } from '../support/docker.ts';
import { type EmbeddingEndpoint, startEmbeddingEndpoint } from '../support/embedding-endpoint.ts';
import { descendantsOf } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import { stockOf } from '../support/roles/stock.ts';
import { stackMissing, testStack } from '../support/stack.ts';

const KEY = 'sk-relay-0123456789abcdef-secret';
const HARBOUR = 'The harbour master orders tugs for vessels above two hundred metres.';
const ORCHARD = 'The orchard is pruned in February, before the buds open.';
const DOOR = '/run/frostbyte/embedder/endpoint.sock';

/** Data planes in containers reach an endpoint by one process of the host, and only where their tenant is online. */
describe('the way of containers to an endpoint', { skip: stackMissing() ?? false, timeout: 600_000 }, () => {
  let folder: string;
  let endpoint: EmbeddingEndpoint;
  let appliance: Appliance;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'frostbyte-relay-'));
    endpoint = await startEmbeddingEndpoint();
    writeFileSync(join(folder, 'key'), `${KEY}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'ca.pem'), endpoint.ca);
    appliance = await startAppliance({
      arrangement: 'stack',
      planes: 'containers',
      environment: {
        FROSTBYTE_DRAIN_SECONDS: '1',
        FROSTBYTE_ENDPOINT: endpoint.url,
        FROSTBYTE_ENDPOINT_KEY_FILE: join(folder, 'key'),
        FROSTBYTE_ENDPOINT_CA_FILE: join(folder, 'ca.pem'),
        FROSTBYTE_ENDPOINT_TIMEOUT_SECONDS: '5',
      },
    });
    for (const tenant of ['away', 'home'])
      await appliance.createTenant(tenant, { classification_review_enabled: false });
  });
  after(async () => {
    await appliance?.end();
    await endpoint?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const engine = (...words: string[]) => docker(testStack()!, ...words);
  const plane = (tenant: string) => `frostbyte-${tenant}-data-plane`;
  /** Processes of control that hold the door of a tenant: at most the one that speaks to the endpoint. */
  const relays = () =>
    descendantsOf(appliance.process.pid!).filter((pid) => {
      try {
        return stockOf(pid).unix.some((path) => path.endsWith('/embedder/endpoint.sock'));
      } catch {
        return false;
      }
    });
  const inside = (tenant: string, script: string) =>
    engine('exec', plane(tenant), '/opt/frostbyte/bin/node', '-e', script).trim();
  const sees = (tenant: string) =>
    inside(tenant, `console.log(require('fs').readdirSync('/run/frostbyte/embedder').join())`);
  async function set(tenant: string, embedding_mode: string): Promise<void> {
    const frode = await appliance.caller({ role: 'admin', subject: 'frode' });
    const config = { embedding_mode };
    assert.equal((await frode('PATCH', `/admin/tenants/${tenant}`, { config, reason: 'a test' })).status, 200);
  }
  async function bring(tenant: string, name: string, content: string): Promise<void> {
    const api = await appliance.client(tenant);
    const { batch_id } = await submit(api, tenant, [text(name, content)]);
    const { status, files } = await whenSettled(api, tenant, batch_id);
    assert.equal(status, 'completed', JSON.stringify(files));
  }
  async function search(tenant: string, query_text: string) {
    const dana = await appliance.caller({ role: 'tenant_admin', tenant_id: tenant, subject: 'dana' });
    return dana<RetrievalProof>('POST', `/query/${tenant}/search`, { query_text });
  }
  const sent = () => endpoint.received.flatMap(({ input }) => input);

  it('is not there while no tenant is online: no process, no socket, nothing in /ready', async () => {
    assert.deepEqual(relays(), []);
    assert.deepEqual([sees('away'), sees('home')], ['', '']);
    const { dependencies } = (await (await fetch(`${appliance.url}/ready`)).json()) as {
      dependencies: { name: string }[];
    };
    assert.deepEqual(
      dependencies.filter(({ name }) => name === 'embedder.endpoint'),
      [],
    );
  });

  it('is there for the tenant that is online, and the endpoint embeds what it brings and asks', async () => {
    await set('away', 'online');
    await bring('away', 'tugs.txt', HARBOUR);
    await bring('home', 'orchard.txt', ORCHARD);
    const { data } = await search('away', 'who orders tugs');
    assert.deepEqual([data.chunks[0]!.text, data.embed_model], [HARBOUR, 'text-embedding-3-small']);
    assert.equal((await search('home', 'when is the orchard pruned')).data.embed_model, 'lexical');
    assert.deepEqual(new Set(sent()), new Set([HARBOUR, 'who orders tugs']));
    assert.equal(relays().length, 1);
  });

  it('is seen by no other tenant, and the key by no container', async () => {
    assert.deepEqual([sees('away'), sees('home')], ['endpoint.sock', '']);
    for (const tenant of ['away', 'home']) {
      assert.doesNotMatch(engine('inspect', plane(tenant)), new RegExp(KEY));
      assert.throws(() => inside(tenant, `require('fs').writeFileSync('${DOOR}x', '')`), /EROFS/);
    }
    assert.doesNotMatch(appliance.logs(), new RegExp(KEY));
  });

  it('does not tell a tenant how the embedder is', () => {
    const asks = `const s = require('net').connect('${DOOR}'); s.write('{"ask":"status"}\\n'); s.on('data', (d) => console.log('told', String(d))); s.on('close', () => console.log('closed'))`;
    assert.equal(inside('away', asks), 'closed');
  });

  it('is made again when its process dies, and when the data plane was started anew', async () => {
    const [first] = relays();
    process.kill(first!, 'SIGKILL');
    assert.equal((await search('away', 'which vessels')).status, 200);
    await until('another process', () => relays().some((pid) => pid !== first));
    engine('kill', plane('away'));
    await until('the plane to answer again', async () => (await search('away', 'tugs again')).status === 200, {
      seconds: 60,
    });
    assert.ok(sent().includes('tugs again'));
  });

  it('closes when the tenant is set offline, and with the last one its process ends', async () => {
    await set('away', 'offline');
    await until('the door to be gone', () => sees('away') === '');
    await until('the process to be gone', () => relays().length === 0);
    const before = endpoint.received.length;
    const refused = await search('away', 'who orders tugs');
    assert.deepEqual([refused.status, refused.code], [503, 'SERVICE_UNAVAILABLE']);
    assert.equal(endpoint.received.length, before);
  });

  it('is gone with a suspended tenant', async () => {
    await set('away', 'online');
    await until('the door to be there', () => sees('away') === 'endpoint.sock');
    const frode = await appliance.caller({ role: 'admin', subject: 'frode' });
    const body = { reason: 'a test', notify_tenant: false };
    assert.equal((await frode('POST', '/admin/tenants/away/suspend', body)).status, 200);
    await until('the process to be gone', () => relays().length === 0);
  });
});
