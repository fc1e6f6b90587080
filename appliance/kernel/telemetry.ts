/**
 * What the code may say about itself. Redaction by construction (spec 6): a log message is a literal written in the
 * source, and fields are ids, hashes, counts and codes. Nothing here accepts free text, so no document text, file name,
 * query or secret can reach a log line by mistake.
 */

/** Fields a log line may carry. */
export interface LogFields {
  tenant_id?: string;
  request_id?: string;
  batch_id?: string;
  doc_id?: string;
  chunk_id?: string;
  job_id?: string;
  event_id?: string;
  stage?: string;
  /** An error code of `kernel/errors.ts`, or an errno name such as `ENOSPC`. */
  code?: string;
  /** Hash of a stack trace, so that two occurrences can be told apart without showing either. */
  stack_trace_hash?: string;
  /** Where in the code: file and line of the nearest frames, no message (`codeFrames`). */
  frames?: string;
  method?: string;
  /** A route pattern, never a concrete path. */
  route?: string;
  status?: number;
  pid?: number;
  port?: number;
  count?: number;
  bytes?: number;
  attempt?: number;
  duration_ms?: number;
  version?: string;
  signal?: string;
  mode?: string;
}

/** A string literal type only: `log.info(someVariable)` does not type-check. */
type Literal<M extends string> = string extends M ? never : M;

export interface Logger {
  debug<M extends string>(message: Literal<M>, fields?: LogFields): void;
  info<M extends string>(message: Literal<M>, fields?: LogFields): void;
  warn<M extends string>(message: Literal<M>, fields?: LogFields): void;
  error<M extends string>(message: Literal<M>, fields?: LogFields): void;
  /** A logger whose lines name this component (and further fixed fields). */
  child(component: string, fields?: LogFields): Logger;
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
