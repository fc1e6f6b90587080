import { createServer, type Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import { getRequestListener } from '@hono/node-server';
import { PIPELINE_VERSION } from '../audit/entry.ts';
import type { Config } from '../config/schema.ts';
import type { ControlVerbs } from '../control/verbs.ts';
import { adminHandler } from '../gateway/admin.ts';
import { createGateway, type Handlers } from '../gateway/app.ts';
import { auditHandler } from '../gateway/audit.ts';
import { type OpenRoutes, openRoutes } from '../gateway/open.ts';
import { refuseUnreadable, unreadableAnswer } from '../gateway/unreadable.ts';
import { isClosed } from '../kernel/closed-door.ts';
import type { Logger, Meter } from '../kernel/telemetry.ts';
import type { RateLimiter } from '../stores/limits/port.ts';
import { loadAssets } from '../ui/assets.ts';
import { tlsServer } from './door-tls.ts';
import { loadPages } from './load-pages.ts';
import { admitNamed } from './named-networks.ts';
import { endSilence } from './silent-connections.ts';

/** The gateway with its HTTP server, in whatever process it runs. */
export interface FrontDoor {
  url: string;
  port: number;
  /** Where it listens, and by which certificate whoever comes from elsewhere may know it, in a line. */
  says: string;
  /** Takes no new connections; what is in flight has the drain. */
  close(): Promise<void>;
}

export interface FrontDoorOptions {
  config: Pick<Config, 'mode' | 'listen' | 'silence_seconds' | 'drain_seconds'>;
  control: ControlVerbs;
  limiter: RateLimiter;
  logger: Logger;
  meter: Meter;
  /** Answers of the tenants' data planes. */
  data: Handlers['data'];
  open: Pick<OpenRoutes, 'metrics' | 'readiness'>;
  /** The folder of the kill-switch's flags, in which it is told that the door is closed. */
  flags: string;
}

const HEADERS_MS = 20_000;
const KEEP_ALIVE_MS = 5000;
/**
 * Long uploads are ended by silence, not by the clock (spec 2). A request without a host is refused by us, not by the server,
 * which would say nothing.
 */
const SETTINGS = Object.freeze({
  requestTimeout: 0,
  headersTimeout: HEADERS_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  requireHostHeader: false,
});

type AnyServer = Server | TlsServer;

/** Opens the door: from now on requests are answered. */
export async function openFrontDoor(options: FrontDoorOptions): Promise<FrontDoor> {
  const { config, control, limiter, logger, meter } = options;
  const createUi = await loadPages();
  const gateway: ReturnType<typeof createGateway> = createGateway({
    control,
    limiter,
    logger,
    meter,
    handlers: {
      data: options.data,
      control: adminHandler(control),
      audit: auditHandler(control),
      gateway: async () =>
        Response.json({
          success: true,
          data: { version: PIPELINE_VERSION, mode: config.mode, uptime_seconds: Math.round(process.uptime()) },
        }),
    },
    open: openRoutes({ version: PIPELINE_VERSION, control, ...options.open }),
    // Its pages ask what they show at the same door as everybody.
    pages: createUi({ control, logger, assets: loadAssets(), ask: async (request) => gateway.fetch(request) }),
    isClosed: () => isClosed(options.flags),
  });
  const listener = getRequestListener(gateway.fetch, { errorHandler: unreadableAnswer });
  const open = async (server: AnyServer, at: { host: string; port: number }) => {
    server.on('clientError', refuseUnreadable);
    endSilence(server, config.silence_seconds * 1000);
    await listen(server, at);
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : at.port;
    return { port, place: `${at.host.includes(':') ? `[${at.host}]` : at.host}:${port}` };
  };
  const { open: door } = config.listen;
  // What it shows is looked at before anything listens.
  const other = door === null ? null : tlsServer(door, SETTINGS, listener, logger);
  const inner = createServer(SETTINGS, listener);
  const close = async () => {
    other?.stop();
    const open = [inner, other?.server].filter((server) => server?.listening === true) as AnyServer[];
    await Promise.all(open.map((server) => closeServer(server, config.drain_seconds * 1000)));
  };
  try {
    const { port, place } = await open(inner, config.listen);
    let says = `http://${place}`;
    if (door !== null && other !== null) {
      admitNamed(other.server, door.networks);
      const { place: outside } = await open(other.server, door);
      says += ` and on https://${outside}, which shows the certificate of SHA-256 ${other.fingerprint}`;
    }
    return { url: `http://${place}`, port, says: `frostbyte ${PIPELINE_VERSION} listens on ${says}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Takes no new connections; those with a request in flight have `drainMs`. */
export function closeServer(server: AnyServer, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), drainMs).unref();
  });
}

function listen(server: AnyServer, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
