import assert from 'node:assert/strict';
import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { text } from '../support/batch.ts';
import { EICAR } from '../support/clamd.ts';
import { coreContainers, docker } from '../support/docker.ts';
import { descendantsOf } from '../support/faults/processes.ts';
import {
  HANDOVER_FILE,
  PARSER_FOLDER,
  PARSER_UID,
  PLANE_UID,
  type RoleContainers,
  roleContainers,
} from '../support/roles/containers.ts';
import { type OneTenant, oneTenant } from '../support/roles/one-tenant.ts';
import { stockOf } from '../support/roles/stock.ts';
import { sample } from '../support/samples.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';

/** One tenant's data plane, worker and parser as containers of one image, with the stack's scanner on their network. */

const TENANT = 'acme';
const NETWORK = 'frostbyte_test_roles';
/** Of no tenant: numbers are given from the lowest. */
const address = (last: number) => `172.28.253.${last}`;
const [SCANNER, PLANE] = [13, 20];
const PORT = 7600;
const DATA = '/var/lib/frostbyte';

describe('the roles of a tenant in containers', { skip: stackMissing() ?? false, timeout: 300_000 }, () => {
  const stack = testStack() as TestStack;
  let containers: RoleContainers;
  let tenant: OneTenant;

  before(async () => {
    containers = await roleContainers(stack);
    const subnet = [`--subnet=${address(0)}/24`, `--gateway=${address(1)}`];
    docker(stack, 'network', 'create', '--internal', ...subnet, NETWORK);
    docker(stack, 'network', 'connect', `--ip=${address(SCANNER)}`, NETWORK, 'frostbyte-scanner-1');
    const place = { host: address(PLANE), port: PORT };
    tenant = await oneTenant({
      tenantId: TENANT,
      data: DATA,
      listen: place,
      reach: place,
      parserSocket: `${PARSER_FOLDER}/parser.sock`,
      scanner: `${address(SCANNER)}:3310`,
    });
    const data = join(containers.folder, 'data');
    mkdirSync(data, { mode: 0o700 });
    chownSync(data, PLANE_UID, PLANE_UID);
    const parsing = { source: containers.parserFolder('parser'), target: PARSER_FOLDER };
    const mounts = [
      {
        source: containers.handover(tenant.handover),
        target: HANDOVER_FILE.replace(/\/[^/]+$/, ''),
        writable: false,
      },
      { ...parsing, writable: false },
      { source: data, target: DATA, writable: true },
    ];
    const role = (name: string) => ['serve', '--role', name, '--tenant', TENANT, '--handover', HANDOVER_FILE];
    containers.run('parser', {
      command: ['serve', '--role', 'parser'],
      uid: PARSER_UID,
      mounts: [{ ...parsing, writable: true }],
    });
    containers.run('plane', {
      command: role('data-plane'),
      uid: PLANE_UID,
      network: { name: NETWORK, address: place.host },
      mounts,
    });
    await containers.healthy('plane');
    containers.run('worker', { command: role('worker'), uid: PLANE_UID, network: { name: NETWORK }, mounts });
  });
  after(() => {
    containers?.end();
    docker(stack, 'network', 'disconnect', '--force', NETWORK, 'frostbyte-scanner-1');
    docker(stack, 'network', 'rm', NETWORK);
  });

  it('are well by the health check of their image', async () => {
    for (const name of ['parser', 'plane', 'worker']) await containers.healthy(name);
  });

  it('take documents in, scan them with the real scanner, parse, work on and find them', async () => {
    const { status, batchId, scans } = await tenant.send([
      text('note.txt', 'A note about cranes.\n'),
      sample('contract-warehouse-lease.pdf'),
      sample('scanned-delivery-note.png'),
      text('eicar.txt', EICAR),
    ]);
    assert.equal(status, 202);
    assert.deepEqual(scans, {
      'note.txt': 'clean',
      'contract-warehouse-lease.pdf': 'clean',
      'scanned-delivery-note.png': 'clean',
      'eicar.txt': 'quarantined',
    });
    const { 'eicar.txt': _, ...states } = await tenant.settled(batchId);
    for (const [file, state] of Object.entries(states)) assert.equal(state, 'index completed', file);
    const { data } = await tenant.ask<{ chunks: { text: string }[] }>('POST', `/query/${TENANT}/search`, {
      query_text: 'cranes',
    });
    assert.match(data.chunks[0]!.text, /cranes/);
  });

  it('hold no environment, no privilege and no secret that a list shows, with whatever they start', () => {
    const identity = tenant.handover.storage_keys.identities[0]!;
    const scanner = coreContainers(stack).get('scanner')!;
    const pids = ['parser', 'plane', 'worker'].map((name) => containers.inspect(name).State.Pid);
    for (const pid of [...pids, scanner.State.Pid].flatMap((one) => [one, ...descendantsOf(one)])) {
      const stock = stockOf(pid);
      assert.deepEqual(
        [stock.capabilities, stock.sealed, stock.seccomp, stock.environment],
        [0, true, '2', []],
        stock.commandLine,
      );
      assert.notEqual(stock.uid, '0');
      assert.ok(!stock.commandLine.includes(identity));
    }
    for (const name of ['parser', 'plane', 'worker'])
      assert.ok(!JSON.stringify(containers.inspect(name)).includes(identity));
  });

  it('listen where they should, and the scanner and the parser have no file open', () => {
    const listening = (pid: number) =>
      stockOf(pid)
        .internet.filter((one) => one.endsWith(' 0A'))
        .map((one) => Number.parseInt(/:([0-9A-F]{4}) /.exec(one)![1]!, 16));
    const pid = (name: string) => containers.inspect(name).State.Pid;
    const scanner = coreContainers(stack).get('scanner')!.State.Pid;
    assert.deepEqual(listening(pid('plane')), [PORT]);
    assert.deepEqual(listening(pid('worker')), []);
    assert.deepEqual(listening(pid('parser')), []);
    assert.deepEqual(listening(scanner), [3310]);
    assert.deepEqual([stockOf(scanner).files, stockOf(pid('parser')).files], [[], []]);
    assert.deepEqual(stockOf(pid('parser')).interfaces, ['lo']);
  });

  it('end in time when they are told to', () => {
    for (const name of ['worker', 'plane', 'parser']) {
      docker(stack, 'stop', '--time=20', containers.inspect(name).Name.slice(1));
      const { State } = containers.inspect(name) as unknown as { State: { ExitCode: number } };
      assert.equal(State.ExitCode, 0, name);
    }
  });
});
