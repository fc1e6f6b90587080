import type { Config } from '../../config/schema.ts';
import { clamdScanner, noScanner } from '../../data/1-intake/clamd.ts';
import { socketParser } from '../../data/2-parse/over-socket/ask-parser.ts';
import { createParser, type Parser } from '../../data/2-parse/sandbox/parse-file.ts';
import { servedVectors } from '../../data/indexes.ts';
import type { DataPlane, Scanner } from '../../data/plane.ts';
import type { Clock } from '../../kernel/clock.ts';
import { shaped } from '../../kernel/log-fields.ts';
import type { Logger, Meter } from '../../kernel/telemetry.ts';
import type { Turns } from '../../kernel/turns.ts';
import type { StorageKeys } from '../../secrets/port.ts';
import { sealObjects } from '../../secrets/sealed-objects.ts';
import { type Embedders, embedders } from './embedders.ts';
import type { OpenStores } from './plane-stores.ts';
import { type SearchThreads, searchThreads } from './search-threads.ts';

/** What all planes of a process share. */
export interface PlaneServices {
  clock: Clock;
  logger: Logger;
  meter: Meter;
  embedders: Embedders;
  parser: Parser;
  scanner: Scanner;
  searching: SearchThreads;
  /** Free bytes on the data disk that intake leaves; undefined: the store's own measure. */
  reserveBytes: number | undefined;
  leaseMs: number;
  close(): Promise<void>;
}

const MIB = 1024 * 1024;

/** Embedders, one parser, one scanner, threads that search. Nothing is started before it is used. */
export function planeServices(
  config: Pick<Config, 'parser' | 'scanner' | 'intake' | 'workers' | 'embedder' | 'data_folder' | 'processes'>,
  { clock, logger, meter }: Pick<PlaneServices, 'clock' | 'logger' | 'meter'>,
): PlaneServices {
  const embedding = embedders(config);
  const parser = hostParser(config, logger);
  const { clamd, stream_max_mb } = config.scanner;
  const searching = searchThreads();
  const { min_free_mb } = config.intake;
  return {
    clock,
    logger,
    meter,
    embedders: embedding,
    parser,
    scanner: clamd === null ? noScanner() : clamdScanner(clamd, { streamMaxBytes: stream_max_mb * MIB }),
    searching,
    reserveBytes: min_free_mb === null ? undefined : min_free_mb * MIB,
    leaseMs: config.workers.lease_seconds * 1000,
    async close() {
      await searching.closeAll();
      await parser.close();
      await embedding.close();
    },
  };
}

/** The parser of this process: a role of its own where there is one, else a sandboxed process a document. */
export function hostParser(config: Pick<Config, 'parser'>, logger: Logger): Parser {
  const { sandbox, memory_mb, timeout_seconds, socket } = config.parser;
  const budget = { memoryLimitMb: memory_mb, timeoutMs: timeout_seconds * 1000 };
  return socket === null ? createParser({ mode: sandbox, ...budget, logger }) : socketParser({ socket, ...budget });
}

/** What opens and seals a tenant's objects: the keys of now, and whose turn it is to change one. */
export interface ObjectKeys {
  keys(): Promise<StorageKeys>;
  turns: Turns;
}

/** One tenant's plane on its open stores, with its keys. What it asks control goes through `link`. */
export function tenantPlane(
  tenant_id: string,
  { objects, records, indexes, queue }: OpenStores,
  temporary: string,
  { keys, turns }: ObjectKeys,
  link: Pick<DataPlane, 'config' | 'holds' | 'isClockTrusted'>,
  services: PlaneServices,
): DataPlane {
  const { clock, meter, parser, scanner } = services;
  return {
    tenant_id,
    objects: sealObjects(objects, keys, turns),
    records,
    vectors: servedVectors(records, indexes),
    indexes,
    queue,
    async embedder(model) {
      const [index, { config }] = await Promise.all([records.vectorIndex(), link.config()]);
      const wanted = model === undefined ? index.embed_model : model;
      return services.embedders.of(tenant_id, wanted ?? config.embedding_model, config.embedding_mode);
    },
    parser,
    scanner,
    clock,
    logger: services.logger.child('data-plane', shaped({ tenant_id })),
    meter,
    holds: link.holds,
    isClockTrusted: link.isClockTrusted,
    temporary,
    config: link.config,
  };
}
