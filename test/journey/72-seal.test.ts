import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, it } from 'node:test';
import { controlPaths } from '../../appliance/kernel/names.ts';
import { type Appliance, startAppliance } from '../support/appliance.ts';
import { until } from '../support/faults/until.ts';
import { PROGRAM } from '../support/program.ts';

/** The root key at rest, sealed by a person: the appliance goes on, and after a boot starts only once it was opened. */

const PASSPHRASE = 'herring rye tulip plasma';

let appliance: Appliance;
let run: string;
before(async () => {
  run = mkdtempSync('/dev/shm/frostbyte-seal-');
  appliance = await startAppliance({ environment: { FROSTBYTE_RUN: run } });
  await appliance.createTenant('acme');
});
after(async () => {
  await appliance?.end();
  rmSync(run, { recursive: true, force: true });
});

async function frostbyte(input: string, ...args: string[]) {
  const words = [...args, '--data', appliance.dataFolder];
  // What was built starts twice as fast.
  const [program, ...own] = PROGRAM;
  const child = spawn(program!, [...own, ...words], { env: appliance.environment, stdio: 'pipe' });
  child.stdin.end(input);
  const gone = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await gone;
  return { status: child.exitCode, stdout, stderr };
}

it('is sealed while the appliance runs, refuses to start closed, and starts once it was unsealed', async () => {
  // Tokens are issued in this process, which is told of no run folder: before the key is sealed.
  const dana = await appliance.client('acme');
  const auditor = await appliance.caller({ role: 'auditor' });
  const sealed = await frostbyte(`${PASSPHRASE}\n`, 'seal');
  assert.equal(sealed.status, 0, sealed.stderr);
  assert.match(
    readFileSync(controlPaths(appliance.dataFolder).rootKey, 'latin1'),
    /^age-encryption\.org\/v1\n-> scrypt /,
  );
  await dana.get('/ingest/acme/batches');

  await appliance.stop();
  rmSync(join(run, 'root.identity'));
  await assert.rejects(appliance.restart(), /root key is sealed/);
  const wrong = await frostbyte('not the passphrase\n', 'unseal');
  assert.notEqual(wrong.status, 0);
  assert.match(wrong.stderr, /does not open the root key/);
  const unsealed = await frostbyte(`${PASSPHRASE}\n`, 'unseal');
  assert.equal(unsealed.status, 0, unsealed.stderr);
  await appliance.restart();
  const issued = await frostbyte('', 'token', 'issue', '--role', 'tenant_admin', '--tenant', 'acme');
  const response = await fetch(`${appliance.url}/api/v1/ingest/acme/batches`, {
    headers: { authorization: `Bearer ${issued.stdout.trim()}` },
  });
  assert.equal(response.status, 200);
  await until('the event', async () => {
    const { data } = await auditor('GET', '/audit/_appliance/events?event_type=UNSEALED');
    return JSON.stringify(data).includes('"method":"passphrase"');
  });
});
