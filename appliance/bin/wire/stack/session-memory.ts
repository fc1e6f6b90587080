import { readFile } from 'node:fs/promises';
import { processesBeside } from './demand.ts';

/** How the server names the process of a session: its role, its database, where it comes from, what it does. */
const SESSION = /^postgres: (tenant_[a-z0-9]+_user) /;
const OWN_MEMORY = /^VmData:\s+(\d+) kB$/m;

/**
 * The memory of their own that tenants' sessions at the database hold, in bytes, by role; what the server shares among all
 * is not counted. `pid` is the server's first process, as the host sees it. Empty where it is gone.
 */
export async function sessionMemory(pid: number): Promise<Map<string, number>> {
  const held = new Map<string, number>();
  for (const process of await processesBeside(pid)) {
    const title = await readFile(`/proc/${process}/cmdline`, 'latin1').catch(() => '');
    const role = SESSION.exec(title)?.[1];
    if (role === undefined) continue;
    const status = await readFile(`/proc/${process}/status`, 'latin1').catch(() => '');
    const bytes = Number(OWN_MEMORY.exec(status)?.[1] ?? 0) * 1024;
    held.set(role, (held.get(role) ?? 0) + bytes);
  }
  return held;
}
