import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/schema.ts';
import { controlPaths, tenantPaths } from '../../kernel/names.ts';
import type { ObservedWork } from '../../observability/doctor/observed.ts';
import { gatewayUrl } from '../host/readiness.ts';
import { lookInto } from './look-into.ts';
import type { Sight } from './sight.ts';

/** What the registry says of tenants. */
export interface RegistrySight {
  tenants: ObservedWork['tenants'];
  rotation_overdue: string[];
}

interface TenantSeen {
  tenant_id: string;
  state: string;
  due: string | null;
  since: string | null;
  passed: 0 | 1 | null;
}

const TENANTS = `SELECT tenant_id, state, key_rotation_due_at AS due,
    (SELECT max(started_at) FROM plans p WHERE p.tenant_id = t.tenant_id) AS since,
    (SELECT overall_pass FROM isolation_reports r WHERE r.tenant_id = t.tenant_id ORDER BY report_id DESC LIMIT 1) AS passed
  FROM tenants t WHERE state <> 'DEPROVISIONED' ORDER BY tenant_id`;

export async function lookAtRegistry({ data_folder }: Config, { see }: Sight): Promise<RegistrySight> {
  const { registry } = controlPaths(data_folder);
  if (!existsSync(registry)) return { tenants: [], rotation_overdue: [] };
  const rows = await see(
    'the registry of tenants',
    () => lookInto(registry, (database) => database.prepare(TENANTS).all() as TenantSeen[]),
    null,
  );
  const now = new Date().toISOString();
  return {
    tenants:
      rows?.map(({ tenant_id, state, since, passed }) => ({
        tenant_id,
        state,
        since: since === null ? null : Date.parse(since),
        isolated: passed === null ? null : passed === 1,
      })) ?? null,
    rotation_overdue: (rows ?? [])
      .filter(({ state, due }) => state === 'ACTIVE' && due !== null && due < now)
      .map(({ tenant_id }) => tenant_id),
  };
}

type Work = Pick<ObservedWork, 'dead_letters' | 'backlog'>;

/** Jobs and dead letters: in embedded mode by the tenants’ files, else as the gateway measures them. */
export async function lookAtWork(config: Config, gatewayAnswers: boolean, { see }: Sight): Promise<Work> {
  if (config.mode === 'embedded') return see('jobs and dead letters', () => workInFiles(config.data_folder), EMPTY);
  if (!gatewayAnswers) return EMPTY;
  return see('jobs and dead letters', () => workMeasured(gatewayUrl(config)), EMPTY, 12_000);
}

const EMPTY: Work = { dead_letters: [], backlog: [] };

function workInFiles(dataFolder: string): Work {
  const folder = join(dataFolder, 'tenants');
  const ids = existsSync(folder) ? readdirSync(folder).sort() : [];
  const look = <T>(file: string, sql: string): T | null =>
    existsSync(file) ? (lookInto(file, (database) => database.prepare(sql).get()) as T) : null;
  const dead_letters: { tenant_id: string; count: number }[] = [];
  const backlog: { tenant_id: string; count: number; oldest_at: number | null }[] = [];
  for (const tenant_id of ids) {
    const { records, queue } = tenantPaths(dataFolder, tenant_id);
    const waits = look<{ count: number }>(records, DEAD);
    if (waits !== null) dead_letters.push({ tenant_id, count: waits.count });
    const jobs = look<{ count: number; oldest_at: number | null }>(queue, JOBS);
    if (jobs !== null) backlog.push({ tenant_id, ...jobs });
  }
  return { dead_letters, backlog };
}

const DEAD = `SELECT count(*) AS count FROM dead_letters WHERE status = 'pending_review'`;
const JOBS = 'SELECT count(*) AS count, min(available_at) AS oldest_at FROM jobs WHERE withdrawn = 0';

const MEASURED = /^(frostbyte_dlq_depth|frostbyte_queue_length)\{([^}]*)\} ([0-9.e+]+)$/gm;

async function workMeasured(url: string): Promise<Work> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sums = { frostbyte_dlq_depth: new Map<string, number>(), frostbyte_queue_length: new Map<string, number>() };
  for (const [, name, labels, value] of text.matchAll(MEASURED)) {
    const tenant = /tenant_id="([^"]*)"/.exec(labels!)?.[1] ?? '';
    const sum = sums[name as keyof typeof sums];
    sum.set(tenant, (sum.get(tenant) ?? 0) + Number(value));
  }
  return {
    dead_letters: [...sums.frostbyte_dlq_depth].map(([tenant_id, count]) => ({ tenant_id, count })),
    backlog: [...sums.frostbyte_queue_length].map(([tenant_id, count]) => ({ tenant_id, count, oldest_at: null })),
  };
}
