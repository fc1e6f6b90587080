import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Dependency } from '../../../api/plane/tables.ts';
import type { Config } from '../../../config/schema.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import { type KeptEmbedder, keepEmbedder } from '../../keep-embedder.ts';
import { relayUnit } from '../../relay-unit.ts';
import { runFolder } from '../../run-folder.ts';
import { healthOf, statusOf } from '../embedder-health.ts';
import { ENDPOINT_SOCKET, endpointSocket } from '../embedders.ts';
import type { RelayDoor } from '../relay-doors.ts';
import type { ConfiguredEndpoint } from '../serve-endpoint.ts';

/** Online mode's one opening (spec 7, "Compose"): the process of the host that speaks to the endpoint for planes in containers. */
export interface EndpointRelay {
  /**
   * Has those tenants reach it who are online, and no others. It runs for as long as there are any. Throws where it cannot
   * be found out who they are, and changes nothing then.
   */
  settle(): Promise<void>;
  /** Of the process; none while nobody is online. */
  health(): Promise<Dependency[]>;
  stop(): Promise<void>;
}

export interface EndpointRelayOptions {
  config: Pick<Config, 'data_folder' | 'embedder' | 'log_level' | 'processes'>;
  endpoint: ConfiguredEndpoint;
  /** Where the planes that live look for their way, by tenant. */
  folders(): Map<string, string>;
  isOnline(tenantId: string): Promise<boolean>;
  logger: Logger;
}

export function endpointRelay({ config, endpoint, folders, isOnline, logger }: EndpointRelayOptions): EndpointRelay {
  const at = { socket: endpointSocket(config) };
  let kept: KeptEmbedder | null = null;
  /** Why it cannot be started. */
  let trouble: string | null = null;

  async function start(): Promise<KeptEmbedder> {
    const { key_file, ca_file, url } = endpoint;
    const reads = [key_file, ca_file].filter((path) => path !== null);
    const apart = await relayUnit({ url, reads, runFolder: runFolder(config), dataFolder: config.data_folder });
    // What a control that was killed left, and hangs.
    await apart?.kill();
    return keepEmbedder({
      settings: { at, endpoint, log_level: config.log_level },
      status: () => statusOf(at),
      apart,
      logger,
    });
  }

  async function stop(): Promise<void> {
    const running = kept;
    kept = null;
    await running?.stop();
  }

  return {
    async settle() {
      const doors: RelayDoor[] = [];
      const closed: string[] = [];
      for (const [tenant_id, folder] of folders()) {
        const socket = join(folder, ENDPOINT_SOCKET);
        if (await isOnline(tenant_id)) doors.push({ tenant_id, socket });
        else closed.push(socket);
      }
      if (doors.length === 0) await stop();
      // Also what a process left that was ended.
      for (const socket of closed) rmSync(socket, { force: true });
      if (doors.length === 0) return;
      try {
        kept ??= await start();
        trouble = null;
      } catch (error) {
        trouble = error instanceof FrostbyteError ? error.message : 'The relay could not be started.';
        throw error;
      }
      kept.tell({ doors });
    },
    async health() {
      if (trouble !== null) return [{ name: 'endpoint', ok: false, message: trouble }];
      return kept === null ? [] : [await healthOf('endpoint', at)];
    },
    stop,
  };
}
