import { Client } from 'undici';
import { ROUTES } from '../appliance/api/routes.ts';
import { httpWay } from '../appliance/api/rpc/http-way.ts';
import { generateSeamKeys } from '../appliance/api/seam.ts';
import { controlClient } from '../appliance/control/socket/control-client.ts';
import { createDataApp } from '../appliance/data/app.ts';
import type { Admitted } from '../appliance/gateway/app.ts';
import { dataPlaneHandler } from '../appliance/gateway/data-plane.ts';
import { forwardingFetch } from '../appliance/gateway/forward.ts';
import { newId } from '../appliance/kernel/ids.ts';
import { runPaths } from '../appliance/kernel/names.ts';
import type { Appliance } from '../test/support/appliance.ts';
import { withFolder } from '../test/support/faults/census.ts';
import { descendantsOf, rolesOf } from '../test/support/faults/processes.ts';
import { atMost } from './bounds.ts';
import { median, memoryMiB, percentile, startShipped } from './support.ts';

/** Requests of each kind to each arrangement, in turns, so that both see the same machine. */
const REQUESTS = 1500;
const WARM = 300;
const BODY_MIB = 64;
/** What the seam may cost at the median, in milliseconds. */
const BOUND_MS = 1;

/**
 * What processes of their own cost: the same small requests to one process and to gateway, control and data plane apart,
 * where each also asks control twice over its socket; the seam alone, which has a bound; and a body that crosses it.
 */
export async function measure(): Promise<string[]> {
  const single = await startShipped();
  const split = await startShipped({}, 'split');
  try {
    const [one, other] = [await asker(single), await asker(split)];
    for (let n = 0; n < WARM; n++) for (const asked of [one, other]) await asked.ask();
    const times: [number[], number[]] = [[], []];
    for (let n = 0; n < REQUESTS; n++) {
      for (const [at, asked] of [one, other].entries()) {
        const began = performance.now();
        await asked.ask();
        times[at]!.push(performance.now() - began);
      }
    }
    const [inProcess, apart] = times;
    const [called, crossed] = await seamAlone(single, split);
    const over = median(crossed) - median(called);
    const [whole, forwarded] = [await one.send(), await other.send()];
    const roles = rolesOf(split.process.pid!).map(({ role, pid }) => `${role} ${Math.round(memoryMiB(pid, 'VmRSS'))}`);
    return [
      `a small request, p50 / p95       ${show(inProcess)} in one process, ${show(apart)} ms apart (${REQUESTS} each, in turns)`,
      `the seam alone, p50 / p95        ${show(called)} called, ${show(crossed)} ms forwarded (gateway’s handler to the tenant’s app)`,
      `overhead of the seam at p50      ${over.toFixed(2)} ms; ${atMost('overhead of the seam, ms', over, BOUND_MS)}`,
      `a body of ${BODY_MIB} MiB                ${whole.toFixed(0)} MiB/s in one process, ${forwarded.toFixed(0)} MiB/s apart`,
      `memory by process, MiB           ${roles.join(', ')} (${descendantsOf(split.process.pid!).length} processes with workers and spares)`,
    ];
  } finally {
    await single.end();
    await split.end();
  }
}

/** The gateway's handler with the tenant's app behind it: called in this process, and forwarded to a data plane. */
async function seamAlone(single: Appliance, split: Appliance): Promise<[number[], number[]]> {
  const keys = generateSeamKeys();
  const key_id = newId();
  const client = controlClient(runPaths(`${split.dataFolder}/run`).control);
  try {
    const public_key = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    const address = await client.split.planeAddress('acme', { key_id, public_key, url: split.url });
    const way = httpWay(address, 1);
    return await withFolder(single.dataFolder, async ({ planes }) => {
      const app = createDataApp({ plane: await planes.get('acme'), seamKey: keys.publicKey, wake: () => undefined });
      const ways = { to: async () => way, forget: () => undefined };
      const handlers = [
        dataPlaneHandler(async (_tenant, request) => app.fetch(request), keys.privateKey),
        dataPlaneHandler(forwardingFetch(ways), keys.privateKey, key_id),
      ];
      const times: [number[], number[]] = [[], []];
      for (let n = 0; n < WARM + REQUESTS; n++) {
        for (const [at, handle] of handlers.entries()) {
          const began = performance.now();
          const answer = await handle(question());
          await answer.arrayBuffer();
          if (answer.status !== 200) throw new Error(`answered with ${answer.status}`);
          if (n >= WARM) times[at]!.push(performance.now() - began);
        }
      }
      way.destroy();
      return times;
    });
  } finally {
    client.close();
  }
}

function question(): Admitted {
  return {
    request: new Request('http://appliance/api/v1/ingest/acme/batches'),
    route: ROUTES.listBatches,
    name: 'listBatches',
    caller: { subject: 'dana', role: 'tenant_admin', scopes: ['ingest', 'query'], tenant_id: 'acme', jti: 'j' },
    requestId: newId(),
    tenantId: 'acme',
    params: {},
    query: {},
    body: undefined,
  };
}

function show(times: readonly number[]): string {
  return `${median(times).toFixed(2)} / ${percentile(times, 0.95).toFixed(2)}`;
}

async function asker(appliance: Appliance): Promise<{ ask(): Promise<void>; send(): Promise<number> }> {
  await appliance.createTenant('acme');
  const authorization = `Bearer ${await appliance.token({ role: 'tenant_admin', tenant_id: 'acme' })}`;
  const client = new Client(appliance.url);
  const upload = async (): Promise<number> => {
    const bytes = BODY_MIB * 1024 * 1024;
    const tus = { authorization, 'tus-resumable': '1.0.0' };
    const made = await client.request({
      path: '/api/v1/ingest/acme/uploads',
      method: 'POST',
      headers: {
        ...tus,
        'upload-length': String(bytes),
        'upload-metadata': `filename ${Buffer.from('large.txt').toString('base64')}`,
      },
    });
    await made.body.dump();
    if (made.statusCode !== 201) throw new Error(`no upload was made: ${made.statusCode}`);
    const began = performance.now();
    const sent = await client.request({
      path: new URL(String(made.headers.location), appliance.url).pathname,
      method: 'PATCH',
      headers: { ...tus, 'upload-offset': '0', 'content-type': 'application/offset+octet-stream' },
      body: Buffer.alloc(bytes, 'frost '),
    });
    await sent.body.dump();
    if (sent.statusCode !== 204) throw new Error(`the body was not taken: ${sent.statusCode}`);
    return BODY_MIB / ((performance.now() - began) / 1000);
  };
  return {
    async ask() {
      const answer = await client.request({
        path: '/api/v1/ingest/acme/batches',
        method: 'GET',
        headers: { authorization },
      });
      await answer.body.dump();
      if (answer.statusCode !== 200) throw new Error(`answered with ${answer.statusCode}`);
    },
    async send() {
      const speeds: number[] = [];
      for (let n = 0; n < 3; n++) speeds.push(await upload());
      return median(speeds);
    },
  };
}
