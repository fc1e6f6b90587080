import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { listenOnSocket } from '../../api/rpc/listen-on-socket.ts';
import { type Handlers, serveVerbs } from '../../api/rpc/serve-verbs.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import type { LogFilter, LogQuery } from '../../stores/log/port.ts';
import type { SplitVerbs } from '../split-verbs.ts';
import type { ControlVerbs } from '../verbs.ts';
import { CONTROL_TABLE, type ControlTable, MOST_LEAVES, SPLIT_TABLE } from './table.ts';

const HEADERS_MS = 5000;
const REQUEST_MS = 30_000;

export interface ControlServer {
  /** Takes no more calls; resolves when those under way are answered. */
  close(): Promise<void>;
}

/** Control's verbs on a unix socket, and nowhere else. Several gateways may ask at the same time. */
export async function serveControl(
  control: ControlVerbs,
  options: { socket: string; owner?: number | null; logger: Logger; split?: SplitVerbs },
): Promise<ControlServer> {
  const failed = (_verb: string, error: unknown) => options.logger.error('a verb of control failed', codeFrames(error));
  const { split } = options;
  const listener = split
    ? serveVerbs({ ...CONTROL_TABLE, ...SPLIT_TABLE }, { ...controlHandlers(control), ...split }, failed)
    : serveVerbs(CONTROL_TABLE, controlHandlers(control), failed);
  const server = createServer({ headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS }, listener);
  await listenOnSocket(server, options.socket, options.owner);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      }),
  };
}

/** Control's answers to the verbs of the socket. */
export function controlHandlers(control: ControlVerbs): Handlers<ControlTable> {
  const { auditLog, exportFile, supportBundle, ...plain } = control;
  return {
    ...plain,
    'log.check': async (logId: string) => (await auditLog(logId)).check(),
    'log.size': async (logId: string) => (await auditLog(logId)).size(),
    'log.event': async (logId: string, eventId: string) => (await auditLog(logId)).event(eventId),
    'log.events': async (logId: string, query: LogQuery) => (await auditLog(logId)).events(query),
    'log.count': async (logId: string, filter: LogFilter) => (await auditLog(logId)).count(filter),
    'log.resource': async (logId: string, ...of: Parameters<Log['resource']>) =>
      Readable.from(await (await auditLog(logId)).resource(...of)),
    'log.readsOf': async (logId: string, docId: string, limit: number) => (await auditLog(logId)).readsOf(docId, limit),
    'log.range': async (logId: string, from: number, to: number) => (await auditLog(logId)).range(from, to),
    'log.leaves': async (logId: string, from: number, to: number) => {
      if (to - from > MOST_LEAVES)
        throw new FrostbyteError('VALIDATION_ERROR', `At most ${MOST_LEAVES} leaves at a time.`);
      const leaves = await (await auditLog(logId)).leaves(from, to);
      return { length: leaves.length * 32, stream: Readable.from([Buffer.concat(leaves)]) };
    },
    'export.about': async (logId: string, exportId: string) => {
      const { stream, ...about } = await exportFile(logId, exportId);
      await stream.cancel();
      return about;
    },
    'export.bytes': async (logId: string, exportId: string) => {
      const { stream, bytes } = await exportFile(logId, exportId);
      return { length: bytes, stream };
    },
    'support.bytes': async (actor: string) => {
      const bytes = await supportBundle(actor);
      return { length: bytes.length, stream: Readable.from([bytes]) };
    },
  };
}

type Log = Awaited<ReturnType<ControlVerbs['auditLog']>>;
