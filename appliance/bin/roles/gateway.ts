import { type HttpWay, httpWay } from '../../api/rpc/http-way.ts';
import { generateSeamKeys } from '../../api/seam.ts';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import type { Config } from '../../config/schema.ts';
import { type ControlClient, controlClient } from '../../control/socket/control-client.ts';
import type { GatewayNote } from '../../control/split-verbs.ts';
import { dataPlaneHandler } from '../../gateway/data-plane.ts';
import { forwardingFetch, type PlaneWays } from '../../gateway/forward.ts';
import { systemClock } from '../../kernel/clock.ts';
import { isFrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import { controlPaths, runPaths } from '../../kernel/names.ts';
import { createLogger } from '../../observability/logger.ts';
import { createMetrics } from '../../observability/metrics.ts';
import { openFrontDoor } from '../front-door.ts';
import { repeat } from '../repeat.ts';
import { runFolder } from '../run-folder.ts';
import { acquiring, type Running, runUntilTold } from '../running.ts';
import { gatewayControl } from '../wire/gateway-control.ts';
import { openLimits, openSharedLimits } from '../wire/limits.ts';

/**
 * The role `gateway`: it listens, checks tokens with public keys, counts requests and forwards them. What it holds is the
 * private key of its own assertions; it opens no store, and of the data folder it needs nothing but to see the flags of
 * the kill-switch.
 */

const ANNOUNCE_MS = 5000;
/** What it measured goes to what the box keeps over time. */
const TELL_MS = 30_000;
const PLANE_CONNECTIONS = 256;

export async function serveGateway(config: Config, over?: Promise<unknown>): Promise<void> {
  await runUntilTold(await startGateway(config), over);
}

export function startGateway(config: Config): Promise<Running> {
  return acquiring(async (undo) => {
    const logger = createLogger({ level: config.log_level }).child('gateway');
    const metrics = createMetrics({ version: PIPELINE_VERSION });
    const clock = systemClock();
    const flags = config.processes.flags_folder ?? controlPaths(config.data_folder).suspended;
    const client = controlClient(runPaths(runFolder(config)).control);
    undo.push(() => client.close());
    const control = gatewayControl(client.verbs, flags, clock);

    const seam = generateSeamKeys();
    const note: GatewayNote = {
      key_id: newId(),
      public_key: seam.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      url: '',
    };
    const ways = planeWays(client, () => note);
    undo.push(() => ways.close());
    const limiter =
      config.mode === 'stack'
        ? openSharedLimits(config, clock, { place: () => client.split.limits(), logger })
        : openLimits(config, clock);
    // Its connection would keep the process from ending.
    undo.push(() => limiter.close());
    const door = await openFrontDoor({
      config,
      control,
      limiter,
      logger,
      flags,
      meter: metrics.meter,
      data: dataPlaneHandler(forwardingFetch(ways), seam.privateKey, note.key_id),
      open: {
        async metrics() {
          await client.split.measures().then(
            ({ metrics: measured, gone }) => {
              metrics.merge('control', measured as Parameters<typeof metrics.merge>[1]);
              for (const tenantId of gone) metrics.meter.forgetTenant(tenantId);
            },
            // What this process measured is served all the same.
            () => undefined,
          );
          return metrics.text();
        },
        readiness: async () =>
          client.split.readiness().catch((error: unknown) => [
            {
              name: 'control',
              ok: false,
              message: isFrostbyteError(error) ? error.message : 'does not answer',
            },
          ]),
      },
    });
    undo.push(() => door.close());
    note.url = door.url;
    await client.split.announce(note).catch(() => logger.warn('control does not answer yet'));
    const announcing = repeat(
      () => client.split.announce(note),
      ANNOUNCE_MS,
      () => undefined,
    );
    undo.push(() => announcing.stop());
    const telling = repeat(
      async () => {
        const own = (await metrics.snapshot()).filter(({ name }) => name.startsWith('frostbyte_api_'));
        await client.split.measured(note.key_id, own);
      },
      TELL_MS,
      () => undefined,
    );
    undo.push(() => telling.stop());
    logger.info('listening', { port: door.port, version: PIPELINE_VERSION, mode: config.mode });
    return { says: door.says, stop: () => undo.run() };
  });
}

/** Pools of connections to data planes, by tenant; each is asked of control once, and again when it led nowhere. */
function planeWays(client: ControlClient, note: () => GatewayNote): PlaneWays & { close(): void } {
  const known = new Map<string, Way>();
  return {
    to(tenantId) {
      const before = known.get(tenantId);
      if (before !== undefined) return before.found;
      const found = client.split
        .planeAddress(tenantId, note())
        .then((address) => (way.pool = httpWay(address, PLANE_CONNECTIONS)));
      const way: Way = { found, pool: null };
      known.set(tenantId, way);
      found.catch(() => {
        if (known.get(tenantId) === way) known.delete(tenantId);
      });
      return found;
    },
    forget(tenantId, pool) {
      if (known.get(tenantId)?.pool !== pool) return;
      // What is still under way on it comes to its own end, and so do the connections that are kept.
      known.delete(tenantId);
    },
    close() {
      for (const { pool } of known.values()) pool?.destroy();
    },
  };
}

interface Way {
  found: Promise<HttpWay>;
  /** Null while control is asked. */
  pool: HttpWay | null;
}
