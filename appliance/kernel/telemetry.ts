import type { LogFields } from './log-fields.ts';

/**
 * What the code may say about itself. Redaction by construction (spec 6): a log message is a literal written in the
 * source, its fields are those of `log-fields.ts`, which text does not fit.
 */
export type { LogFields };

/**
 * Words that stand in the source: `log.info(someVariable)` does not type-check, nor does a template with something in it.
 * (A record of patterns asks for no key, so that an empty one is a case of it.)
 */
type Literal<M extends string> = Record<never, never> extends Record<M, 1> ? never : M;

export interface Logger {
  debug<M extends string>(message: Literal<M>, fields?: LogFields): void;
  info<M extends string>(message: Literal<M>, fields?: LogFields): void;
  warn<M extends string>(message: Literal<M>, fields?: LogFields): void;
  error<M extends string>(message: Literal<M>, fields?: LogFields): void;
  /** A logger whose lines name this component (and further fixed fields). */
  child<C extends string>(component: Literal<C>, fields?: LogFields): Logger;
}

/** The twenty metrics of spec 6, as verbs. Tenants unknown to the registry never make a series. */
export interface Meter {
  intakeFile(tenant: string, status: 'accepted' | 'rejected' | 'quarantined' | 'duplicate'): void;
  intakeBatchSize(tenant: string, files: number): void;
  parseDuration(tenant: string, parser: 'stage1' | 'stage2', seconds: number): void;
  parseChunks(tenant: string, chunks: number): void;
  parseFailure(tenant: string, reason: string): void;
  gateResult(tenant: string, gate: string, result: string): void;
  gateDuration(tenant: string, gate: string, seconds: number): void;
  embedDuration(tenant: string, model: string, status: 'success' | 'failure', seconds: number): void;
  dimensionAssertion(tenant: string, result: 'pass' | 'fail'): void;
  retrieval(tenant: string, seconds: number, results: number): void;
  retrievalModelMismatch(tenant: string): void;
  storage(tenant: string, store: 'object' | 'relational' | 'vector', bytes: number, objects: number): void;
  queueLength(tenant: string, queue: string, length: number): void;
  dlqDepth(tenant: string, depth: number): void;
  taskDuration(tenant: string, task: string, seconds: number): void;
  tenantState(tenant: string, state: string): void;
  /** Drops every series of a tenant but its state: it is gone. */
  forgetTenant(tenant: string): void;
  tenantQuota(tenant: string, bytes: number): void;
  apiRequest(tenant: string, endpoint: string, method: string, status: number, seconds: number): void;
  rateLimitRejection(tenant: string, endpoint: string): void;
}
