import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { PlaneAddress } from '../../appliance/api/plane/handover.ts';
import { openEngine } from '../../appliance/control/engine/engine.ts';
import { networkNumbers } from '../../appliance/control/networks/numbers.ts';
import type { TenantNetworks } from '../../appliance/control/networks/port.ts';
import { tenantNetworks } from '../../appliance/control/networks/tenant-networks.ts';
import { type PlaneContainers, planeContainers } from '../../appliance/control/planes/containers.ts';
import { openRegistry, type Registry } from '../../appliance/control/registry/open.ts';
import { isFrostbyteError } from '../../appliance/kernel/errors.ts';
import { silentLogger, temporaryFolder } from '../support/control/control-fixture.ts';
import { until } from '../support/faults/until.ts';
import { manualClock } from '../support/manual-clock.ts';
import { type OwnEngine, ownEngine } from '../support/own-engine.ts';
import { stackMissing } from '../support/stack.ts';
import { standInImage } from '../support/stand-in-image.ts';
import { planeHostSuite, type Self, started } from './plane-host.suite.ts';

const TENANTS = ['northwind', 'contoso'] as const;
const LIMITS = { memoryMb: 256, cpus: 1, processes: 64, openFiles: 1024, scratchMb: 64 };
const [PLANE_UID, PARSER_UID] = [7020, 7021];

describe('data planes as containers', { skip: stackMissing() ?? false }, () => {
  let own: OwnEngine;
  let image: string;
  let registry: Registry;
  let networks: TenantNetworks;

  before(async () => {
    own = await ownEngine('planes', { core: false });
    image = await standInImage(own);
    registry = openRegistry(join(own.memory, 'registry.sqlite'), manualClock());
    networks = tenantNetworks({
      engine: openEngine(own.socket),
      subnet: '172.28',
      numbers: networkNumbers(() => registry),
      shared: {},
    });
    for (const tenantId of TENANTS) await networks.make(tenantId);
  });
  after(async () => {
    registry?.raw.close();
    await own?.end();
  });

  const open = (wanted = image, folder = join(own.memory, 'planes')): PlaneContainers =>
    planeContainers({
      engine: openEngine(own.socket),
      networks,
      image: wanted,
      folder,
      planeUid: PLANE_UID,
      parserUid: PARSER_UID,
      limits: { plane: LIMITS, parser: LIMITS },
      folders: (tenantId) => {
        const source = join(own.memory, `files-${tenantId}`);
        mkdirSync(source, { recursive: true });
        return [{ source, target: '/var/lib/frostbyte' }];
      },
      hasEndpoint: true,
      logger: silentLogger,
    });
  const opened = (t: TestContext, ...args: Parameters<typeof open>): PlaneContainers => {
    const host = open(...args);
    t.after(() => host.close());
    return host;
  };
  const ask = async (address: PlaneAddress, path: string): Promise<Self | null> => {
    if (!('host' in address)) throw new Error('a container listens on its network');
    const url = `http://${address.host}:${address.port}${path}`;
    const { status, stdout } = own.onHost('curl', '--silent', '--max-time', '5', url);
    return status === 0 ? (JSON.parse(stdout) as Self) : null;
  };
  const running = () => own.docker('ps', '--format={{.Names}}').split('\n').filter(Boolean).sort();

  planeHostSuite(async (t) => ({
    host: opened(t),
    tenants: TENANTS,
    ask,
    shown: (tenantId) =>
      ['data-plane', 'parser']
        .map((role) => `frostbyte-${tenantId}-${role}`)
        .flatMap((name) => [
          own.docker('inspect', name),
          own.docker('top', name, '-eo', 'pid,args'),
          own.docker('logs', name),
        ])
        .join('\n'),
  }));

  it('its handover is a file on memory for its user alone, and gone with it', async (t) => {
    const host = opened(t);
    const { plane, self } = await started({ host, ask }, 'northwind');
    const folder = join(own.memory, 'planes/frostbyte-northwind-data-plane');
    const { mode, uid } = statSync(join(folder, 'handover/handover.json'));
    assert.deepEqual({ mode: mode & 0o777, uid }, { mode: 0o400, uid: PLANE_UID });
    // The way to an endpoint is a folder without anything in it, until the tenant is online.
    const sees = ['embedder', 'handover', 'parser', 'parser/parser.sock'];
    assert.deepEqual((self as unknown as { sees: string[] }).sees, sees);
    const relay = host.relayFolders().get('northwind')!;
    const { mode: open, gid } = statSync(relay);
    assert.deepEqual([relay, open & 0o7777, gid], [join(folder, 'relay'), 0o2750, PLANE_UID]);
    plane.kill();
    await plane.ended;
    assert.equal(existsSync(folder), false);
  });

  it('the parser beside it has another user, no network and no handover, and is reached over their socket', async (t) => {
    const host = opened(t);
    const { plane } = await started({ host, ask }, 'northwind');
    const parser = (await ask(plane.address, '/parser')) as unknown as {
      uid: number;
      interfaces: string[];
      sees: string[];
    };
    assert.deepEqual(
      { uid: parser.uid, interfaces: parser.interfaces, sees: parser.sees },
      { uid: PARSER_UID, interfaces: ['lo'], sees: ['parser', 'parser/parser.sock'] },
    );
    // It dies over a document: another takes its place, and the plane never noticed.
    own.docker('kill', '--signal=KILL', 'frostbyte-northwind-parser');
    await until('another parser', async () => 'uid' in ((await ask(plane.address, '/parser')) ?? {}), { seconds: 30 });
    assert.equal(plane.alive(), true);
    plane.kill();
    await plane.ended;
    await until('the end of the parser', () => running().length === 0, { seconds: 30 });
  });

  it('a plane reaches nobody of another tenant', async (t) => {
    const host = opened(t);
    const mine = await started({ host, ask }, 'northwind');
    const theirs = await started({ host, ask }, 'contoso');
    const to = theirs.plane.address as { host: string; port: number };
    const own = mine.plane.address as { host: string; port: number };
    const dials = async (where: { host: string; port: number }) =>
      (await ask(mine.plane.address, `/dials/${where.host}:${where.port}/self`)) as unknown as Record<string, unknown>;
    assert.deepEqual(await dials(own), { statusCode: 200 }, 'the try works where there is a way');
    assert.match(String((await dials(to)).code), /^(?:silence|E(?:NETUNREACH|HOSTUNREACH))$/);
  });

  it('what an earlier control left is ended, of tenants too that are started no more', async (t) => {
    const earlier = opened(t);
    for (const tenantId of TENANTS) await started({ host: earlier, ask }, tenantId);
    assert.equal(running().length, 4);
    const host = opened(t);
    // Nor is anything left that was handed over.
    const isLeft = () => running().length > 0 || readdirSync(own.memory).includes('planes');
    await until('the end of what was left', () => !isLeft(), { seconds: 30 });
    const { self, handover } = await started({ host, ask }, 'northwind');
    assert.equal(self.handover.secret, handover.secret);
  });

  it('outlasts a restart of its engine: planes have ended, and are started again', async (t) => {
    const host = opened(t);
    const { plane } = await started({ host, ask }, 'northwind');
    await own.restart();
    await plane.ended;
    const again = await started({ host, ask }, 'northwind');
    assert.equal(again.plane.alive(), true);
  });

  it('cannot be started without its image, or with secrets on a disk, and says so', async (t) => {
    const host = opened(t, 'frostbyte.local/nothing:test');
    const handover = { tenant_id: 'northwind', listen: await host.addressFor('northwind') } as never;
    await assert.rejects(host.start(handover), (error) => isFrostbyteError(error, 'SERVICE_UNAVAILABLE'));
    assert.deepEqual(running(), []);
    const onDisk = opened(t, image, await temporaryFolder(t));
    await assert.rejects(onDisk.start(handover), (error) => isFrostbyteError(error, 'CONFIG_INVALID'));
  });

  it('destroyed, nothing is left of a tenant’s', async (t) => {
    const host = opened(t);
    const { plane } = await started({ host, ask }, 'northwind');
    assert.equal(await host.isGone('northwind'), false);
    await host.destroy('northwind');
    await host.destroy('northwind');
    await plane.ended;
    assert.equal(await host.isGone('northwind'), true);
  });
});
