import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { withControl } from '../../appliance/bin/wire/embedded.ts';
import { type Client, createClient } from '../../appliance/cli/client.ts';
import { settled } from '../../appliance/cli/settled.ts';
import { loadConfig } from '../../appliance/config/load.ts';
import type { IsolationReport, IsolationSummary, TokenRequest } from '../../appliance/control/verbs.ts';
import { isRunning, killIfThere, rolesOf } from './faults/processes.ts';
import { until } from './faults/until.ts';
import { type Caller, callerOf } from './http.ts';
import { PROGRAM } from './program.ts';
import { type Planes, type StackSettings, stackSettings } from './stack-appliance.ts';

/** A real daemon in a process of its own, on a free loopback port and a temporary folder. */
export interface Appliance {
  url: string;
  dataFolder: string;
  process: ChildProcess;
  /** What it was started with. */
  environment: Record<string, string>;
  /** The servers that it works on; null where it works on folders. */
  stack: StackSettings | null;
  /** Everything the daemon and its workers wrote to standard error: JSON log lines. */
  logs(): string;
  token(request: Omit<TokenRequest, 'subject'> & { subject?: string }): Promise<string>;
  admin(): Promise<Client>;
  /** A tenant_admin of the tenant. */
  client(tenant: string): Promise<Client>;
  /** A caller whose every answer is held against the table of routes; without a request it has no token. */
  caller(request?: Parameters<Appliance['token']>[0], reason?: string): Promise<Caller>;
  createTenant(id: string, config?: Record<string, unknown>): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
  /** SIGKILL, no goodbye. */
  kill(): Promise<void>;
  /** Starts again on the same folder. */
  restart(): Promise<void>;
  /** Stops and removes the folder. */
  end(): Promise<void>;
}

export interface ApplianceOptions {
  dataFolder?: string;
  environment?: Record<string, string>;
  /** What to start. Default: what was built, or the sources. */
  launcher?: string;
  /**
   * One process, or a process a role, or that on the server stores. Default: `FROSTBYTE_TEST_ARRANGEMENT`, or one process.
   */
  arrangement?: Arrangement;
  /** Where data planes run on the server stores. Default: `FROSTBYTE_TEST_PLANES`, or as processes. */
  planes?: Planes;
}

const ARRANGEMENTS = ['single', 'split', 'stack'] as const;
export type Arrangement = (typeof ARRANGEMENTS)[number];

/** How appliances run in this run of the tests, unless a test says otherwise. */
export const ARRANGEMENT: Arrangement =
  ARRANGEMENTS.find((one) => one === process.env.FROSTBYTE_TEST_ARRANGEMENT) ?? 'single';

export async function startAppliance(options: ApplianceOptions = {}): Promise<Appliance> {
  const dataFolder = options.dataFolder ?? join(await mkdtemp(join(tmpdir(), 'frostbyte-test-')), 'data');
  const { arrangement = ARRANGEMENT } = options;
  const stack = arrangement === 'stack' ? await stackSettings(options.planes) : null;
  const isSplit = arrangement !== 'single';
  const environment = {
    PATH: process.env.PATH ?? '',
    FROSTBYTE_PORT: '0',
    FROSTBYTE_RATE_LIMITS: 'off',
    // Whether or not this machine has a model: what its tests say must not depend on that.
    FROSTBYTE_EMBEDDER: 'lexical',
    FROSTBYTE_LOG_LEVEL: 'info',
    ...stack?.environment,
    ...options.environment,
  };
  let logs = '';
  let child: ChildProcess;
  let url = '';

  async function start(): Promise<void> {
    const [command, ...args] = options.launcher ? [options.launcher] : PROGRAM;
    child = spawn(command!, [...args, 'serve', '--arrangement', isSplit ? 'split' : 'single', '--data', dataFolder], {
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      logs += chunk.toString();
    });
    const exited = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the daemon ended with ${code}: ${logs.slice(-2000)}`)),
    );
    exited.catch(() => {});
    const listening = (async () => {
      for await (const line of createInterface({ input: child.stdout! })) {
        const found = /listens on (\S+)/.exec(line)?.[1];
        if (found) return found;
      }
      return exited;
    })();
    url = await Promise.race([listening, exited]);
  }
  await start();

  const gone = () => (child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve());
  /** The process that was started, and in the split arrangement its roles with it; workers are left to find out. */
  async function killAll(): Promise<void> {
    const roles = isSplit ? rolesOf(child.pid!) : [];
    child.kill('SIGKILL');
    for (const { pid } of roles) killIfThere(pid);
    await gone();
    await until('the roles to be gone', () => roles.every(({ pid }) => !isRunning(pid)));
  }
  const appliance: Appliance = {
    get url() {
      return url;
    },
    dataFolder,
    environment,
    stack,
    get process() {
      return child;
    },
    logs: () => logs,
    async token(request) {
      const config = loadConfig({ variables: {}, overrides: { data_folder: dataFolder } });
      const issued = await withControl(config, (control) =>
        control.issueToken({ subject: 'tester', ...request }, 'operator'),
      );
      return issued.token;
    },
    admin: async () =>
      createClient({ url, token: await appliance.token({ role: 'admin', subject: 'frode' }), reason: 'test' }),
    client: async (tenant) =>
      createClient({ url, token: await appliance.token({ role: 'tenant_admin', tenant_id: tenant, subject: 'dana' }) }),
    async caller(request, reason) {
      return callerOf(() => url, request === undefined ? null : await appliance.token(request), reason);
    },
    async createTenant(id, config) {
      const admin = await appliance.admin();
      await admin.send('POST', '/admin/tenants', {
        tenant_id: id,
        tenant_name: id,
        contact_email: 'it@example.org',
        ...(config ? { config } : {}),
      });
      const { state, provisioning } = await settled(admin, id, ['ACTIVE', 'FAILED']);
      if (state === 'ACTIVE') return;
      const failed = provisioning.steps.filter(({ error_code }) => error_code !== undefined);
      throw new Error(`${id} is ${state}: ${JSON.stringify([...failed, ...(await openDoors(admin, id))])}`);
    },
    async stop() {
      child.kill('SIGTERM');
      await gone();
      return child.exitCode;
    },
    async kill() {
      await killAll();
    },
    restart: start,
    async end() {
      await killAll();
      // A worker that lives a moment longer holds the other end; the tests do not wait for it.
      child.stdout!.destroy();
      child.stderr!.destroy();
      await stack?.end();
      await rm(options.dataFolder ?? join(dataFolder, '..'), { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return appliance;
}

/** What the last isolation check of a tenant found that is not as it should be. */
async function openDoors(admin: Client, id: string): Promise<object[]> {
  const { data: reports } = await admin.get<IsolationSummary[]>(`/admin/tenants/${id}/isolation`, { limit: '1' });
  if (reports[0] === undefined) return [];
  const { data } = await admin.get<IsolationReport>(`/admin/tenants/${id}/isolation/${reports[0].report_id}`);
  return data.checks.filter(({ target, result }) => result !== (target === id ? 'OK' : 'DENIED'));
}
