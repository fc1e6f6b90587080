import type { AddressInfo } from 'node:net';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import { clamdProxy, type ProxyTimes } from '../../data/1-intake/clamd-proxy/proxy.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { createLogger } from '../../observability/logger.ts';
import { acquiring, type Running, runUntilTold } from '../running.ts';

/**
 * The role `scanner`: tenants send their files to it, and it alone reaches clamd, which obeys anyone. It has no secrets,
 * no settings and no files.
 */

export interface ScannerOptions {
  /** `host:port`; port 0 takes a free one. */
  listen: string;
  clamd: string;
  /** MiB of one file. */
  streamMaxMb: number;
  times?: Partial<ProxyTimes>;
}

const MIB = 1024 * 1024;

/** Runs until SIGTERM or SIGINT. */
export async function serveScanner(options: ScannerOptions): Promise<void> {
  const { running } = await startScanner(options);
  await runUntilTold(running);
  // Files at scan are given up: they are sent again.
  process.exit(0);
}

/** Throws `CONFIG_INVALID` where it cannot listen. */
export async function startScanner(options: ScannerOptions): Promise<{ running: Running; address: string }> {
  const { listen, clamd, streamMaxMb, times } = options;
  if (!(streamMaxMb >= 1)) {
    throw new FrostbyteError('VALIDATION_ERROR', 'The largest file that is scanned must be a number of MiB.');
  }
  let address = listen;
  const running = await acquiring(async (undo) => {
    const logger = createLogger({ level: 'info' }).child('scanner', { pid: process.pid });
    const server = clamdProxy({ clamd, mostBytes: streamMaxMb * MIB, ...(times && { times }), logger });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once('error', reject);
    server.listen(listenAddress(listen), resolve);
    await promise.catch((cause: unknown) => {
      throw new FrostbyteError('CONFIG_INVALID', `The scanner cannot listen at ${listen}.`, { cause });
    });
    undo.push(() => void server.close());
    const { address: host, port } = server.address() as AddressInfo;
    address = `${host}:${port}`;
    logger.info('scanner listening', { version: PIPELINE_VERSION });
    return { says: `frostbyte ${PIPELINE_VERSION} scans at ${address}`, stop: () => undo.run() };
  });
  return { running, address };
}

function listenAddress(listen: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^\[?([^\]]+)\]?:(\d{1,5})$/.exec(listen) ?? [];
  if (host !== '' && Number(port) < 65_536) return { host, port: Number(port) };
  throw new FrostbyteError('VALIDATION_ERROR', `The scanner listens at host:port, not at ${listen}.`);
}
