/**
 * The one place that reads the environment. Each variable names a setting of the schema or is documented here; unknown
 * names that start with `FROSTBYTE_` are refused, so that a typing error never means a silent default.
 */

/** Environment variable → path of the setting and how its text becomes a value. */
export const ENVIRONMENT: Readonly<Record<string, { path: string; type: 'text' | 'number' }>> = Object.freeze({
  FROSTBYTE_DATA: { path: 'data_folder', type: 'text' },
  FROSTBYTE_HOST: { path: 'listen.host', type: 'text' },
  FROSTBYTE_PORT: { path: 'listen.port', type: 'number' },
  FROSTBYTE_SILENCE_SECONDS: { path: 'silence_seconds', type: 'number' },
  FROSTBYTE_LOG_LEVEL: { path: 'log_level', type: 'text' },
  FROSTBYTE_RATE_LIMITS: { path: 'rate_limits', type: 'text' },
  FROSTBYTE_WORKERS: { path: 'workers.count', type: 'number' },
  FROSTBYTE_CONCURRENCY: { path: 'workers.concurrency', type: 'number' },
  FROSTBYTE_LEASE_SECONDS: { path: 'workers.lease_seconds', type: 'number' },
  FROSTBYTE_PARSER_SANDBOX: { path: 'parser.sandbox', type: 'text' },
  FROSTBYTE_PARSER_MEMORY_MB: { path: 'parser.memory_mb', type: 'number' },
  FROSTBYTE_PARSER_TIMEOUT_SECONDS: { path: 'parser.timeout_seconds', type: 'number' },
  FROSTBYTE_PARSER_SOCKET: { path: 'parser.socket', type: 'text' },
  FROSTBYTE_EMBEDDER: { path: 'embedder.model', type: 'text' },
  FROSTBYTE_MODELS: { path: 'embedder.models_folder', type: 'text' },
  FROSTBYTE_EMBEDDER_IDLE_MINUTES: { path: 'embedder.idle_minutes', type: 'number' },
  FROSTBYTE_ENDPOINT: { path: 'embedder.endpoint.url', type: 'text' },
  FROSTBYTE_ENDPOINT_MODEL: { path: 'embedder.endpoint.model', type: 'text' },
  FROSTBYTE_ENDPOINT_KEY_FILE: { path: 'embedder.endpoint.key_file', type: 'text' },
  FROSTBYTE_ENDPOINT_CA_FILE: { path: 'embedder.endpoint.ca_file', type: 'text' },
  FROSTBYTE_ENDPOINT_BATCH: { path: 'embedder.endpoint.batch', type: 'number' },
  FROSTBYTE_ENDPOINT_TIMEOUT_SECONDS: { path: 'embedder.endpoint.timeout_seconds', type: 'number' },
  FROSTBYTE_ENDPOINT_MAX_CHARACTERS: { path: 'embedder.endpoint.max_characters', type: 'number' },
  FROSTBYTE_ENDPOINT_SEND_DIMENSIONS: { path: 'embedder.endpoint.send_dimensions', type: 'text' },
  FROSTBYTE_CLAMD: { path: 'scanner.clamd', type: 'text' },
  FROSTBYTE_CLAMD_STREAM_MAX_MB: { path: 'scanner.stream_max_mb', type: 'number' },
  FROSTBYTE_INBOX: { path: 'inbox.folder', type: 'text' },
  FROSTBYTE_INBOX_POLL_SECONDS: { path: 'inbox.poll_seconds', type: 'number' },
  FROSTBYTE_INBOX_STABLE_SECONDS: { path: 'inbox.stable_seconds', type: 'number' },
  FROSTBYTE_INBOX_WAITING_MINUTES: { path: 'inbox.waiting_minutes', type: 'number' },
  FROSTBYTE_INBOX_PATIENCE_SECONDS: { path: 'inbox.patience_seconds', type: 'number' },
  FROSTBYTE_INBOX_TAKEN_FILES: { path: 'inbox.taken_files', type: 'text' },
  FROSTBYTE_MIN_FREE_MB: { path: 'intake.min_free_mb', type: 'number' },
  FROSTBYTE_ISOLATION_EVERY_HOURS: { path: 'isolation.every_hours', type: 'number' },
  FROSTBYTE_BREAK_GLASS_MAX_MINUTES: { path: 'break_glass.max_minutes', type: 'number' },
  FROSTBYTE_RUN: { path: 'processes.run_folder', type: 'text' },
  FROSTBYTE_FLAGS: { path: 'processes.flags_folder', type: 'text' },
  FROSTBYTE_GATEWAY_UID: { path: 'processes.gateway_uid', type: 'number' },
  FROSTBYTE_MODE: { path: 'mode', type: 'text' },
  FROSTBYTE_ENGINE: { path: 'stack.engine', type: 'text' },
  FROSTBYTE_SUBNET: { path: 'stack.subnet', type: 'text' },
  FROSTBYTE_SECRETS: { path: 'stack.secrets_folder', type: 'text' },
  FROSTBYTE_HBA: { path: 'stack.hba_folder', type: 'text' },
  FROSTBYTE_STORES_DISK: { path: 'stack.disk', type: 'text' },
  FROSTBYTE_STORES_TLS: { path: 'stack.tls', type: 'text' },
  FROSTBYTE_QDRANT: { path: 'stack.qdrant', type: 'text' },
  FROSTBYTE_VECTORS: { path: 'stack.vectors', type: 'text' },
  FROSTBYTE_COMPOSE: { path: 'stack.compose', type: 'text' },
  FROSTBYTE_COMPOSE_FOLDER: { path: 'stack.compose_folder', type: 'text' },
  FROSTBYTE_SIGNATURES: { path: 'stack.signatures_folder', type: 'text' },
  FROSTBYTE_STORES_CERTIFICATES: { path: 'stack.certificates_folder', type: 'text' },
  FROSTBYTE_PLANES: { path: 'stack.planes', type: 'text' },
  FROSTBYTE_DRAIN_SECONDS: { path: 'drain_seconds', type: 'number' },
});

/** Variables that are not settings: which file to read, and what the command line talks to. */
export const OTHER_VARIABLES = Object.freeze({
  /** Path of the configuration file. */
  FROSTBYTE_CONFIG: 'FROSTBYTE_CONFIG',
  /** Address of the gateway, for commands that talk to it. */
  FROSTBYTE_URL: 'FROSTBYTE_URL',
  /** File with the certificate that an https address is known by, for commands that talk to the gateway. */
  FROSTBYTE_CA: 'FROSTBYTE_CA',
  /** Token, for commands that talk to the gateway. */
  FROSTBYTE_TOKEN: 'FROSTBYTE_TOKEN',
});

/** Where the service manager lays credentials for this process alone; null where it has none. */
export function credentialsFolder(environment: NodeJS.ProcessEnv = process.env): string | null {
  return environment.CREDENTIALS_DIRECTORY ?? null;
}

/** Prefix of variables that only tests read. */
const TEST_PREFIX = 'FROSTBYTE_TEST_';

/** All `FROSTBYTE_` variables of the process, but those of tests. */
export function frostbyteVariables(environment: NodeJS.ProcessEnv = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (pair): pair is [string, string] =>
        pair[0].startsWith('FROSTBYTE_') && !pair[0].startsWith(TEST_PREFIX) && pair[1] !== undefined,
    ),
  );
}
