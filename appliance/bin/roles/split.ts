import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import type { Config } from '../../config/schema.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { createLogger } from '../../observability/logger.ts';
import { dyingWithParent } from '../dying-with-parent.ts';
import { entryOf, NODE_FLAGS } from '../entry.ts';
import { acquiring, type Running, runUntilTold } from '../running.ts';

/**
 * All roles as processes, on a host that has nobody else to start them: control and one gateway as children that are
 * started again when they end, the data planes as children of control. An installed appliance has its units for that.
 */

const AGAIN_MS = 200;
const STOP_MS = 20_000;

export async function serveSplit(config: Config): Promise<void> {
  await runUntilTold(await startSplit(config));
}

export function startSplit(config: Config): Promise<Running> {
  return acquiring(async (undo) => {
    const logger = createLogger({ level: config.log_level }).child('launcher');
    const control = await keepRole('control', config, logger, /answers at (\S+)/);
    undo.push(() => control.stop());
    let [port, says] = [config.listen.port, ''];
    const gateway = await keepRole('gateway', config, logger, /listens on (.+)/, (said) => {
      says = said;
      // One that is started again listens where people know it.
      port = Number(new URL(said.split(' ')[0]!).port);
      return { ...config, listen: { ...config.listen, port } };
    });
    undo.push(() => gateway.stop());
    return {
      says: `frostbyte ${PIPELINE_VERSION} listens on ${says} (data in ${config.data_folder})`,
      stop: () => undo.run(),
    };
  });
}

/** Starts a role and starts it again whenever it ends. Resolves once it has said that it is up; throws where it never is. */
async function keepRole(
  role: 'control' | 'gateway',
  config: Config,
  logger: Logger,
  isUp: RegExp,
  next: (said: string) => Config = () => config,
): Promise<{ stop(): Promise<void> }> {
  let child: ChildProcess;
  let stopping = false;
  let timer: NodeJS.Timeout | undefined;
  const { promise: up, resolve, reject } = Promise.withResolvers<void>();
  let isFirst = true;

  function begin(settings: Config): void {
    const [program, ...args] = [...dyingWithParent(), process.execPath, ...NODE_FLAGS, entryOf('role'), role];
    let following = settings;
    child = spawn(program!, args, { env: { PATH: process.env.PATH ?? '' }, stdio: ['pipe', 'pipe', 'inherit'] });
    child.on('error', () => undefined);
    // The configuration holds no secret; the pipe stays open for as long as this process lives.
    child.stdin!.on('error', () => undefined);
    child.stdin!.write(`${JSON.stringify(settings)}\n`);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const said = isUp.exec(line)?.[1];
      if (said === undefined) return;
      following = next(said);
      isFirst = false;
      resolve();
    });
    child.once('exit', (code, signal) => {
      if (stopping) return;
      if (isFirst) return reject(new FrostbyteError('SERVICE_UNAVAILABLE', `The role ${role} did not start.`));
      logger.warn('a role ended, starting it again', { status: code ?? 0, ...(signal ? { signal } : {}) });
      timer = setTimeout(() => begin(following), AGAIN_MS);
    });
  }
  begin(config);
  await up;
  return {
    async stop() {
      stopping = true;
      clearTimeout(timer);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = new Promise((ended) => child.once('exit', ended));
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await gone;
      clearTimeout(late);
    },
  };
}
