import type { Tenant } from '../control/verbs.ts';
import type { Client } from './client.ts';
import { CheckFailed } from './exit.ts';

/** Polls until the tenant is in one of `ends`. */
export async function settled(api: Client, id: string, ends: readonly string[], seconds = 120): Promise<Tenant> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const { data } = await api.get<Tenant>(`/admin/tenants/${id}`);
    if (ends.includes(data.state)) return data;
    if (Date.now() > deadline) throw new CheckFailed(`${id} is still ${data.state} after ${seconds} s.`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
