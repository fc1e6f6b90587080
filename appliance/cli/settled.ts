import type { Tenant } from '../control/verbs.ts';
import type { Client } from './client.ts';
import { CheckFailed } from './exit.ts';
import { askUntil } from './waiting.ts';

/** Asks until the tenant is in one of `ends`. Throws `CheckFailed` where it is in none after these seconds. */
export async function settled(api: Client, id: string, ends: readonly string[], seconds = 120): Promise<Tenant> {
  const ask = async () => (await api.get<Tenant>(`/admin/tenants/${id}`)).data;
  const tenant = await askUntil(ask, ({ state }) => ends.includes(state), { seconds });
  if (ends.includes(tenant.state)) return tenant;
  throw new CheckFailed(`${id} is still ${tenant.state} after ${seconds} s.`);
}
