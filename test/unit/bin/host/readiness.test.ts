import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { hostReadiness } from '../../../../appliance/bin/host/readiness.ts';
import { type Config, defaultConfig } from '../../../../appliance/config/schema.ts';
import { CORE_SERVICES } from '../../../../appliance/control/stack/core-services.ts';
import { runPaths } from '../../../../appliance/kernel/names.ts';

/** Listens at a path, or at a free port, until the test is over. */
async function listening(t: TestContext, at: string | null, answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((resolve) =>
    at === null ? server.listen(0, '127.0.0.1', resolve) : server.listen(at, resolve),
  );
  t.after(() => void server.close());
  return server;
}

/** Settings of an appliance of which nothing runs yet. */
function settings(t: TestContext): Config {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-ready-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const usual = defaultConfig();
  return {
    ...usual,
    data_folder: folder,
    listen: { host: '127.0.0.1', port: 1, open: null },
    processes: { ...usual.processes, run_folder: join(folder, 'run') },
    stack: { ...usual.stack, engine: join(folder, 'docker.sock') },
  };
}

const json =
  (body: unknown, status = 200): RequestListener =>
  (_request, response) =>
    void response
      .writeHead(status, { 'content-type': 'application/json', connection: 'close' })
      .end(JSON.stringify(body));

async function controlOf(t: TestContext, config: Config): Promise<void> {
  const { control } = runPaths(config.processes.run_folder!);
  mkdirSync(dirname(control), { recursive: true });
  await listening(t, control, json({}));
}

describe('what an installation waits for', () => {
  it('is control and the gateway where nothing is there, whatever the engine says', async (t) => {
    const config = settings(t);
    const { missing } = await hostReadiness(() => config).waitingFor();
    assert.deepEqual(
      missing.map(({ name }) => name),
      ['control', 'gateway'],
    );
  });

  it('is each store of the core by how its container stands, until control answers', async (t) => {
    const config = settings(t);
    const container = (name: string, State: string, Status: string) => ({
      Names: [`/frostbyte-${name}-1`],
      State,
      Status,
    });
    await listening(t, config.stack.engine, (request, response) => {
      const found = [
        container('postgres', 'running', 'Up 2 minutes (healthy)'),
        container('objects', 'running', 'Up 3 seconds (health: starting)'),
        container('redis', 'running', 'Up 3 minutes (unhealthy)'),
        container('clamav', 'exited', 'Exited (1) 2 seconds ago'),
      ];
      json(request.url === '/version' ? { ApiVersion: '1.41', MinAPIVersion: '1.12' } : found)(request, response);
    });
    const { of, missing } = await hostReadiness(() => config).waitingFor();
    assert.equal(of, CORE_SERVICES.length + 2);
    assert.deepEqual(missing.map(({ name, message }) => `${name}: ${message}`).slice(0, 4), [
      'objects: starting',
      'redis: not healthy',
      'clamav: does not run',
      'scanner: not made yet',
    ]);
  });

  it('is what the gateway names once control answers, and nothing when all is well', async (t) => {
    const config = settings(t);
    await controlOf(t, config);
    let dependencies = [
      { name: 'registry', ok: true, message: 'ok' },
      { name: 'input rule', ok: false, message: 'is not in force' },
    ];
    const server = await listening(t, null, (request, response) => json({ dependencies }, 503)(request, response));
    const { port } = server.address() as AddressInfo;
    const readiness = hostReadiness(() => ({ ...config, listen: { host: '127.0.0.1', port, open: null } }));
    assert.deepEqual(await readiness.waitingFor(), {
      of: 2,
      missing: [{ name: 'input rule', message: 'is not in force' }],
    });
    dependencies = dependencies.map((one) => ({ ...one, ok: true }));
    assert.deepEqual((await readiness.waitingFor()).missing, []);
  });
});
