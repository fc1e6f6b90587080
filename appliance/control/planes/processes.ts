import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { newId } from '../../kernel/ids.ts';
import type { PlaneHost, RunningPlane } from './port.ts';

export interface ProcessesOptions {
  /** Folder for the planes' sockets. */
  folder: string;
  /** The user of the gateways, where it is not control's. */
  owner: number | null;
  /** The program of a plane and its arguments; the tenant's id comes behind. */
  command: readonly [program: string, ...args: string[]];
  /** Words before it, such as those that have the kernel end it with its parent; none where there are no such words. */
  wrap?: readonly string[];
}

/** The descriptor on which a plane finds its handover; while it is open, control lives. */
const HANDOVER_FD = 3;

/**
 * Data planes as child processes of control. The handover goes through a pipe that stays open: when control dies, however
 * it does, the pipe breaks and the plane ends. The environment is empty but for `PATH`.
 */
export function planeProcesses({ folder, owner, command, wrap = [] }: ProcessesOptions): PlaneHost {
  const children = new Set<ChildProcess>();
  // What an earlier control left. Others may pass through the folder; each socket lies in one of its own.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o711 });
  chmodSync(folder, 0o711);

  return {
    addressFor: async (tenantId) => ({
      socket: join(folder, `${tenantId}-${newId().slice(-6)}`, 's'),
      ...(owner === null ? {} : { owner }),
    }),

    async start(handover) {
      const [program, ...args] = [...wrap, ...command, handover.tenant_id, `fd:${HANDOVER_FD}`];
      const child = spawn(program!, args, {
        env: { PATH: process.env.PATH ?? '' },
        stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
      });
      children.add(child);
      const { promise: ended, resolve } = Promise.withResolvers<void>();
      const over = () => {
        if (!children.delete(child)) return;
        if ('socket' in handover.listen) rmSync(join(handover.listen.socket, '..'), { recursive: true, force: true });
        resolve();
      };
      child.on('exit', over);
      // It could not be started at all.
      child.on('error', over);
      const pipe = child.stdio[HANDOVER_FD] as Writable;
      // One that died at birth reads nothing.
      pipe.on('error', () => undefined);
      pipe.write(`${JSON.stringify(handover)}\n`);
      return {
        address: handover.listen,
        ended,
        alive: () => children.has(child),
        kill: () => void child.kill('SIGKILL'),
      } satisfies RunningPlane;
    },

    async close() {
      const gone = [...children].map((child) => new Promise((resolve) => child.once('exit', resolve)));
      for (const child of children) child.kill('SIGKILL');
      await Promise.all(gone);
    },
  };
}
