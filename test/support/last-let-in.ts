import assert from 'node:assert/strict';
import type { Appliance } from './appliance.ts';
import { until } from './faults/until.ts';

const CLIENTS = 8;

/** What is asked of a tenant's data plane, and how often each gateway is to have let it in before the tenant is stopped. */
export interface AskedAll {
  path: string;
  init?: RequestInit;
  first: number;
}

export interface LastLetIn {
  /** From the call to the beginning of the last request that was let in, whatever became of it. */
  ms: number;
  /** Requests that were let in. */
  count: number;
  /** Gateways that refused the tenant's own and, in the end, told whoever's token lives that it is suspended. */
  refused: Set<string>;
}

/** What refuses a suspended tenant (spec 3): its state, and soon its own tokens before that. */
const REFUSALS: Readonly<Record<number, string>> = { 401: 'TOKEN_REVOKED', 403: 'TENANT_SUSPENDED' };

/** Eight clients at full speed, through two gateways, while the tenant is suspended. */
export async function lastLetIn(
  appliance: Appliance,
  tenantId: string,
  second: string,
  asked: AskedAll,
): Promise<LastLetIn> {
  const token = await appliance.token({ role: 'tenant_admin', tenant_id: tenantId, subject: 'dana' });
  const living = await appliance.token({ role: 'admin', subject: 'frode' });
  const admin = await appliance.admin();
  const letIn: { began: number; url: string }[] = [];
  const shut = new Set<string>();
  const ask = async (url: string, by: string) => {
    const headers = { authorization: `Bearer ${by}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/api/v1${asked.path}`, { ...asked.init, headers });
    const { status } = answer;
    if (!(status in REFUSALS)) {
      await answer.arrayBuffer();
      return { status, code: '' };
    }
    const { error } = (await answer.json()) as { error: { code: string } };
    return { status, code: error.code };
  };
  let over = false;
  const client = async (url: string) => {
    while (!over) {
      const began = performance.now();
      const { status, code } = await ask(url, token);
      if (status in REFUSALS) {
        assert.equal(code, REFUSALS[status], 'it is refused for being stopped, and for nothing else');
        shut.add(url);
      } else if (status !== 429) letIn.push({ began, url });
    }
  };
  const passed = (through: string) => letIn.filter(({ url }) => url === through).length;
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, n) => client(n % 2 === 0 ? appliance.url : second)));
  // Heard at the end, where it is waited for.
  clients.catch(() => undefined);
  await until('traffic through both', () => [appliance.url, second].every((url) => passed(url) > asked.first), {
    seconds: 120,
  });
  const called = performance.now();
  await admin.send('POST', `/admin/tenants/${tenantId}/suspend`, { reason: 'incident 7', notify_tenant: false });
  const answered = performance.now();
  // Long after the second in which something could still pass.
  await until('two seconds more', () => performance.now() > answered + 2000);
  over = true;
  await clients;
  const refused = new Set<string>();
  for (const url of shut) if ((await ask(url, living)).code === 'TENANT_SUSPENDED') refused.add(url);
  return { ms: Math.max(...letIn.map(({ began }) => began)) - called, count: letIn.length, refused };
}
