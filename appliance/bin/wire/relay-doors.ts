import { once } from 'node:events';
import { chmodSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { codeFrames } from '../../kernel/errors.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import type { Origin } from '../../models/embedder/over-socket/serve-embedder.ts';

/** One tenant's way to the process that speaks to the endpoint: a socket in a folder that its data plane alone sees. */
export interface RelayDoor {
  tenant_id: string;
  socket: string;
}

export interface RelayDoors {
  /**
   * Opens those that are not open, again those whose folder was made anew, and closes all others with every connection that
   * came by them. A door whose folder is not there is left for the next time. Never throws.
   */
  settle(wanted: readonly RelayDoor[]): Promise<void>;
  /** By which door a connection came; null: by none of them. */
  origin(socket: Socket): Origin | null;
}

interface OpenDoor {
  server: Server;
  tenantId: string;
  /** Of the socket's file: another one, or none, means that nobody gets here any more. */
  inode: number;
  connections: Set<Socket>;
}

/** `connect` is given who comes. */
export function relayDoors(connect: (socket: Socket) => void, logger: Logger): RelayDoors {
  const open = new Map<string, OpenDoor>();
  const origins = new WeakMap<Socket, Origin>();
  let settled: Promise<void> = Promise.resolve();

  async function settleNow(wanted: readonly RelayDoor[]): Promise<void> {
    const tenants = new Map(wanted.map(({ socket, tenant_id }) => [socket, tenant_id]));
    for (const [path, door] of open)
      if (tenants.get(path) !== door.tenantId || inodeOf(path) !== door.inode) shut(path, door);
    for (const [path, tenantId] of tenants) {
      if (open.has(path)) continue;
      await openDoor(path, tenantId).catch((error: NodeJS.ErrnoException) => {
        // The data plane has ended meanwhile, and its folder with it.
        if (error.code !== 'ENOENT' && error.code !== 'EACCES')
          logger.warn('a tenant could not be given its way to the endpoint', {
            ...shaped({ tenant_id: tenantId }),
            ...codeFrames(error),
          });
      });
    }
  }

  async function openDoor(path: string, tenantId: string): Promise<void> {
    const connections = new Set<Socket>();
    const server = createServer((socket) => {
      connections.add(socket);
      socket.once('close', () => connections.delete(socket));
      origins.set(socket, { by: tenantId, mayAskStatus: false });
      connect(socket);
    });
    rmSync(path, { force: true });
    server.listen(path);
    await once(server, 'listening');
    // The folder's group, which the socket has too, is the data plane's; nobody else gets into the folder.
    chmodSync(path, 0o660);
    open.set(path, { server, tenantId, inode: inodeOf(path)!, connections });
  }

  function shut(path: string, { server, connections }: OpenDoor): void {
    open.delete(path);
    // Takes the socket's file away too, at once: before another is made in its place.
    server.close();
    for (const socket of connections) socket.destroy();
  }

  return {
    settle(wanted) {
      settled = settled.then(() => settleNow(wanted));
      return settled;
    },
    origin: (socket) => origins.get(socket) ?? null,
  };
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
