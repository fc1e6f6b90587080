import { buffer } from 'node:stream/consumers';
import { ReadableStream } from 'node:stream/web';
import { callVerbs, type VerbCaller } from '../../api/rpc/call-verbs.ts';
import { httpWay } from '../../api/rpc/http-way.ts';
import type { VerbTable } from '../../api/rpc/verbs.ts';
import type { ExportFile } from '../../audit/export.ts';
import type { LoggedEvent } from '../../stores/log/port.ts';
import type { SplitVerbs } from '../split-verbs.ts';
import type { AuditLogReader, ControlVerbs } from '../verbs.ts';
import { CONTROL_TABLE, type ControlTable, MOST_LEAVES, SPLIT_TABLE } from './table.ts';

/** Control, asked over its socket. */
export interface ControlClient {
  verbs: ControlVerbs;
  /** What a gateway in a process of its own asks beside; refused where the control that answers runs no data planes. */
  split: SplitVerbs;
  close(): void;
}

const CONNECTIONS = 64;
const LEAF_BYTES = 32;

/**
 * The verbs of control over the socket at this path. Nothing is remembered between calls, so a control that was started
 * again answers the next one. Throws what control throws, and `SERVICE_UNAVAILABLE` while nobody answers.
 */
export function controlClient(socket: string): ControlClient {
  const way = httpWay({ socket }, CONNECTIONS);
  const ask = callVerbs(CONTROL_TABLE, way, { whom: 'Control' });
  const split = callVerbs(SPLIT_TABLE, way, { whom: 'Control' });
  const plain = Object.fromEntries(
    Object.keys(CONTROL_TABLE)
      .filter((name) => !name.includes('.'))
      .map((name) => [name, (...args: unknown[]) => ask.value(name as keyof ControlTable, ...args)]),
  ) as unknown as ControlVerbs;
  return {
    verbs: {
      ...plain,
      // Nobody waits for a count; where control does not answer, the refusal itself says enough.
      authenticationFailed: (source, code) => {
        ask.value('authenticationFailed', source, code).catch(() => undefined);
      },
      async auditLog(logId) {
        await ask.value('log.size', logId);
        return logReader(ask, logId);
      },
      exportFile: async (logId, exportId) => ({
        ...((await ask.value('export.about', logId, exportId)) as Omit<ExportFile, 'stream'>),
        stream: ReadableStream.from(ask.bytes('export.bytes', logId, exportId)) as ExportFile['stream'],
      }),
      supportBundle: async (actor) => new Uint8Array(await buffer(ask.bytes('support.bytes', actor))),
    },
    split: {
      limits: () => split.value('limits') as ReturnType<SplitVerbs['limits']>,
      announce: (...args) => split.value('announce', ...args) as Promise<void>,
      planeAddress: (...args) => split.value('planeAddress', ...args) as ReturnType<SplitVerbs['planeAddress']>,
      readiness: () => split.value('readiness') as ReturnType<SplitVerbs['readiness']>,
      measured: (...args) => split.value('measured', ...args) as Promise<void>,
      measures: () => split.value('measures') as ReturnType<SplitVerbs['measures']>,
    },
    close: () => way.destroy(),
  };
}

function logReader<Table extends VerbTable>(ask: VerbCaller<Table & ControlTable>, logId: string): AuditLogReader {
  const value =
    (name: keyof ControlTable & string) =>
    (...args: unknown[]) =>
      ask.value(name, logId, ...args) as Promise<never>;
  return {
    check: value('log.check'),
    size: value('log.size'),
    event: value('log.event'),
    events: value('log.events'),
    count: value('log.count'),
    readsOf: value('log.readsOf'),
    async resource(type, id) {
      const events: LoggedEvent[] = [];
      for await (const event of ask.items('log.resource', logId, type, id)) events.push(event as LoggedEvent);
      return events;
    },
    range: (from, to) => ask.items('log.range', logId, from, to) as AsyncGenerator<LoggedEvent>,
    async leaves(from, to) {
      const leaves: Uint8Array[] = [];
      for (let at = from; at < to; at += MOST_LEAVES) {
        const asked = Math.min(MOST_LEAVES, to - at);
        const some = await all(ask.bytes('log.leaves', logId, at, at + asked));
        for (let byte = 0; byte < some.length; byte += LEAF_BYTES) leaves.push(some.subarray(byte, byte + LEAF_BYTES));
        if (some.length < asked * LEAF_BYTES) break;
      }
      return leaves;
    },
  };
}

async function all(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const held: Uint8Array[] = [];
  for await (const chunk of chunks) held.push(chunk);
  return Buffer.concat(held);
}
