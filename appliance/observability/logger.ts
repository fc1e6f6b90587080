import pino from 'pino';
import type { LogFields, Logger } from '../kernel/telemetry.ts';

/**
 * JSON lines (spec 6): timestamp, level, component, message, and the ids, hashes, counts and codes of `LogFields`.
 * Fields outside that list are dropped at run time too, so that a cast cannot smuggle text into a log.
 */
export interface LoggerOptions {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Default: standard error, synchronous, so that a killed process loses no line. */
  destination?: pino.DestinationStream;
}

const FIELDS: ReadonlySet<string> = new Set<keyof LogFields>([
  'tenant_id',
  'request_id',
  'batch_id',
  'doc_id',
  'chunk_id',
  'job_id',
  'event_id',
  'stage',
  'code',
  'stack_trace_hash',
  'frames',
  'method',
  'route',
  'status',
  'pid',
  'port',
  'count',
  'bytes',
  'attempt',
  'duration_ms',
  'version',
  'signal',
  'mode',
]);

/** No field is longer than an id or a code needs to be. */
const MAX_FIELD = 256;

export function createLogger({ level, destination }: LoggerOptions): Logger {
  const root = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination ?? pino.destination({ dest: 2, sync: true }),
  );
  return wrap(root, {});
}

/** Fixed fields are merged, not nested: a field of a line or of an inner logger replaces the outer one of that name. */
function wrap(root: pino.Logger, fixed: LogFields & { component?: string }): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) =>
    root[level]({ ...fixed, ...allowed(fields) }, message);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (component, fields) => wrap(root, { ...fixed, component, ...allowed(fields) }),
  };
}

function allowed(fields: LogFields | undefined): LogFields {
  if (!fields) return {};
  return Object.fromEntries(
    Object.entries(fields)
      .filter(([name, value]) => FIELDS.has(name) && value !== undefined)
      .map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, MAX_FIELD) : value]),
  );
}

/** Says nothing: for tests and for commands whose output is their answer. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
