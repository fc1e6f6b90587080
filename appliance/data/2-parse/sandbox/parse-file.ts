import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Logger } from '../../../kernel/telemetry.ts';
import type { ParsedDocument } from '../../document.ts';
import type { ReadLimits } from '../layout.ts';
import { checkAnswer } from './check-answer.ts';
import type { WrapperParts } from './command.ts';
import { childEntry } from './entry.ts';
import { checkLayers, type SandboxLayers, type SandboxPlan } from './layers.ts';
import { createNursery, type Nursery } from './nursery.ts';
import { ParseRequest } from './protocol.ts';
import { runChild } from './run-child.ts';

export type { SandboxLayer, SandboxLayers } from './layers.ts';

export interface ParserOptions {
  /** `reduced` runs without resource limits and network namespace where a host refuses them (embedded mode only). */
  mode: SandboxLayers['mode'];
  /** MiB for one document, beside what Node itself needs. */
  memoryLimitMb: number;
  /** Wall clock for one document, from the moment its process has its request. */
  timeoutMs: number;
  /** Another program than the parser; for tests. */
  childEntry?: string;
  /** Other programs than the host's; for tests. */
  tools?: WrapperParts;
  logger: Logger;
}

/** A plaintext file that nobody else can open: `open` gives a descriptor that the caller owns and closes. */
export interface ParserFile {
  open(): Promise<number>;
  mediaType: string;
  size: number;
}

export interface ParserRequest {
  tenant_id: string;
  doc_id: string;
  raw_sha256: string;
  chunkLimits: { soft: number; hard: number };
  limits: ReadLimits;
}

export interface Parser {
  /** Each layer of the sandbox, checked for real once; for `/ready` and `doctor`. Never throws. */
  layers(): Promise<SandboxLayers>;
  /**
   * Parses one document in a process of its own. The caller may do so for several at once; each is a process.
   * Throws the reader's `FILE_CORRUPTED`, `FILE_ENCRYPTED`, `UNSUPPORTED_FORMAT` or `OCR_FAILED`; `PARSER_TIMEOUT`,
   * `PARSER_MEMORY`, `PARSER_ERROR` when the process ended badly or its answer does not hold together;
   * `PARSER_SANDBOX_UNAVAILABLE` when a required layer is missing; `OBJECT_CORRUPTED` when the file is not the one the
   * request names; the signal's reason when it was aborted.
   */
  parse(file: ParserFile, request: ParserRequest, signal?: AbortSignal): Promise<ParserResult>;
  /** Ends the spare process. Documents at work are not waited for; abort them by their signal. */
  close(): Promise<void>;
}

export type ParserResult = ParsedDocument & { stage1_ms: number; stage2_ms: number };

/** A parser of untrusted documents (spec 2 B). Starts nothing before it is first used. */
export function createParser(options: ParserOptions): Parser {
  const { mode, memoryLimitMb, timeoutMs } = options;
  const logger = options.logger.child('parser');
  const entry = childEntry(options.childEntry);
  const budget = { memoryLimitMb, timeoutMs };
  let plan: Promise<SandboxPlan> | undefined;
  let nursery: Nursery | undefined;
  let closed = false;

  const checked = () => (plan ??= checkLayers(mode, entry, budget, options.tools));

  const ready = async (): Promise<Nursery> => {
    const { layers, wrapper } = await checked();
    const missing = layers.layers.find((layer) => layer.required && layer.state === 'missing');
    if (missing !== undefined || wrapper === null) {
      // Looked at again next time: the mend should not need a restart.
      plan = undefined;
      const named = missing === undefined ? '' : ` (${missing.name}): ${missing.message}`;
      throw new FrostbyteError('PARSER_SANDBOX_UNAVAILABLE', `A layer of the parser's sandbox is missing${named}`);
    }
    if (closed) throw new FrostbyteError('PARSER_SANDBOX_UNAVAILABLE', 'The parser is closed.');
    nursery ??= createNursery({ wrapper, entry, budget });
    return nursery;
  };

  return {
    async layers() {
      return (await checked()).layers;
    },

    async parse(file, request, signal) {
      signal?.throwIfAborted();
      const children = await ready();
      const wire = ParseRequest.parse({
        media_type: file.mediaType,
        size: file.size,
        tenant_id: request.tenant_id,
        doc_id: request.doc_id,
        raw_sha256: request.raw_sha256,
        chunk_limits: request.chunkLimits,
        limits: request.limits,
      });
      const fd = await file.open();
      signal?.throwIfAborted();
      const child = children.take(file.mediaType);
      try {
        return checkAnswer(await runChild(child, { fd, request: wire, timeoutMs, signal, logger }), wire);
      } catch (error) {
        if (error instanceof FrostbyteError && error.code === 'PARSER_SANDBOX_UNAVAILABLE') {
          plan = undefined;
          nursery?.close();
          nursery = undefined;
        }
        throw error;
      } finally {
        child.kill();
      }
    },

    async close() {
      closed = true;
      await nursery?.close();
    },
  };
}
