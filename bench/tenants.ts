import { readFileSync } from 'node:fs';
import type { IsolationReport } from '../appliance/control/verbs.ts';
import type { Appliance } from '../test/support/appliance.ts';
import { makeBatch, text, whenSettled } from '../test/support/batch.ts';
import { docker } from '../test/support/docker.ts';
import { descendantsOf, rolesOf } from '../test/support/faults/processes.ts';
import { stackMissing, testStack } from '../test/support/stack.ts';
import type { Planes } from '../test/support/stack-appliance.ts';
import { redisContainer } from '../test/support/stack-tenant.ts';
import { atMost } from './bounds.ts';
import { median, startShipped } from './support.ts';

const TENANTS = 10;
/** For how many the figures are carried on. */
const MANY = 50;
/** What the isolation check of all ordered pairs may take, in seconds. */
const BOUND_S = 60;

/**
 * Ten tenants on servers: how long each takes to make, what each holds in memory when it has worked and rests, how long
 * the isolation check of all ordered pairs takes; and what that comes to for fifty.
 */
export async function measure(): Promise<string[]> {
  const missing = stackMissing();
  if (missing !== null) return [`left out, ${missing}`];
  const lines: string[] = [];
  // As an installed appliance has them, and as processes of one host.
  for (const planes of ['containers', 'processes'] as const) {
    lines.push(`data planes as ${planes}:`, ...(await measureWith(planes)));
  }
  return lines;
}

async function measureWith(arranged: Planes): Promise<string[]> {
  const appliance = await startShipped({}, 'stack', arranged);
  try {
    const ids = Array.from({ length: TENANTS }, (_, n) => `bench${n + 1}`);
    const made: number[] = [];
    for (const id of ids) {
      const began = performance.now();
      await appliance.createTenant(id, { classification_review_enabled: false });
      made.push((performance.now() - began) / 1000);
      await ingestOne(appliance, id);
    }
    const planes = ids.map((id) => (arranged === 'containers' ? inContainers(id) : asProcess(appliance, id)));
    const plane = median(planes.map(({ mib }) => mib));
    const queues = ids.map((id) => containerMiB(redisContainer(id)));
    const queue = median(queues);
    const core = coreMemory();
    const own = rolesOf(appliance.process.pid!).filter(({ role }) => role !== 'data-plane');
    const shared = own.reduce((sum, { pid }) => sum + ownMiB(pid), 0);
    const servers = core.reduce((sum, { mib }) => sum + mib, 0);

    const checks = await isolation(appliance, ids);
    const pairs = TENANTS * (TENANTS - 1);
    const perPair = checks.seconds / pairs;
    return [
      `to make a tenant, s                  ${made.map((seconds) => seconds.toFixed(1)).join(' ')}; median ${median(made).toFixed(1)}`,
      `memory of a data plane, MiB          ${round(planes.map(({ mib }) => mib))}; median ${plane.toFixed(0)} (${planes[0]!.processes} processes, its parser's among them, shared pages by share, after a document)`,
      `memory of a queue server, MiB        ${queues.map((mib) => mib.toFixed(1)).join(' ')}; median ${queue.toFixed(1)}`,
      `memory of the core stack, MiB        ${core.map(({ name, mib }) => `${name} ${mib.toFixed(0)}`).join(', ')}; control and gateway ${shared.toFixed(0)}`,
      `isolation of ${pairs} ordered pairs       ${checks.seconds.toFixed(1)} s; ${atMost('isolation of all pairs, s', checks.seconds, BOUND_S)}; ${checks.checks} checks, ${checks.failed} tenants failed, ${atMost('tenants that are not isolated', checks.failed, 0)}`,
      `for ${MANY}: memory                       ${MANY} × (${plane.toFixed(0)} + ${queue.toFixed(0)}) + ${(servers + shared).toFixed(0)} = ${gib(MANY * (plane + queue) + servers + shared)} GiB`,
      `for ${MANY}: to make them one by one       ${((MANY * median(made)) / 60).toFixed(1)} min`,
      `for ${MANY}: isolation of ${MANY * (MANY - 1)} pairs    ${((perPair * MANY * (MANY - 1)) / 60).toFixed(1)} min one tenant after the other`,
    ];
  } finally {
    await appliance.end();
  }
}

/** One document and one search, so that worker, parser and search threads have been there. */
async function ingestOne(appliance: Appliance, id: string): Promise<void> {
  const client = await appliance.client(id);
  const { manifest, form } = makeBatch(id, [text('sop.txt', `SOP ${id}\n\nThe herring stays.`)]);
  await client.upload(`/ingest/${id}/batch`, form, {});
  const { status } = await whenSettled(client, id, manifest.batch_id);
  if (status !== 'completed') throw new Error(`the batch of ${id} is ${status}`);
  await client.send('POST', `/query/${id}/search`, { query_text: 'herring' });
}

async function isolation(appliance: Appliance, ids: readonly string[]) {
  const admin = await appliance.admin();
  const began = performance.now();
  let [checks, failed] = [0, 0];
  for (const id of ids) {
    const { data } = await admin.send<IsolationReport>('POST', `/admin/tenants/${id}/verify`);
    const asked = new Set(data.checks.map(({ target }) => target));
    if (ids.some((other) => !asked.has(other))) throw new Error(`the check of ${id} left somebody out`);
    checks += data.checks.length;
    if (!data.overall_pass) failed += 1;
  }
  return { seconds: (performance.now() - began) / 1000, checks, failed };
}

interface Memory {
  mib: number;
  processes: number;
}

/** Of a data plane that is a process, with all that it started. */
function asProcess(appliance: Appliance, tenant: string): Memory {
  const own = rolesOf(appliance.process.pid!).find((role) => role.tenant === tenant);
  if (own === undefined) throw new Error(`${tenant} has no data plane`);
  return memoryOf([own.pid, ...descendantsOf(own.pid)]);
}

/** Of a data plane in a container, and of its parser in another. */
function inContainers(tenant: string): Memory {
  return memoryOf(['data-plane', 'parser'].flatMap((role) => processesIn(`frostbyte-${tenant}-${role}`)));
}

const memoryOf = (pids: readonly number[]): Memory => ({
  mib: pids.reduce((sum, pid) => sum + ownMiB(pid), 0),
  processes: pids.length,
});

/** What a process holds, pages that it shares with others by its share (`Pss`). */
function ownMiB(pid: number): number {
  return Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? Number.NaN) / 1024;
}

function processesIn(container: string): number[] {
  const pid = Number(docker(testStack()!, 'inspect', '--format={{.State.Pid}}', container));
  return [pid, ...descendantsOf(pid)];
}

const containerMiB = (name: string): number => memoryOf(processesIn(name)).mib;

function coreMemory(): { name: string; mib: number }[] {
  const names = docker(
    testStack()!,
    ...['ps', '--format={{.Names}}', '--filter=label=com.docker.compose.project=frostbyte'],
  );
  return names
    .split('\n')
    .map((name) => ({ name: name.replace(/^frostbyte-(.*)-1$/, '$1'), mib: containerMiB(name) }))
    .toSorted((a, b) => a.name.localeCompare(b.name));
}

const round = (values: readonly number[]) => values.map((value) => value.toFixed(0)).join(' ');
const gib = (mib: number) => (mib / 1024).toFixed(1);
