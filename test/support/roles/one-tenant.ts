import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { PlaneAddress, PlaneHandover } from '../../../appliance/api/plane/handover.ts';
import { ASSERTION_HEADER, generateSeamKeys, signAssertion } from '../../../appliance/api/seam.ts';
import { DEFAULT_TENANT_CONFIG } from '../../../appliance/api/tenant-config.ts';
import { defaultConfig } from '../../../appliance/config/schema.ts';
import { type DialledPlane, dialPlane } from '../../../appliance/control/planes/dial.ts';
import { makeKeyPair } from '../../../appliance/secrets/identities.ts';
import { makeBatch, type TestFile } from '../batch.ts';

/** One tenant's roles without a gateway and control: the test is both. */
export interface OneTenant {
  handover: PlaneHandover;
  /** Asks the data plane as a gateway does; `assertion: false` as anybody else. */
  ask<T>(method: string, path: string, body?: unknown, options?: { assertion?: boolean }): Promise<Asked<T>>;
  /** Sends files as one batch; answers its id and the receipts by file name. */
  send(files: TestFile[]): Promise<{ batchId: string; status: number; scans: Record<string, string> }>;
  /** Waits until no file of the batch is at work; answers the status of each file's last stage by file name. */
  settled(batchId: string): Promise<Record<string, string>>;
  dial(): Promise<DialledPlane>;
}

export interface Asked<T> {
  status: number;
  data: T;
}

export interface OneTenantOptions {
  tenantId: string;
  /** Where the roles find the tenant's files. */
  data: string;
  /** Where the plane listens, and where it is reached from here. */
  listen: PlaneAddress;
  reach: { host: string; port: number };
  parserSocket: string;
  scanner: string;
}

const API = '/api/v1';
const PATIENCE_MS = 120_000;

export async function oneTenant(options: OneTenantOptions): Promise<OneTenant> {
  const { tenantId, data, listen, reach, parserSocket, scanner } = options;
  const [control, gateway] = [generateSeamKeys(), generateSeamKeys()];
  const pem = (key: typeof control.publicKey) => key.export({ type: 'spki', format: 'pem' }).toString();
  const keys = await makeKeyPair();
  const settings = defaultConfig();
  settings.workers.count = 0;
  settings.parser.socket = parserSocket;
  settings.scanner.clamd = scanner;
  const handover: PlaneHandover = {
    tenant_id: tenantId,
    listen,
    stores: {
      kind: 'embedded',
      objects: `${data}/objects`,
      records: `${data}/records.sqlite`,
      vectors: `${data}/vectors.sqlite`,
      queue: `${data}/queue.sqlite`,
      temporary: `${data}/tmp`,
    },
    storage_keys: { recipient: keys.recipient, identities: [keys.identity], recipients: [keys.recipient] },
    control_key: pem(control.publicKey),
    is_open: true,
    gateway_keys: { test: pem(gateway.publicKey) },
    config: { ...DEFAULT_TENANT_CONFIG, classification_review_enabled: false },
    config_version: 1,
    clock_floor: 0,
    settings: { ...settings },
  };

  const ask: OneTenant['ask'] = async (method, path, body, { assertion = true } = {}) => {
    const url = new URL(`http://${reach.host}:${reach.port}${API}${path}`);
    const made = new Request(url, {
      method,
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await made.arrayBuffer());
    const headers: Record<string, string> = {};
    if (body !== undefined) {
      headers['content-type'] = body instanceof FormData ? made.headers.get('content-type')! : 'application/json';
      headers['content-length'] = String(bytes.length);
    }
    if (assertion) {
      headers[ASSERTION_HEADER] = await signAssertion(gateway.privateKey, {
        tenant_id: tenantId,
        caller: {
          subject: 'dana',
          role: 'tenant_admin',
          scopes: ['ingest', 'query', 'admin', 'audit'],
          tenant_id: tenantId,
          jti: randomUUID(),
        },
        method,
        path: url.pathname,
        query: url.search,
        length: body === undefined ? null : String(bytes.length),
        key_id: 'test',
      });
    }
    const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: bytes }) });
    const { data: answered } = (await response.json()) as { data: never };
    return { status: response.status, data: answered };
  };

  return {
    handover,
    ask,
    async send(files) {
      const { form, manifest } = makeBatch(tenantId, files);
      const { status, data: receipt } = await ask<{
        receipts: { original_filename: string; scan_result: string }[];
        quarantined_files: { file_id: string }[];
      }>('POST', `/ingest/${tenantId}/batch`, form);
      const scans = Object.fromEntries(
        (receipt?.receipts ?? []).map(({ original_filename, scan_result }) => [original_filename, scan_result]),
      );
      return { batchId: manifest.batch_id, status, scans };
    },
    async settled(batchId) {
      for (const deadline = performance.now() + PATIENCE_MS; ; ) {
        const { data: batch } = await ask<{
          files: { original_filename: string; current_stage: string; stages: Record<string, string> }[];
        }>('GET', `/ingest/${tenantId}/batch/${batchId}`);
        const states = Object.fromEntries(
          batch.files.map(({ original_filename, current_stage, stages }) => [
            original_filename,
            `${current_stage} ${stages[current_stage]}`,
          ]),
        );
        if (Object.values(states).every((state) => !/queued|processing|parse completed/.test(state))) return states;
        if (performance.now() > deadline) throw new Error(`not settled in time: ${JSON.stringify(states)}`);
        await wait(50);
      }
    },
    dial: () =>
      dialPlane(tenantId, { host: reach.host, port: reach.port }, control.privateKey, {
        holdsOn: async () => [],
        isClockTrusted: async () => true,
        room: async () => 2 ** 40,
        ledger: async () => ({ entries: [], next: null }),
      } as never),
  };
}
