import type { Writable } from 'node:stream';
import type { Logger } from '../../../kernel/telemetry.ts';
import type { ParsedDocument } from '../../document.ts';
import type { ReadLimits } from '../layout.ts';
import { checkAnswer } from './check-answer.ts';
import { checkPicture, type PagePicture } from './check-picture.ts';
import type { WrapperParts } from './command.ts';
import type { SandboxLayers } from './layers.ts';
import { ParseRequest, type PictureOrder } from './protocol.ts';
import { createRunner } from './runner.ts';
import { sendDocument } from './send-document.ts';

export type { SandboxLayer, SandboxLayers } from './layers.ts';

export interface ParserOptions {
  /** `reduced` runs without resource limits and network namespace where a host refuses them (embedded mode only). */
  mode: 'full' | 'reduced';
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
  /**
   * Draws a page of a document, with what must not be seen painted over, in the same confinement. Throws as `parse`;
   * `UNSUPPORTED_FORMAT` for a document without pages, `FILE_CORRUPTED` for a page that cannot be drawn.
   */
  draw(file: ParserFile, request: ParserRequest, order: PictureOrder, signal?: AbortSignal): Promise<PagePicture>;
  /** Ends the spare process. Documents at work are not waited for; abort them by their signal. */
  close(): Promise<void>;
}

export type ParserResult = ParsedDocument & { stage1_ms: number; stage2_ms: number };

/** A parser of untrusted documents (spec 2 B). Starts nothing before it is first used. */
export function createParser(options: ParserOptions): Parser {
  const { mode, memoryLimitMb, timeoutMs, logger, ...others } = options;
  const runner = createRunner({
    ...others,
    modes: [mode],
    budget: { memoryLimitMb, timeoutMs },
    logger: logger.child('parser'),
  });
  return {
    layers: () => runner.layers(),

    async parse(file, request, signal) {
      signal?.throwIfAborted();
      const wire = requestOnWire(file, request);
      const fd = await file.open();
      const send = (to: Writable) => sendDocument(fd, wire.size, wire.raw_sha256, to);
      return checkAnswer(await runner.run(wire, send, signal), wire);
    },

    async draw(file, request, order, signal) {
      signal?.throwIfAborted();
      const wire = requestOnWire(file, request, order);
      const fd = await file.open();
      const send = (to: Writable) => sendDocument(fd, wire.size, wire.raw_sha256, to);
      return checkPicture(await runner.run(wire, send, signal));
    },

    close: () => runner.close(),
  };
}

/** The request as it goes to the process that parses. Throws where a caller forgot something. */
export function requestOnWire(file: ParserFile, request: ParserRequest, picture?: PictureOrder): ParseRequest {
  return ParseRequest.parse({
    media_type: file.mediaType,
    size: file.size,
    tenant_id: request.tenant_id,
    doc_id: request.doc_id,
    raw_sha256: request.raw_sha256,
    chunk_limits: request.chunkLimits,
    limits: request.limits,
    ...(picture === undefined ? {} : { picture }),
  });
}
