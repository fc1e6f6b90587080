import pino from 'pino';
import { fittingFields } from '../kernel/log-fields.ts';
import type { LogFields, Logger } from '../kernel/telemetry.ts';

/**
 * JSON lines (spec 6): timestamp, level, component, message, and the ids, hashes, counts and codes of `LogFields`. When
 * the program runs, fields outside that list are dropped and values without their field's shape redacted, so that no cast
 * smuggles text into a log.
 */
export interface LoggerOptions {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Default: standard error, synchronous, so that a killed process loses no line. */
  destination?: pino.DestinationStream;
}

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
function wrap(root: pino.Logger, fixed: Readonly<Record<string, unknown>>): Logger {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string, fields?: LogFields) =>
    root[level]({ ...fixed, ...fittingFields(fields ?? {}) }, message);
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (component, fields) => wrap(root, { ...fixed, component, ...fittingFields(fields ?? {}) }),
  };
}

/** Says nothing: for tests and for commands whose output is their answer. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
