import { closeSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { socketParser } from '../../appliance/data/2-parse/over-socket/ask-parser.ts';
import { parserServer } from '../../appliance/data/2-parse/over-socket/serve-parser.ts';
import type { PagePicture } from '../../appliance/data/2-parse/sandbox/check-picture.ts';
import {
  createParser,
  type Parser,
  type ParserFile,
  type ParserRequest,
  type ParserResult,
} from '../../appliance/data/2-parse/sandbox/parse-file.ts';
import type { PictureOrder } from '../../appliance/data/2-parse/sandbox/protocol.ts';
import { createRunner } from '../../appliance/data/2-parse/sandbox/runner.ts';
import { sha256Hex } from '../../appliance/kernel/digest.ts';
import { docId } from '../../appliance/kernel/ids.ts';
import type { LogFields, Logger } from '../../appliance/kernel/telemetry.ts';
import { USUAL_LIMITS } from './read-options.ts';

export interface SandboxedParser {
  parser: Parser;
  /** What was logged, message and fields. */
  logged: { message: string; fields: LogFields | undefined }[];
  /** Parses these bytes out of an unlinked file, as tenant `acme`. */
  parse(bytes: string | Uint8Array, change?: Partial<Change>): Promise<ParserResult>;
  /** Draws a page of them. */
  draw(bytes: string | Uint8Array, order: PictureOrder, change?: Partial<Change>): Promise<PagePicture>;
}

export interface Change {
  mediaType: string;
  signal: AbortSignal;
  raw_sha256: string;
}

export interface SandboxSetting {
  mode?: 'full' | 'reduced';
  memoryLimitMb?: number;
  timeoutMs?: number;
  childEntry?: string;
  tools?: { prlimit: string | null; setpriv: string | null; unshare: string | null };
}

/** A parser of this process, and one over the socket of a role: the two ways in which documents are parsed. */
export type ParserWay = 'in-process' | 'socket';

interface OpenedParser {
  parser: Parser;
  close(): Promise<void>;
}

function openInProcess(setting: SandboxSetting, logger: Logger): OpenedParser {
  const parser = createParser({ ...USUAL, mode: 'full', ...setting, logger });
  return { parser, close: () => parser.close() };
}

/** The role's server, and a parser that asks it. */
async function openOverSocket(setting: SandboxSetting, logger: Logger, folder: string): Promise<OpenedParser> {
  const { mode = 'full', memoryLimitMb = USUAL.memoryLimitMb, timeoutMs = USUAL.timeoutMs, ...others } = setting;
  const socket = join(folder, 'parser.sock');
  const budget = { memoryLimitMb, timeoutMs };
  const runner = createRunner({ modes: [mode], budget, ...others, logger });
  const server = parserServer({ runner: () => runner, atOnce: 8, silenceMs: 10_000, logger });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  const parser = socketParser({ socket, ...budget });
  return {
    parser,
    async close() {
      await parser.close();
      await runner.close();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const USUAL = { memoryLimitMb: 256, timeoutMs: 30_000 };

/** Runs `use` with a parser, and ends it and its files afterwards. */
export async function withParser(
  setting: SandboxSetting,
  use: (kit: SandboxedParser) => Promise<void>,
  way: ParserWay = 'in-process',
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'frostbyte-parser-'));
  const logged: SandboxedParser['logged'] = [];
  const keep = (message: string, fields?: LogFields) => logged.push({ message, fields });
  const logger = { debug: keep, info: keep, warn: keep, error: keep, child: () => logger } as unknown as Logger;
  const { parser, close } =
    way === 'socket' ? await openOverSocket(setting, logger, folder) : openInProcess(setting, logger);
  let count = 0;
  const ask = async <T>(
    bytes: string | Uint8Array,
    change: Partial<Change>,
    what: (source: ParserFile, request: ParserRequest) => Promise<T>,
  ): Promise<T> => {
    const data = Buffer.from(bytes);
    const file = join(folder, String(count++));
    writeFileSync(file, data);
    const fd = openSync(file, 'r');
    unlinkSync(file);
    const raw_sha256 = change.raw_sha256 ?? sha256Hex(data);
    const request = {
      tenant_id: 'acme',
      doc_id: docId('acme', raw_sha256),
      raw_sha256,
      chunkLimits: { soft: 1200, hard: 2400 },
      limits: USUAL_LIMITS,
    };
    const source = { open: async () => fd, mediaType: change.mediaType ?? 'text/plain', size: data.length };
    try {
      return await what(source, request);
    } finally {
      closeSync(fd);
    }
  };
  try {
    await use({
      parser,
      logged,
      parse: (bytes, change = {}) => ask(bytes, change, (...asked) => parser.parse(...asked, change.signal)),
      draw: (bytes, order, change = {}) =>
        ask(bytes, change, (...asked) => parser.draw(...asked, order, change.signal)),
    });
  } finally {
    await close();
    await rm(folder, { recursive: true });
  }
}
