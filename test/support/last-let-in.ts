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
  /** Gateways that refused in the end. */
  refused: Set<string>;
}

/** Eight clients at full speed, through two gateways, while the tenant is suspended. */
export async function lastLetIn(
  appliance: Appliance,
  tenantId: string,
  second: string,
  asked: AskedAll,
): Promise<LastLetIn> {
  const token = await appliance.token({ role: 'tenant_admin', tenant_id: tenantId, subject: 'dana' });
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const admin = await appliance.admin();
  const letIn: { began: number; url: string }[] = [];
  const refused = new Set<string>();
  let over = false;
  const client = async (url: string) => {
    while (!over) {
      const began = performance.now();
      const answer = await fetch(`${url}/api/v1${asked.path}`, { ...asked.init, headers });
      await answer.arrayBuffer();
      if (![401, 403, 429].includes(answer.status)) letIn.push({ began, url });
      else if (answer.status !== 429) refused.add(url);
    }
  };
  const passed = (through: string) => letIn.filter(({ url }) => url === through).length;
  const clients = Array.from({ length: CLIENTS }, (_, n) => client(n % 2 === 0 ? appliance.url : second));
  await until('traffic through both', () => [appliance.url, second].every((url) => passed(url) > asked.first), {
    seconds: 120,
  });
  const called = performance.now();
  await admin.send('POST', `/admin/tenants/${tenantId}/suspend`, { reason: 'incident 7', notify_tenant: false });
  const answered = performance.now();
  // Long after the second in which something could still pass.
  await until('two seconds more', () => performance.now() > answered + 2000);
  over = true;
  await Promise.all(clients);
  return { ms: Math.max(...letIn.map(({ began }) => began)) - called, count: letIn.length, refused };
}
