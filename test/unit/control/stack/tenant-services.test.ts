import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bodyOf } from '../../../../appliance/control/engine/new-container.ts';
import type { TenantNetwork } from '../../../../appliance/control/networks/port.ts';
import { parserContainer, planeContainer } from '../../../../appliance/control/planes/container-specs.ts';
import { LAST, networkPlan } from '../../../../appliance/control/stack/addresses.ts';
import { IMAGE_USERS, imageReference } from '../../../../appliance/control/stack/images.ts';
import { embedderService, TENANT_REDIS, tenantServices } from '../../../../appliance/control/stack/tenant-services.ts';
import { imageTag } from '../../../../scripts/images/archive.ts';
import { imageNames, readRecipe } from '../../../../scripts/images/recipe.ts';

const box = { processors: 4, parserMemoryMb: 1024, atWork: 3 };

describe('the description of containers', () => {
  it('knows each image by the user that its recipe names, and by the name that it is built under', () => {
    // Qdrant comes from elsewhere, and is started as whom we say.
    const { qdrant: _, ...own } = IMAGE_USERS;
    assert.deepEqual(Object.keys(own).sort(), imageNames());
    for (const name of Object.keys(own) as (keyof typeof own)[]) {
      assert.equal(readRecipe(name).user.id, IMAGE_USERS[name], name);
      assert.equal(imageReference(name, '1.2.3'), imageTag(name, '1.2.3'));
    }
  });

  it('gives the containers of a tenant limits on everything, none of them root, planes and parsers apart', () => {
    const services = { ...tenantServices(box), embedder: embedderService(box.processors, [900]) };
    for (const [role, { uid, limits }] of Object.entries(services)) {
      assert.ok(uid >= 1000, role);
      for (const [what, most] of Object.entries(limits)) assert.ok(most > 0, `${role}: ${what}`);
      // What is written to memory counts as the container's.
      assert.ok(limits.scratchMb < limits.memoryMb, role);
    }
    assert.notEqual(services['data-plane'].uid, services.parser.uid);
    assert.equal(services.isolation.uid, services['data-plane'].uid, 'it sits where a thief would');
    for (const [what, most] of Object.entries(TENANT_REDIS.limits)) assert.ok(most > 0, what);
    const holds = /^(\d+)mb$/.exec(TENANT_REDIS.command[TENANT_REDIS.command.indexOf('--maxmemory') + 1]!)![1];
    assert.ok(Number(holds) < TENANT_REDIS.limits.memoryMb);
  });

  it('leaves half the box to others, however many documents a tenant has at work', () => {
    for (const [processors, most] of [
      [1, 1],
      [2, 1],
      [16, 8],
    ] as const) {
      const { 'data-plane': plane, parser } = tenantServices({ ...box, processors });
      assert.deepEqual([plane.limits.cpus, parser.limits.cpus], [most, most]);
    }
    const memory = (atWork: number) => tenantServices({ ...box, atWork }).parser.limits.memoryMb;
    assert.deepEqual([memory(1), memory(2), memory(8)], [512 + 1024, 512 + 2048, 512 + 2048]);
  });

  it('is what the engine is asked for: of a data plane and of the parser beside it', () => {
    const { 'data-plane': plane, parser } = tenantServices(box);
    const options = {
      image: imageReference('appliance', '1.2.3'),
      planeUid: plane.uid,
      parserUid: parser.uid,
      limits: { plane: plane.limits, parser: parser.limits },
      folders: () => [],
      hasEndpoint: true,
    };
    const { cidr, address } = networkPlan('172.28', 3);
    const network: TenantNetwork = { number: 3, name: 'net', cidr, address: (who) => address(LAST[who]) };
    for (const [spec, service, mode] of [
      [planeContainer(options, 'contoso', network, { handed: '/h', relay: null, parsing: '/p' }), plane, 'net'],
      [parserContainer(options, 'contoso', '/p'), parser, 'none'],
    ] as const) {
      const { Image, User, HostConfig } = bodyOf(spec) as {
        Image: string;
        User: string;
        HostConfig: Record<string, unknown>;
      };
      assert.equal(Image, 'frostbyte.local/appliance:1.2.3');
      assert.equal(User, `${service.uid}:${service.uid}`);
      assert.deepEqual(
        [HostConfig.Memory, HostConfig.MemorySwap, HostConfig.NanoCpus, HostConfig.PidsLimit, HostConfig.NetworkMode],
        [
          service.limits.memoryMb * 1024 * 1024,
          service.limits.memoryMb * 1024 * 1024,
          service.limits.cpus * 1e9,
          service.limits.processes,
          mode,
        ],
      );
      assert.deepEqual(
        [
          HostConfig.ReadonlyRootfs,
          HostConfig.CapDrop,
          HostConfig.SecurityOpt,
          HostConfig.Dns,
          HostConfig.PortBindings,
        ],
        [true, ['ALL'], ['no-new-privileges=true'], ['127.0.0.1'], undefined],
      );
    }
  });

  it('has a range for each network, whose host stands at one, on an interface of the input rule', () => {
    const { cidr, gateway, bridge, address } = networkPlan('10.9', 254);
    assert.deepEqual([cidr, gateway, bridge, address(20)], ['10.9.254.0/24', '10.9.254.1', 'frost254', '10.9.254.20']);
    // Interface names of Linux are no longer.
    assert.ok(bridge.length <= 15);
    assert.equal(new Set(Object.values(LAST)).size, Object.keys(LAST).length);
  });
});
