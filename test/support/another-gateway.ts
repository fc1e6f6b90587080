import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { controlPaths } from '../../appliance/kernel/names.ts';
import type { Appliance } from './appliance.ts';
import { unpackShipped } from './shipped.ts';

/** One more gateway before the same control. */
export interface AnotherGateway {
  url: string;
  pid: number;
}

/** A user who has nothing on this host. */
export const NOBODY = 65534;
/** Has a program be nobody, who can become nobody else. */
export const AS_NOBODY = [
  ...['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--no-new-privs'],
  ...['--inh-caps=-all', '--bounding-set=-all', '--'],
] as const;

export async function anotherGateway(
  t: TestContext,
  appliance: Appliance,
  environment: Record<string, string> = {},
): Promise<AnotherGateway> {
  const launcher = resolve(import.meta.dirname, '../../dist/frostbyte');
  return started(t, [launcher, 'serve', '--role', 'gateway', '--data', appliance.dataFolder], {
    ...appliance.environment,
    ...environment,
  });
}

/**
 * One more, as the unit of an installed host has it: another user, without a capability and without a way to one, that is
 * shown the flags of the kill-switch and nothing else of the data. Control is to let that user in (`FROSTBYTE_GATEWAY_UID`).
 */
export async function gatewayAsNobody(
  t: TestContext,
  appliance: Appliance,
  environment: Record<string, string> = {},
): Promise<AnotherGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-gateway-'));
  const flags = join(folder, 'flags');
  mkdirSync(flags);
  for (const open of [folder, appliance.environment.FROSTBYTE_RUN!]) chmodSync(open, 0o711);
  const launcher = unpackShipped(join(folder, 'program'));
  const show = `mount --bind '${controlPaths(appliance.dataFolder).suspended}' '${flags}' && exec "$@"`;
  const serve = [launcher, 'serve', '--role', 'gateway', '--data', appliance.dataFolder];
  const { FROSTBYTE_SECRETS: _, FROSTBYTE_HBA: __, ...rest } = appliance.environment;
  const gateway = await started(t, ['unshare', '-m', '--', 'sh', '-c', show, 'sh', ...AS_NOBODY, ...serve], {
    ...rest,
    ...environment,
    FROSTBYTE_FLAGS: flags,
  });
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return gateway;
}

async function started(
  t: TestContext,
  [program, ...words]: string[],
  environment: Record<string, string>,
): Promise<AnotherGateway> {
  const child: ChildProcess = spawn(program!, words, {
    env: { ...environment, FROSTBYTE_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  });
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /listens on (\S+)/.exec(line)?.[1];
    if (url !== undefined) return { url, pid: child.pid! };
  }
  throw new Error('the second gateway did not start');
}
