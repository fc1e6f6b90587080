import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { armor } from 'age-encryption';
import type { BatchReceipt } from '../../appliance/api/receipts.ts';
import type { BatchStatus } from '../../appliance/api/schemas/ingest.ts';
import { withControl } from '../../appliance/bin/wire/embedded.ts';
import type { RestoreReport } from '../../appliance/bin/wire/restore/restore-report.ts';
import { loadConfig } from '../../appliance/config/load.ts';
import { open } from '../../appliance/secrets/age-file.ts';
import { identityFile, type KeyPair, makeKeyPair } from '../../appliance/secrets/identities.ts';
import { makeBatch, text as textFile } from './batch.ts';
import { serverEvents } from './events-stream.ts';
import type { Caller } from './http.ts';
import { PROGRAM } from './program.ts';

/** A folder for backups, the recovery recipient that opens them, and another that does not. */
export interface BackupWorld {
  folder: string;
  recovery: KeyPair;
  /** Identity files of the recipient, and of somebody else. */
  identity: string;
  foreign: string;
  at(name: string): string;
  /** The command line on a box. */
  box(data: string, environment?: Record<string, string>): RestoreBox;
  end(): void;
}

/** A data folder, and what the command line is told to work on it. */
export interface RestoreBox {
  data: string;
  cli(args: readonly string[], input?: string, environment?: Record<string, string>): Promise<Said>;
  /** What a command answers as JSON. */
  answered<T>(...args: string[]): Promise<T>;
  restored(...args: string[]): Promise<{ state: string; report: RestoreReport }>;
}

export async function backupWorld(): Promise<BackupWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-backup-'));
  const at = (name: string) => join(folder, name);
  const keep = (name: string, pair: KeyPair) => {
    writeFileSync(at(name), identityFile(pair, new Date().toISOString()), { mode: 0o600 });
    return at(name);
  };
  const recovery = await makeKeyPair();
  return {
    folder,
    recovery,
    identity: keep('recovery.key', recovery),
    foreign: keep('foreign.key', await makeKeyPair()),
    at,
    box: restoreBox,
    end: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** Names a recovery recipient and answers its challenge, as its holder does. */
export async function proveRecipient(dataFolder: string, { identity, recipient }: KeyPair): Promise<void> {
  const config = loadConfig({ variables: {}, overrides: { data_folder: dataFolder } });
  await withControl(config, async (control) => {
    const { challenge } = await control.nameRecovery(recipient, 'operator');
    await control.proveRecovery((await open([identity], armor.decode(challenge))).toString('utf8'), 'operator');
  });
}

export interface Said {
  code: number | null;
  out: string;
  errors: string;
}

/** Starts the command line on a data folder. */
export function startCli(dataFolder: string, args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(PROGRAM[0]!, [...PROGRAM.slice(1), ...args], {
    env: { PATH: process.env.PATH ?? '', FROSTBYTE_DATA: dataFolder, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const said = (async (): Promise<Said> => {
    const gone = new Promise<number | null>((done) => child.on('close', done));
    const [out, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { code: await gone, out, errors };
  })();
  return { child, said };
}

export async function cli(
  dataFolder: string,
  args: readonly string[],
  input = '',
  environment: Record<string, string> = {},
): Promise<Said> {
  const { child, said } = startCli(dataFolder, args, environment);
  child.stdin.on('error', () => undefined).end(input);
  return said;
}

function restoreBox(data: string, environment: Record<string, string> = {}): RestoreBox {
  const box: RestoreBox = {
    data,
    cli: (args, input = '', more = {}) => cli(data, args, input, { ...environment, ...more }),
    async answered<T>(...args: string[]) {
      const { code, out, errors } = await box.cli([...args, '--json']);
      assert.equal(code, 0, errors + out);
      return JSON.parse(out) as T;
    },
    restored: (...args) => box.answered('restore', ...args, '--progress', 'none'),
  };
  return box;
}

/** What a command on a data folder of files answers as JSON. */
export const answered = <T>(data: string, ...args: string[]): Promise<T> => restoreBox(data).answered<T>(...args);

export const restored = (data: string, ...args: string[]) => restoreBox(data).restored(...args);

/** Sends documents and waits until all of them are indexed; answers their ids. */
export async function ingested(caller: Caller, tenant: string, contents: readonly string[]): Promise<string[]> {
  const { form } = makeBatch(
    tenant,
    contents.map((content, i) => textFile(`${i}.txt`, content)),
  );
  const { data, error } = await caller<BatchReceipt>('POST', `/ingest/${tenant}/batch`, form);
  assert.equal(error, undefined, JSON.stringify(error));
  for await (const _ of serverEvents(await caller.raw('GET', `/ingest/${tenant}/batch/${data.batch_id}/stream`)))
    void _;
  const { data: status } = await caller<BatchStatus>('GET', `/ingest/${tenant}/batch/${data.batch_id}`);
  assert.ok(
    status.files.every(({ state }) => state === 'indexed'),
    JSON.stringify(status.files),
  );
  return status.files.map(({ doc_id }) => doc_id!);
}
