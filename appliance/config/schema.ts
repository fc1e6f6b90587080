import { z } from 'zod';
import { MODEL_NAME } from '../kernel/model-name.ts';
import { DEFAULT_SUBNET } from '../kernel/names.ts';

/** `host:port`, `[::1]:port` or a path. */
const CLAMD = /^(?:.*\/.*|\[[^\]\s]+\]:\d{1,5}|[^[\]:\s]+:\d{1,5})$/;

/**
 * The appliance's settings: one schema for file and environment. A value comes from the default, then the file
 * (`frostbyte.yaml`), then the environment; unknown names are refused.
 */
export const Config = z.strictObject({
  mode: z
    .enum(['embedded', 'stack'])
    .describe('embedded: one folder, no server; stack: containers on internal networks'),
  data_folder: z.string().regex(/\S/, 'must not be empty').describe('Where everything is kept'),
  listen: z
    .strictObject({
      host: z.string().min(1),
      port: z.number().int().min(0).max(65_535).describe('0 takes a free one'),
      open: z
        .strictObject({
          host: z.string().min(1).describe('An address of this host, or 0.0.0.0 for all'),
          port: z.number().int().min(0).max(65_535).describe('0 takes a free one'),
          networks: z
            .array(z.union([z.cidrv4(), z.cidrv6()], { error: 'must be a network, as 10.1.0.0/16' }))
            .min(1, 'must name whoever may come, as 10.1.0.0/16')
            .describe('Who may come, by network; whoever else does is hung up on'),
          certificate: z.string().min(1).describe('PEM file that is shown, and behind it those that signed it'),
          key: z.string().min(1).describe('PEM file with its key, without a passphrase'),
        })
        .nullable()
        .describe(
          'A second door, for named networks: TLS 1.3 alone; null: whoever comes from elsewhere does it by SSH',
        ),
    })
    .describe('Loopback, in plain, for who is on this host; others come by the door that `open` describes'),
  silence_seconds: z
    .number()
    .int()
    .min(1)
    .max(3600)
    .describe('A connection on which nothing moves for this long is closed; a slow one that moves is not'),
  log_level: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  rate_limits: z.enum(['on', 'off']).describe('off is for load and fault tests only'),
  workers: z.strictObject({
    count: z.number().int().min(0).max(64).describe('Worker processes that the daemon keeps running'),
    concurrency: z.number().int().min(1).max(64).describe('Jobs at a time in each'),
    lease_seconds: z.number().int().min(5).max(3600),
  }),
  parser: z.strictObject({
    sandbox: z.enum(['full', 'reduced']).describe('reduced: without a network namespace, embedded mode only'),
    memory_mb: z.number().int().min(256).max(65_536),
    timeout_seconds: z.number().int().min(5).max(86_400),
    socket: z
      .string()
      .min(1)
      .nullable()
      .describe(
        'Where a parser listens that is a role of its own; null: documents are parsed by children of the workers',
      ),
  }),
  embedder: z
    .strictObject({
      model: z
        .string()
        .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'must be auto, lexical or the name of a model')
        .describe('auto: the best model present; lexical: words alone, no model; or the name of a model'),
      models_folder: z
        .string()
        .min(1)
        .nullable()
        .describe('Where models lie; null: models in the data folder, or beside the program'),
      addresses: z
        .record(z.string(), z.string().min(1))
        .nullable()
        .describe(
          'Where embedders listen that somebody else runs, by model: the path of a socket, or host:port; null: one is run here for each model that is here',
        ),
      idle_minutes: z
        .number()
        .int()
        .min(1)
        .max(10_080)
        .describe('A model that nobody asked for so long leaves the memory until it is asked again'),
      endpoint: z
        .strictObject({
          url: z
            .url()
            .nullable()
            .describe(
              'Address of an OpenAI-compatible API, up to /embeddings: https, or http on loopback; null: nothing leaves this box, and no tenant may embed online',
            ),
          model: z.string().regex(MODEL_NAME, 'must be the name of a model').describe('As the endpoint calls it'),
          key_file: z
            .string()
            .min(1)
            .nullable()
            .describe('A file of mode 0600 with the endpoint’s key alone, read for each request; null: it wants none'),
          ca_file: z
            .string()
            .min(1)
            .nullable()
            .describe(
              'The authority that signed the endpoint’s certificate, as PEM; null: those that the runtime knows',
            ),
          batch: z.number().int().min(1).max(2048).describe('Texts in one request at most'),
          timeout_seconds: z.number().int().min(1).max(600).describe('Of one request; it is repeated a few times'),
          max_characters: z
            .number()
            .int()
            .min(200)
            .max(100_000)
            .describe('So much of a text the model reads at once; longer ones are cut into pieces, never cut short'),
          document_prefix: z.string().max(200).describe('What the model wants before a document'),
          query_prefix: z.string().max(200).describe('What the model wants before a question'),
          send_dimensions: z
            .enum(['on', 'off'])
            .describe('off: for a model that can give 768 dimensions only, and knows no such field'),
        })
        .describe('Where tenants embed whose embedding_mode is online'),
    })
    .describe('What turns texts into vectors'),
  scanner: z.strictObject({
    clamd: z
      .string()
      .regex(CLAMD, 'must be host:port or the path of a socket')
      .nullable()
      .describe('host:port or the path of a socket; null: no malware scan, and receipts say so'),
    stream_max_mb: z.number().int().min(1).max(4000).describe('StreamMaxLength of clamd; larger files are unscannable'),
  }),
  inbox: z
    .strictObject({
      folder: z
        .string()
        .min(1)
        .nullable()
        .describe('Root of the inbox, with a folder for each tenant id; null: none. Outside the data folder'),
      poll_seconds: z.number().int().min(1).max(3600),
      stable_seconds: z
        .number()
        .int()
        .min(1)
        .max(3600)
        .describe('A batch is taken once it has not changed for so long'),
      waiting_minutes: z
        .number()
        .int()
        .min(1)
        .max(10_080)
        .describe('Then an incomplete batch is told, by waiting.json'),
      patience_seconds: z
        .number()
        .int()
        .min(1)
        .max(3600)
        .describe('A folder on a share that answers nothing for so long is left alone until it does'),
      taken_files: z
        .enum(['keep', 'remove'])
        .describe('remove: what a batch brought goes from the inbox once its final report lies there'),
    })
    .describe('Batches that lie in a folder of the host are taken by themselves'),
  intake: z.strictObject({
    min_free_mb: z
      .number()
      .int()
      .min(1)
      .max(1_000_000_000)
      .nullable()
      .describe(
        'Free space on the data disk that intake leaves; what would take more is refused with 507. null: 1 GiB, or a twentieth of a smaller disk',
      ),
  }),
  break_glass: z.strictObject({
    max_minutes: z.number().int().min(1).max(60).describe('How long an administrator may look at a tenant’s content'),
  }),
  isolation: z.strictObject({
    every_hours: z.number().min(0.1).max(720).describe('When a tenant’s isolation is checked again by itself'),
  }),
  processes: z
    .strictObject({
      run_folder: z
        .string()
        .min(1)
        .nullable()
        .describe('Where the sockets between the processes lie; null: run in the data folder. A short path'),
      flags_folder: z
        .string()
        .min(1)
        .nullable()
        .describe('Where a gateway sees the flags of the kill-switch; null: control/suspended in the data folder'),
      gateway_uid: z
        .number()
        .int()
        .min(0)
        .max(0xffff_fffe)
        .nullable()
        .describe('The user that the gateway runs as, where it is not that of control'),
    })
    .describe('Gateway, control and data planes as processes of their own (serve --role)'),
  stack: z
    .strictObject({
      engine: z.string().min(1).describe('Socket of the Docker Engine'),
      subnet: z
        .string()
        .regex(/^\d{1,3}\.\d{1,3}$/, 'must be the first half of an address, such as 172.28')
        .describe('First half of all addresses of containers'),
      secrets_folder: z.string().min(1).describe('Where the stores’ administrative secrets lie, a file each'),
      hba_folder: z.string().min(1).describe('Where PostgreSQL is told who may come in, and from where'),
      disk: z
        .string()
        .min(1)
        .nullable()
        .describe(
          'A folder on the disk that the stores’ volumes lie on; low space there closes intake. null: the engine’s own root',
        ),
      tls: z
        .enum(['on', 'off'])
        .describe('on: the stores are spoken to over TLS alone, with the certificates in secrets_folder'),
      qdrant: z
        .url()
        .nullable()
        .describe('Another address of Qdrant than that in the stack; only used where vectors is qdrant'),
      vectors: z
        .enum(['qdrant', 'sqlite-vec'])
        .describe('sqlite-vec: a file for each tenant, where the bundle was built without Qdrant'),
      compose: z
        .string()
        .min(1)
        .nullable()
        .describe('The program docker-compose, where control brings the core stack up; null: somebody else does'),
      compose_folder: z.string().min(1).describe('Where the descriptions of the core stack lie: core.yaml, tls.yaml'),
      signatures_folder: z.string().min(1).describe('Where the malware signatures lie'),
      certificates_folder: z
        .string()
        .min(1)
        .nullable()
        .describe(
          'Where the stores’ certificates lie for tls: on, which control takes to secrets_folder; null: they are there already',
        ),
      planes: z
        .enum(['containers', 'processes'])
        .describe('Where data planes run; processes: children of control, for development and tests'),
    })
    .describe('The server stores and where data planes run (mode: stack)'),
  drain_seconds: z.number().int().min(0).max(60).describe('How long a suspended tenant’s work in flight may go on'),
});
export type Config = z.infer<typeof Config>;

/** Every default, in one place. */
export function defaultConfig(): Config {
  return {
    mode: 'embedded',
    data_folder: './frostbyte-data',
    listen: { host: '127.0.0.1', port: 8080, open: null },
    silence_seconds: 120,
    log_level: 'info',
    rate_limits: 'on',
    workers: { count: 1, concurrency: 2, lease_seconds: 60 },
    parser: { sandbox: 'full', memory_mb: 2048, timeout_seconds: 300, socket: null },
    embedder: { model: 'auto', models_folder: null, addresses: null, idle_minutes: 15, endpoint: defaultEndpoint() },
    scanner: { clamd: null, stream_max_mb: 100 },
    inbox: {
      folder: null,
      poll_seconds: 5,
      stable_seconds: 10,
      waiting_minutes: 15,
      patience_seconds: 30,
      taken_files: 'keep',
    },
    intake: { min_free_mb: null },
    break_glass: { max_minutes: 60 },
    isolation: { every_hours: 24 },
    processes: { run_folder: null, flags_folder: null, gateway_uid: null },
    stack: {
      engine: '/var/run/docker.sock',
      subnet: DEFAULT_SUBNET,
      secrets_folder: '/run/frostbyte/secrets',
      hba_folder: '/var/lib/frostbyte/hba',
      disk: null,
      tls: 'off',
      qdrant: null,
      vectors: 'qdrant',
      compose: null,
      compose_folder: '/opt/frostbyte/current/compose',
      signatures_folder: '/var/lib/frostbyte/signatures',
      certificates_folder: null,
      planes: 'containers',
    },
    drain_seconds: 5,
  };
}

/** The endpoint of spec 2 D, without an address. */
function defaultEndpoint(): Config['embedder']['endpoint'] {
  return {
    url: null,
    model: 'text-embedding-3-small',
    key_file: null,
    ca_file: null,
    batch: 64,
    timeout_seconds: 30,
    max_characters: 8000,
    document_prefix: '',
    query_prefix: '',
    send_dimensions: 'on',
  };
}

/** Settings that are never printed. None is a secret today; a new one that is belongs here. */
export const SECRET_SETTINGS: ReadonlySet<string> = new Set<string>();
