import type { Tenant } from '../control/verbs.ts';
import type { Client } from './client.ts';
import { CheckFailed } from './exit.ts';

const FIRST_MS = 100;
/** An administrator has sixty requests a minute for everything; waiting must not use them up. */
const LONGEST_MS = 2000;

/** Asks until the tenant is in one of `ends`, less and less often. */
export async function settled(api: Client, id: string, ends: readonly string[], seconds = 120): Promise<Tenant> {
  const deadline = Date.now() + seconds * 1000;
  for (let pause = FIRST_MS; ; pause = Math.min(LONGEST_MS, pause * 1.5)) {
    const { data } = await api.get<Tenant>(`/admin/tenants/${id}`);
    if (ends.includes(data.state)) return data;
    if (Date.now() > deadline) throw new CheckFailed(`${id} is still ${data.state} after ${seconds} s.`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
