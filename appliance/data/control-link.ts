import type { Duplex } from 'node:stream';
import { QUESTION_TABLE } from '../api/plane/tables.ts';
import { callVerbs } from '../api/rpc/call-verbs.ts';
import { type HttpWay, httpWay } from '../api/rpc/http-way.ts';
import type { TenantConfig } from '../api/tenant-config.ts';
import { FrostbyteError } from '../kernel/errors.ts';
import type { HoldScope } from '../kernel/holds.ts';
import type { DataPlane } from './plane.ts';

/**
 * What a data plane in a process of its own knows of control. Control dials in; while its connection stands, the plane may
 * ask. Without it reads and intake go on with the configuration that was known last, and nothing is erased, since nobody
 * can say what a hold keeps.
 */
export interface ControlLink extends Pick<DataPlane, 'config' | 'holds' | 'isClockTrusted'> {
  /** Takes the connection on which the plane may ask from now on; an earlier one is given up. */
  attach(connection: Duplex): void;
  /** Gives the connection up. */
  detach(): void;
  /** Bytes that may still be written, as control sees the disk; what it said last where it cannot be asked. */
  room(): Promise<number>;
  /** The configuration from now on. Versions only grow: one that came late changes nothing. */
  configure(config: TenantConfig, version: number): void;
}

/** How long an answer about the disk stands. */
const ROOM_MS = 1000;

export function controlLink(first: { config: TenantConfig; config_version: number }): ControlLink {
  let current = first;
  let attached: { connection: Duplex; way: HttpWay } | null = null;

  let room: { bytes: number; until: number } | null = null;

  const ask = async (verb: keyof typeof QUESTION_TABLE, ...args: unknown[]): Promise<unknown> => {
    if (attached === null) {
      throw new FrostbyteError('SERVICE_UNAVAILABLE', 'Control cannot be asked at present. Try again in a moment.', {
        retryAfter: 1,
      });
    }
    return callVerbs(QUESTION_TABLE, attached.way, { whom: 'Control' }).value(verb, ...args);
  };

  return {
    attach(connection) {
      attached?.connection.destroy();
      const mine = { connection, way: httpWay({ connection }, 1) };
      attached = mine;
      connection.on('error', () => undefined);
      connection.once('close', () => {
        if (attached === mine) attached = null;
        mine.way.destroy();
      });
      // Nobody reads before something is asked, and then the end of the connection would not be seen.
      connection.resume();
    },
    detach: () => void attached?.connection.destroy(),
    configure(config, config_version) {
      if (config_version >= current.config_version) current = { config, config_version };
    },
    config: async () => current,
    isClockTrusted: async () => (await ask('isClockTrusted')) as boolean,
    async room() {
      if (room !== null && performance.now() < room.until) return room.bytes;
      try {
        const bytes = (await ask('room')) as number | null;
        room = { bytes: bytes ?? Number.POSITIVE_INFINITY, until: performance.now() + ROOM_MS };
      } catch (error) {
        if (room === null) throw error;
      }
      return room.bytes;
    },
    holds: async (docId, batchIds) => (await ask('holdsOn', docId, batchIds)) as HoldScope[],
  };
}
