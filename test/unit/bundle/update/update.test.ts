import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { signerFiles } from '../../../../appliance/bundle/build/write-signers.ts';
import { readEvidence } from '../../../../appliance/bundle/evidence/log.ts';
import { type HostLayout, hostLayout } from '../../../../appliance/bundle/host-layout.ts';
import { knownTrust } from '../../../../appliance/bundle/install/known-trust.ts';
import { executeOperation } from '../../../../appliance/bundle/operation/execute.ts';
import type { Operation } from '../../../../appliance/bundle/operation/phase.ts';
import { publicOf } from '../../../../appliance/bundle/sshsig/keys.ts';
import { signMessage } from '../../../../appliance/bundle/sshsig/signature.ts';
import { renewSignatures } from '../../../../appliance/bundle/update/phases/renew-signatures.ts';
import type { UpdateTools } from '../../../../appliance/bundle/update/tools.ts';
import { type UpdateParameters, updateOperation } from '../../../../appliance/bundle/update/update.ts';
import { newKey } from '../../../support/bundle-world.ts';
import { BY } from '../../../support/operation-world.ts';
import { phaseWorld } from '../../../support/phase-world.ts';

let root: string;
let layout: HostLayout;
let signatures: string;
/** What the scanner and the log of a host with tools of a test were told. */
let told: string[];
let works: boolean;
let here: string[];
const OLD = { 'main.cvd': 'main 1', 'daily.cld': 'daily 1' };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'frostbyte-update-'));
  layout = hostLayout(root);
  signatures = join(layout.data, 'signatures');
  told = [];
  works = true;
  here = [];
  lay(signatures, OLD);
  mkdirSync(layout.settings, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function lay(folder: string, files: Record<string, string>): string {
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}
const there = (folder = signatures) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));

const tools = (): UpdateTools => ({
  signatures,
  models: {
    present: async () => [...here],
    take: async (from) => void here.push(from.split('/').at(-1)!),
    async remove(name) {
      here = here.filter((one) => one !== name);
    },
  },
  running: {
    scanner: {
      async renew() {
        told.push(`scans by ${Object.values(there()).join(', ')}`);
        return works || !readdirSync(signatures).includes('bad.ndb');
      },
    },
    readiness: { waitingFor: async () => ({ of: 1, missing: [] }) },
    services: { manager: 'systemd', failed: async () => [] },
    log: { signatures: async (version) => void told.push(`SIGNATURES_UPDATED ${version}`) },
  },
});

/** The verified copy of an update, and what is known of it. */
async function copied(files: Record<string, string>, changes: Partial<UpdateParameters> = {}, serial = 3) {
  const copy = join(layout.quarantine, 'update-0123456789abcdef');
  rmSync(copy, { recursive: true, force: true });
  const updates = changes.updates ?? 'malware-signatures';
  for (const [path, text] of Object.entries(files)) {
    const folder = join(copy, updates === 'models' ? 'models' : 'signatures', path, '..');
    lay(folder, { [path.split('/').at(-1)!]: text });
  }
  const key = newKey();
  const signer = { key: publicOf(newKey()), comment: 'release', valid_after: null, valid_before: null };
  const lists = await signerFiles(
    { serial, none_before: null, signers: [signer], revocations: [] },
    { key: publicOf(key), sign: async (text, namespace) => signMessage(Buffer.from(text), key, namespace) },
  );
  for (const { path, from } of lists) lay(join(copy, path, '..'), { [path.split('/').at(-1)!]: from.toString() });
  const parameters = { updates, version: '2026.11.27', counter: 12, manifest_sha256: 'a'.repeat(64), copy, ...changes };
  return updateOperation(parameters, layout, tools());
}

const run = async (files: Record<string, string>, changes?: Partial<UpdateParameters>, serial?: number) =>
  runOf(await copied(files, changes, serial));
const runOf = (operation: Operation) =>
  executeOperation({
    layout,
    operation,
    version: '1.2.3',
    command: 'frostbyte update',
    by: BY,
    host: 'box',
    bundle: null,
    signal: new AbortController().signal,
    listen: () => undefined,
  });

describe('an update of malware signatures', () => {
  test('puts all of them in the place of those of before, has them loaded, and is in the log and in the evidence', async () => {
    const outcome = await run({ 'main.cvd': 'main 2', 'daily.cvd': 'daily 2' });
    assert.equal(outcome.state, 'done', outcome.failure?.message);
    assert.deepEqual(there(), { 'main.cvd': 'main 2', 'daily.cvd': 'daily 2' });
    assert.deepEqual(told, ['scans by daily 2, main 2', 'SIGNATURES_UPDATED 2026.11.27']);
    assert.deepEqual(readdirSync(layout.data).sort(), ['evidence', 'operations', 'signatures']);
    assert.deepEqual(readdirSync(layout.quarantine), []);
    const { records } = readEvidence(layout.evidence);
    assert.deepEqual(
      records.map(({ action, result }) => `${action} ${result}`),
      ['update ok'],
    );
  });

  test('that the scanner does not start with is taken back, and those of before are loaded again', async () => {
    works = false;
    const outcome = await run({ 'bad.ndb': 'torn' });
    assert.deepEqual([outcome.state, outcome.failure?.code], ['rolled-back', 'OPERATION_FAILED']);
    assert.match(outcome.failure!.message, /docker logs frostbyte-clamav-1/);
    assert.deepEqual(there(), OLD);
    assert.deepEqual(told, ['scans by torn', 'scans by daily 1, main 1']);
    assert.equal(existsSync(`${signatures}-before`), false);
    assert.deepEqual(knownTrust(layout).updates, {}, 'what was taken back is not the newest');
  });

  test('that was killed when its copy was gone already is finished, and empties nothing', async () => {
    const files = { 'main.cvd': 'main 2' };
    const operation = await copied(files);
    const [forget] = operation.phases.slice(-1);
    const killed = {
      ...forget!,
      check: async () => false,
      do: () => forget!.do(null as never).then(() => Promise.reject(new Error('killed'))),
    };
    const first = await runOf({ ...operation, phases: [...operation.phases.slice(0, -1), killed] });
    assert.equal(first.state, 'waiting');
    const second = await runOf(operation);
    assert.equal(second.state, 'done', second.failure?.message);
    assert.deepEqual(there(), files);
    assert.equal((await run({}, { counter: 13 })).state, 'rolled-back', 'an update without signatures takes none away');
    assert.deepEqual(there(), files);
  });

  test('remembers the newest of its kind apart from releases and from models, and newer lists of signers', async () => {
    await run({ 'main.cvd': 'main 2' }, {}, 7);
    await run({ 'mpnet/model.onnx': 'weights' }, { updates: 'models', counter: 2, version: '1.0.0' }, 5);
    const known = knownTrust(layout);
    assert.deepEqual([known.counter, known.updates], [0, { 'malware-signatures': 12, models: 2 }]);
    assert.match(known.lists!.allowed_signers, /^# serial: 7$/m);
  });
});

describe('signatures', () => {
  const { runOf, through } = phaseWorld();
  const brought = () => lay(join(root, 'brought'), { 'main.cvd': 'main 2' });

  test('that were killed in the middle come to the same when they are gone on with, either way', async () => {
    const phase = renewSignatures(brought(), signatures, null);
    // Killed behind the first file, with another one half written.
    lay(`${signatures}-before`, OLD);
    lay(signatures, { 'main.cvd': 'main 2', '.daily.cvd.new': 'half' });
    await phase.undo!(runOf());
    assert.deepEqual(there(), OLD);
    await through(phase);
    assert.deepEqual(there(), { 'main.cvd': 'main 2' });
    await phase.do(runOf());
    assert.deepEqual(there(`${signatures}-before`), OLD, 'called again, it does not take the new for the old');
    await phase.undo!(runOf());
    await phase.undo!(runOf());
    assert.deepEqual(there(), OLD);
  });
});

describe('an update of models', () => {
  test('takes those that are not here, and takes them away again where something fails behind it', async () => {
    here = ['known'];
    const files = { 'known/model.onnx': 'k', 'mpnet/model.onnx': 'm' };
    const outcome = await run(files, { updates: 'models' });
    assert.equal(outcome.state, 'done', outcome.failure?.message);
    assert.deepEqual([here, told], [['known', 'mpnet'], []]);
    here = ['known'];
    writeFileSync(join(layout.settings, 'newest_updates.json'), 'torn');
    const failed = await run(files, { updates: 'models', counter: 13 });
    assert.deepEqual([failed.state, failed.failure?.phase, here], ['rolled-back', 'trust', ['known']]);
  });
});
