import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openApiDocument } from '../../appliance/api/openapi.ts';
import type { AlertReport, MeasuredPlots } from '../../appliance/control/verbs.ts';
import { type Appliance, ARRANGEMENT, startAppliance } from '../support/appliance.ts';
import { workersOf } from '../support/faults/processes.ts';
import { until } from '../support/faults/until.ts';
import { PROGRAM } from '../support/program.ts';

/** From nothing to a daemon that answers: what an operator sees first. */

let appliance: Appliance;
before(async () => {
  appliance = await startAppliance();
});
after(() => appliance.end());

/** A connection of its own: commands that are waited for let kept ones run out. */
const get = (path: string) => fetch(`${appliance.url}${path}`, { headers: { connection: 'close' } });

test('it listens on loopback and says so in one line', () => {
  assert.match(appliance.url, /^http:\/\/127\.0\.0\.1:\d+$/);
});

test('liveness and readiness answer without a token and name no secret', async () => {
  assert.deepEqual(await (await get('/health')).json(), { status: 'ok' });
  const ready = await get('/ready');
  const body = (await ready.json()) as {
    status: string;
    dependencies: { name: string; ok: boolean; message: string }[];
  };
  assert.equal(ready.status, 200, JSON.stringify(body));
  assert.equal(body.status, 'ready');
  const names = body.dependencies.map(({ name }) => name);
  for (const name of ['registry', 'signing keys', 'audit log', 'isolation']) assert.ok(names.includes(name), name);
  assert.ok(
    names.some((name) => name.startsWith('parser.')),
    'each layer of the sandbox is shown',
  );
  assert.doesNotMatch(JSON.stringify(body), /AGE-SECRET|\/tmp\//);
});

test('metrics are Prometheus text of the process', async () => {
  const response = await get('/metrics');
  assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  assert.match(text, /^frostbyte_build_info\{version="[^"]+"\} 1$/m);
  assert.match(text, /^# TYPE frostbyte_api_request_duration_seconds histogram$/m);
  assert.match(text, /^process_resident_memory_bytes \d+/m);
});

test('what it measures is kept, drawn, and asked for alerts', async () => {
  const admin = await appliance.caller({ role: 'admin' });
  const report = await until(
    'the first look',
    async () => {
      const { data } = await admin<AlertReport>('GET', '/admin/alerts');
      return data.evaluated_at === null ? null : data;
    },
    { everyMs: 1000 },
  );
  assert.deepEqual([report.rules.length, report.alerts], [12, []]);
  const { data: measured } = await admin<MeasuredPlots>('GET', '/admin/measures?hours=1');
  const names = measured.plots.map(({ plot }) => plot);
  for (const name of ['files', 'storage', 'search_time', 'requests']) assert.ok(names.includes(name), name);
  assert.ok(measured.plots.every(({ lines }) => lines.every(({ points }) => points.length === measured.times.length)));
});

test('the served document is the committed one’s source, and the reference page needs nothing from outside', async () => {
  const served = (await (await get('/api/v1/openapi.json')).json()) as { info: { version: string }; openapi: string };
  assert.equal(served.openapi, '3.1.0');
  assert.deepEqual(served, JSON.parse(JSON.stringify(openApiDocument(served.info.version))));
  const page = await get('/api/v1/reference');
  assert.match(page.headers.get('content-security-policy')!, /default-src 'none'/);
  const html = await page.text();
  assert.doesNotMatch(html, /<script|(?:src|href)=["']?(?:https?:)?\/\//i);
  assert.match(html, /\/api\/v1\/query\/\{tenant_id\}\/search/);
});

test('status answers any token and none without', async () => {
  const anybody = await appliance.caller({ role: 'auditor' });
  const { data } = await anybody<{ version: string; mode: string; uptime_seconds: number }>('GET', '/status');
  assert.equal(data.mode, ARRANGEMENT === 'stack' ? 'stack' : 'embedded');
  assert.ok(data.uptime_seconds >= 0);
  const nobody = await appliance.caller();
  assert.equal((await nobody('GET', '/status')).code, 'AUTHENTICATION_REQUIRED');
});

test('the data folder is its owner’s alone', () => {
  const open: string[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (statSync(path).mode & 0o077 && statSync(folder).mode & 0o077) open.push(path);
    }
  };
  assert.equal(statSync(appliance.dataFolder).mode & 0o077, 0);
  walk(join(appliance.dataFolder, 'secrets'));
  assert.deepEqual(open, []);
});

const cli = (args: string[], environment: Record<string, string> = {}) =>
  spawnSync(PROGRAM[0]!, [...PROGRAM.slice(1), ...args], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    encoding: 'utf8',
    timeout: 30_000,
  });

test('a second daemon on the same folder is refused, and the first one lives', async () => {
  const { status, stderr } = cli(['serve', '--data', appliance.dataFolder], { FROSTBYTE_PORT: '0' });
  assert.equal(status, 1);
  assert.match(stderr, /DATA_FOLDER_IN_USE/);
  // This process stood still meanwhile: the first question may meet a connection that was given up as idle.
  await until('the first one', () =>
    get('/health').then(
      ({ status: answered }) => answered === 200,
      () => false,
    ),
  );
});

test('a wrong configuration ends the start with every problem and exit code 2', () => {
  const { status, stderr } = cli(['serve', '--data', appliance.dataFolder], {
    FROSTBYTE_HOST: '0.0.0.0',
    FROSTBYTE_PROT: '1',
  });
  assert.equal(status, 2);
  assert.match(stderr, /listen\.host: plain HTTP is served on loopback only/);
  assert.match(stderr, /FROSTBYTE_PROT: unknown variable; did you mean FROSTBYTE_PORT\?/);
});

test('a token made on the box opens the door; the command line tells unreachable from refused', () => {
  const token = cli(['token', 'issue', '--role', 'admin', '--data', appliance.dataFolder]).stdout.trim();
  assert.match(token, /^[\w-]+\.[\w-]+\.[\w-]+$/);
  const listed = cli(['tenant', 'list', '--json'], { FROSTBYTE_TOKEN: token, FROSTBYTE_URL: appliance.url });
  assert.deepEqual([listed.status, listed.stdout.trim()], [0, '[]']);
  assert.equal(cli(['tenant', 'list'], { FROSTBYTE_TOKEN: token, FROSTBYTE_URL: 'http://127.0.0.1:1' }).status, 3);
  assert.equal(cli(['tenant', 'list'], { FROSTBYTE_TOKEN: 'a.b.c', FROSTBYTE_URL: appliance.url }).status, 1);
});

test('bytes that are no HTTP get the envelope, not silence', async () => {
  const { connect } = await import('node:net');
  const answer = await new Promise<string>((done, fail) => {
    const socket = connect(Number(new URL(appliance.url).port), '127.0.0.1', () =>
      socket.write('NOT HTTP AT ALL\r\n\r\n'),
    );
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.on('close', () => done(text));
    socket.on('error', fail);
  });
  assert.match(answer, /^HTTP\/1\.1 400 /);
  assert.match(answer, /"code":"VALIDATION_ERROR"/);
});

test('SIGTERM ends it well: exit code 0, nothing left running, and it starts again on the same folder', async () => {
  await appliance.createTenant('acme');
  assert.equal(await appliance.stop(), 0);
  await assert.rejects(get('/health'));
  await appliance.restart();
  const admin = await appliance.caller({ role: 'admin' });
  const { data } = await admin<{ state: string }>('GET', '/admin/tenants/acme');
  assert.equal(data.state, 'ACTIVE');
});

test('workers stand behind the daemon that answers people', async () => {
  const daemon = appliance.process.pid!;
  await until('the worker steps back', () => workersOf(daemon).some((pid) => getPriority(pid) > getPriority(daemon)));
});
