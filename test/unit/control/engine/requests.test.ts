import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openEngine } from '../../../../appliance/control/engine/engine.ts';
import { bodyOf, type NewContainer } from '../../../../appliance/control/engine/new-container.ts';
import { FrostbyteError } from '../../../../appliance/kernel/errors.ts';
import { temporaryFolder } from '../../../support/control/control-fixture.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

describe('requests to a container engine', () => {
  it('speak the newest version that both know, and say so when there is none', async (t) => {
    for (const [theirs, least, spoken] of [
      ['1.41', '1.12', '/v1.41'],
      ['1.44', '1.24', '/v1.44'],
      ['1.52', '1.44', '/v1.47'],
    ] as const) {
      const asked: string[] = [];
      const socket = await engine(t, (request, response) => {
        asked.push(request.url ?? '');
        if (request.url === '/version') json(response, 200, { ApiVersion: theirs, MinAPIVersion: least });
        else json(response, 404, { message: 'no such network' });
      });
      const opened = openEngine(socket);
      assert.equal(await opened.network('a'), null);
      assert.equal(await opened.network('b'), null);
      assert.deepEqual(asked, ['/version', `${spoken}/networks/a`, `${spoken}/networks/b`]);
    }
    for (const answer of [
      { ApiVersion: '1.40', MinAPIVersion: '1.12' },
      { ApiVersion: '1.60', MinAPIVersion: '1.48' },
      { name: 'not an engine' },
    ]) {
      const socket = await engine(t, (_request, response) => json(response, 200, answer));
      await refuses(openEngine(socket).network('a'), 'never', /version .* is needed/);
    }
  });

  it('are refused in the engine’s own words, worth another try only where it has trouble itself', async (t) => {
    const socket = await speaking(t, (request, response) => {
      if (request.url?.endsWith('/connect')) json(response, 403, { message: 'Address already in use' });
      else json(response, 500, { message: 'no room' });
    });
    const opened = openEngine(socket);
    await refuses(opened.connect('a', 'b', '172.28.1.10'), 'never', /refused \(403\): Address already in use/);
    await refuses(opened.start('b'), 'later', /refused \(500\): no room/);
  });

  it('read what a container takes; one that does not run, or is not there, takes nothing', async (t) => {
    const socket = await speaking(t, (request, response) => {
      if (request.url?.includes('/gone/')) return json(response, 404, { message: 'No such container' });
      const stopped = { read: '0001-01-01T00:00:00Z', pids_stats: {}, cpu_stats: {} };
      const networks = { eth0: { rx_packets: 3 }, eth1: { rx_packets: 4 } };
      const runs = { id: 'c1', pids_stats: { current: 12, limit: 64 }, networks };
      json(response, 200, request.url?.includes('/stopped/') ? stopped : runs);
    });
    const opened = openEngine(socket);
    assert.deepEqual(await opened.usage('runs'), { id: 'c1', processes: 12, received: 7 });
    assert.equal(await opened.usage('stopped'), null);
    assert.equal(await opened.usage('gone'), null);
  });

  it('confine a container that has another’s network like every other, but for the resolver that comes with it', () => {
    const container = {
      ...{ name: 'n', image: 'i', command: [], labels: {}, memoryMb: 1, cpus: 1, processes: 1, openFiles: 1 },
      ...{ mounts: [], memoryFolders: [] },
    };
    const hostOf = (network: NewContainer['network']) =>
      (bodyOf({ ...container, network }) as { HostConfig: Record<string, unknown> }).HostConfig;
    const { NetworkMode, Dns, ...shared } = hostOf({ of: 'c1' });
    const { NetworkMode: ownMode, Dns: ownDns, ...own } = hostOf({ name: 'net', address: '172.28.1.20' });
    assert.deepEqual([NetworkMode, Dns, ownMode, ownDns], ['container:c1', undefined, 'net', ['127.0.0.1']]);
    assert.deepEqual(shared, own);
    assert.equal(hostOf(null).NetworkMode, 'none');
  });

  it('take what is no failure for none', async (t) => {
    const socket = await speaking(t, (request, response) => {
      if (request.url?.endsWith('/disconnect')) {
        json(response, 500, { message: 'container 1 is not connected to network a' });
      } else if (request.method === 'DELETE') json(response, 404, { message: 'no such thing' });
      else if (request.url?.endsWith('/kill')) json(response, 409, { message: 'is not running' });
      else response.writeHead(304).end();
    });
    const opened = openEngine(socket);
    await opened.disconnect('a', 'b');
    await opened.removeNetwork('a');
    await opened.remove('b');
    await opened.kill('b');
    await opened.start('b');
    await opened.stop('b', 1);
  });

  it('of an engine that does not answer, answers something else or without end, say that it does not', async (t) => {
    await refuses(openEngine(join(await temporaryFolder(t), 'none.sock')).network('a'), 'later', /does not answer/);
    const babbling = await speaking(t, (_request, response) => void response.writeHead(200).end('{"half": '));
    await refuses(openEngine(babbling).network('a'), 'later', /broke off/);
    const endless = await speaking(t, (_request, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.write(Buffer.alloc(1 << 20, 32)));
      };
      response.on('drain', more).on('error', () => undefined);
      more();
    });
    await refuses(openEngine(endless).network('a'), 'later', /does not answer/);
    const cut = await speaking(t, (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{');
      setImmediate(() => response.destroy());
    });
    await refuses(openEngine(cut).network('a'), 'later', /does not answer/);
  });

  it('for the end of a container outlast an engine that goes away, and end with it or with whoever asks', async (t) => {
    let waits = 0;
    const socket = await speaking(t, (_request, response) => {
      waits += 1;
      // The head comes at once, as the engine sends it.
      response.writeHead(200).flushHeaders();
      if (waits === 1) setImmediate(() => response.destroy());
      if (waits === 2) response.end('');
      if (waits === 3) response.end('{"StatusCode":137}');
    });
    await openEngine(socket).ended('one');
    assert.equal(waits, 3);
    const leaving = new AbortController();
    const ended = openEngine(socket).ended('one', leaving.signal);
    leaving.abort();
    await ended;
  });

  it('make no network that leads out, and give each the one range and the name of its interface', async (t) => {
    let made = '';
    const socket = await speaking(t, async (request, response) => {
      for await (const chunk of request) made += String(chunk);
      json(response, 201, { Id: 'abc' });
    });
    const network = { name: 'n', subnet: '172.28.1.0/24', gateway: '172.28.1.1', bridge: 'frost1', labels: { a: 'b' } };
    await openEngine(socket).createNetwork(network);
    assert.deepEqual(JSON.parse(made), {
      Name: 'n',
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: true,
      EnableIPv6: false,
      IPAM: { Driver: 'default', Config: [{ Subnet: '172.28.1.0/24', Gateway: '172.28.1.1' }] },
      Options: { 'com.docker.network.bridge.name': 'frost1' },
      Labels: { a: 'b' },
    });
  });

  it('make no container that is not confined', async (t) => {
    let made = '';
    const socket = await speaking(t, async (request, response) => {
      for await (const chunk of request) made += String(chunk);
      json(response, 201, { Id: 'abc' });
    });
    const id = await openEngine(socket).createContainer({
      name: 'frostbyte-northwind-parser',
      image: 'frostbyte.local/appliance:1.0.0',
      command: [],
      labels: {},
      network: null,
      memoryMb: 64,
      cpus: 0.5,
      processes: 16,
      openFiles: 64,
      mounts: [],
      memoryFolders: [],
    });
    assert.equal(id, 'abc');
    const { HostConfig, Env } = JSON.parse(made) as { HostConfig: Record<string, unknown>; Env?: unknown };
    assert.equal(Env, undefined);
    const { ReadonlyRootfs, CapDrop, SecurityOpt, NetworkMode, Dns, RestartPolicy, Memory, MemorySwap } = HostConfig;
    assert.deepEqual(
      { ReadonlyRootfs, CapDrop, SecurityOpt, NetworkMode, Dns, RestartPolicy, Memory, MemorySwap },
      {
        ReadonlyRootfs: true,
        CapDrop: ['ALL'],
        SecurityOpt: ['no-new-privileges=true'],
        NetworkMode: 'none',
        Dns: ['127.0.0.1'],
        RestartPolicy: { Name: 'no' },
        Memory: 64 << 20,
        MemorySwap: 64 << 20,
      },
    );
  });
});

function refuses(work: Promise<unknown>, kind: FrostbyteError['kind'], message: RegExp): Promise<void> {
  return assert.rejects(work, (error) => {
    assert.ok(error instanceof FrostbyteError);
    assert.equal(error.code, 'SERVICE_UNAVAILABLE');
    assert.equal(error.kind, kind);
    assert.match(error.message, message);
    return true;
  });
}

/** An engine of a usual version. */
function speaking(t: TestContext, answer: Answer): Promise<string> {
  return engine(t, (request, response) => {
    if (request.url === '/version') json(response, 200, { ApiVersion: '1.41', MinAPIVersion: '1.12' });
    else answer(request, response);
  });
}

async function engine(t: TestContext, answer: Answer): Promise<string> {
  const socket = join(await temporaryFolder(t), 'engine.sock');
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return socket;
}

function json(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
