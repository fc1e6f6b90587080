import { z } from 'zod';
import { PRINTABLE_LINE, toldFailure } from '../../../kernel/told-failure.ts';
import { LAYER_NAMES, type SandboxLayers } from '../sandbox/layers.ts';
import { MAX_REQUEST_BYTES, ParseRequest } from '../sandbox/protocol.ts';

/**
 * What a data plane and its parser say to each other over a unix socket: one question a connection. The asking end sends
 * a line of JSON (`Ask`). For `layers` it gets a line. For `parse` it gets `ready`, sends exactly as many bytes as it
 * named, and gets the process's answer, unread: a line with its length, then its bytes. Whoever closes earlier has gone.
 */

/** Of every line; only a document and its answer are longer. */
export const MOST_LINE_BYTES = MAX_REQUEST_BYTES + 4096;

/** Beyond what the schema of the configuration takes, nothing is asked for. */
const Budget = z.strictObject({
  memoryLimitMb: z.number().int().min(1).max(65_536),
  timeoutMs: z.number().int().min(1).max(86_400_000),
});

export const Ask = z.discriminatedUnion('ask', [
  /** Without a budget: of that which documents come with. */
  z.strictObject({ ask: z.literal('layers'), budget: Budget.optional() }),
  z.strictObject({ ask: z.literal('parse'), budget: Budget, request: ParseRequest }),
]);
export type Ask = z.infer<typeof Ask>;

const MOST_WORDS = 600;
/** One printable line: it is shown to people. */
const words = z.string().min(1).max(MOST_WORDS).regex(PRINTABLE_LINE);

const Layers: z.ZodType<SandboxLayers> = z.strictObject({
  mode: z.enum(['full', 'contained', 'reduced']),
  ok: z.boolean(),
  layers: z
    .array(
      z.strictObject({
        name: z.enum(LAYER_NAMES),
        state: z.enum(['active', 'missing']),
        required: z.boolean(),
        message: words,
      }),
    )
    .max(20),
});

/** What a parser may say went wrong around a process. What the process itself says is in its answer. */
const FAILURES = ['PARSER_TIMEOUT', 'PARSER_MEMORY', 'PARSER_ERROR', 'PARSER_SANDBOX_UNAVAILABLE'] as const;
const OTHERWISE = { code: 'PARSER_ERROR', message: 'The parser failed.' } as const;

export const Said = z.discriminatedUnion('say', [
  z.strictObject({ say: z.literal('layers'), layers: Layers }),
  z.strictObject({ say: z.literal('ready') }),
  z.strictObject({ say: z.literal('answer'), length: z.number().int().nonnegative() }),
  z.strictObject({ say: z.literal('failed'), code: z.enum(FAILURES), message: words }),
]);
export type Said = z.infer<typeof Said>;

export function line(message: Ask | Said): string {
  return `${JSON.stringify(message)}\n`;
}

/** The error as it is told; one that is not a parser's to give is told as a defect, without its words. */
export function failed(error: unknown): Said {
  return { say: 'failed', ...toldFailure(error, FAILURES, OTHERWISE, MOST_WORDS) };
}
