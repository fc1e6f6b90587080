import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { bodyOf, type NewContainer } from '../../../../appliance/control/engine/new-container.ts';
import { CORE_SERVICES, QDRANT_SERVICE } from '../../../../appliance/control/stack/core-services.ts';
import { qdrantConfig } from '../../../../appliance/control/stack/qdrant-config.ts';
import { TENANT_REDIS } from '../../../../appliance/control/stack/tenant-services.ts';
import { composeFiles } from '../../../../scripts/compose/compose-files.ts';
import { readRecipe } from '../../../../scripts/images/recipe.ts';

interface Network {
  internal?: unknown;
  driver_opts: Record<string, string>;
  labels: Record<string, string>;
  ipam: { config: { subnet: string; gateway: string }[] };
}
interface Service extends Record<string, unknown> {
  image: string;
  tmpfs?: string[];
  networks?: Record<string, { ipv4_address: string }>;
  depends_on?: Record<string, { condition: string }>;
  ulimits: { nofile: number };
}
interface Composed {
  services: Record<string, Service>;
  networks: Record<string, Network>;
  volumes: Record<string, { labels: Record<string, string>; driver_opts?: Record<string, string> }>;
  secrets: Record<string, { file: string }>;
}

const folder = resolve(import.meta.dirname, '../../../../compose');
/** What is committed, and so what Compose is given on every box. */
const read = (name: string) => parse(readFileSync(join(folder, name), 'utf8')) as Composed;
const core = read('core.yaml');
const each = (check: (service: Service, name: string) => void) => {
  assert.deepEqual(
    Object.keys(core.services),
    CORE_SERVICES.map(({ name }) => name),
  );
  for (const [name, service] of Object.entries(core.services)) check(service, name);
};
const recipeOf = (name: string) => readRecipe(CORE_SERVICES.find((service) => service.name === name)!.image);

describe('the committed Compose files', () => {
  it('are what the description says, and no other is there', () => {
    const files = composeFiles();
    assert.deepEqual(readdirSync(folder).sort(), [...files.keys()].sort());
    for (const [name, text] of files) assert.equal(readFileSync(join(folder, name), 'utf8'), text, name);
  });

  it('name images by their private name and this release, or the one that a service goes on from, and never ask a registry', () => {
    each(({ image, pull_policy, build }, name) => {
      const other = `FROSTBYTE_RELEASE_${name.toUpperCase()}`;
      assert.match(
        image,
        new RegExp(`^frostbyte\\.local/[a-z]+:\\$\\{${other}:-\\$\\{FROSTBYTE_RELEASE:\\?\\}\\}$`),
        name,
      );
      assert.deepEqual([pull_policy, build], ['never', undefined], name);
    });
  });

  it('give a service no privilege, no port, no resolver, and nothing to write to but volumes and memory', () => {
    each((service, name) => {
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ['ALL'], name);
      assert.deepEqual(service.security_opt, ['no-new-privileges=true'], name);
      assert.deepEqual(service.dns, ['127.0.0.1'], name);
      for (const absent of ['ports', 'expose', 'cap_add', 'privileged', 'user', 'environment', 'devices', 'pid', 'ipc'])
        assert.equal(service[absent], undefined, `${name}: ${absent}`);
      for (const folderOnMemory of service.tmpfs ?? [])
        assert.match(folderOnMemory, /:uid=(\d+),gid=\1,mode=0700,size=\d+m,noexec,nosuid,nodev$/, name);
      for (const mount of (service.volumes ?? []) as { type: string; read_only?: boolean }[])
        assert.ok(mount.type === 'volume' || mount.read_only === true, `${name}: writes to a folder of the host`);
    });
  });

  it('limit memory, processors, processes, open files, logs, and how long an end may take', () => {
    each(({ mem_limit, memswap_limit, cpus, pids_limit, ulimits, stop_grace_period, logging }, name) => {
      assert.match(String(mem_limit), /^[1-9]\d*m$/, name);
      assert.equal(memswap_limit, mem_limit, name);
      assert.ok((cpus as number) > 0 && (pids_limit as number) > 0 && ulimits.nofile > 0, name);
      assert.match(String(stop_grace_period), /^[1-9]\d*s$/, name);
      assert.deepEqual(logging, { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '3' } }, name);
    });
  });

  it('start a service by an image that has a user and a health check, on whose word others wait', () => {
    each((service, name) => {
      const { user, health } = recipeOf(name);
      assert.ok(user.id >= 1000 && health.command.length > 0, name);
      const { test } = (service.healthcheck ?? {}) as { test?: unknown };
      assert.equal(test, undefined, `${name}: the image’s own counts, however often`);
      for (const [path, uid] of (service.tmpfs ?? []).map((line) => line.split(/:uid=|,/)))
        assert.equal(uid, String(user.id), `${name}: ${path}`);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {}))
        assert.deepEqual([condition, other in core.services], ['service_healthy', true], `${name} after ${other}`);
    });
    assert.deepEqual(core.services.scanner?.depends_on, { clamav: { condition: 'service_healthy' } });
  });

  it('leave a service down after a boot', () => {
    each(({ restart }, name) => assert.equal(restart, 'no', name));
    // Older readers of YAML take a bare no for false.
    assert.equal(readFileSync(join(folder, 'core.yaml'), 'utf8').match(/restart: "no"/g)?.length, CORE_SERVICES.length);
  });

  it('know internal networks only, each with one range and a name that the host’s input rule goes by', () => {
    assert.deepEqual(Object.keys(core.networks), ['stores', 'scanning']);
    for (const [name, network] of Object.entries(core.networks)) {
      assert.equal(network.internal, true, name);
      assert.equal(network.ipam.config.length, 1, name);
      assert.match(network.driver_opts['com.docker.network.bridge.name']!, /^frost\d{1,3}$/, name);
    }
  });

  it('give each service a fixed address of its own in one network, and clamd none at all', () => {
    const addresses: string[] = [];
    each(({ networks, network_mode }, name) => {
      if (name === 'clamav') return assert.deepEqual([networks, network_mode], [undefined, 'none']);
      assert.equal(network_mode, undefined, name);
      assert.equal(Object.keys(networks!).length, 1, name);
      const [network, { ipv4_address }] = Object.entries(networks!)[0]!;
      const { subnet, gateway } = core.networks[network]!.ipam.config[0]!;
      assert.ok(ipv4_address.startsWith(subnet.replace('0/24', '')) && ipv4_address !== gateway, name);
      addresses.push(ipv4_address);
    });
    assert.equal(new Set(addresses).size, addresses.length);
  });

  it('read every secret from a file, and with TLS only add secrets', () => {
    const tls = read('tls.yaml');
    assert.deepEqual(Object.keys(tls), ['services', 'secrets']);
    const known = { ...core.secrets, ...tls.secrets };
    for (const [name, { file }] of Object.entries(known)) assert.equal(file, `\${FROSTBYTE_SECRETS:?}/${name}`);
    for (const service of Object.values(tls.services)) assert.deepEqual(Object.keys(service), ['secrets']);
    const used = [core, tls].flatMap(({ services }) =>
      Object.values(services).flatMap(({ secrets = [] }) => secrets as string[]),
    );
    assert.deepEqual([...new Set(used)].sort(), Object.keys(known).sort());
  });

  it('mark what is ours, and what keeps data', () => {
    for (const [name, { labels }] of Object.entries({ ...core.services, ...core.networks, ...core.volumes }))
      assert.equal((labels as Record<string, string>)['frostbyte.plane'], 'stores', name);
    assert.equal(core.volumes.postgres!.labels['frostbyte.keeps'], 'rows');
    assert.equal(core.volumes.objects!.labels['frostbyte.keeps'], 'objects');
  });

  it('have clamd’s socket in memory, made by clamd, in a folder whose group is the scanner’s', () => {
    const [clamd, scanner] = [recipeOf('clamav').user.id, recipeOf('scanner').user.id];
    assert.deepEqual(core.volumes.scanning!.driver_opts, {
      type: 'tmpfs',
      device: 'tmpfs',
      o: `uid=${clamd},gid=${scanner},mode=2750,size=1m,noexec,nosuid,nodev`,
    });
  });
});

describe('Qdrant beside the core stack', () => {
  const { services, volumes, secrets } = read('qdrant.yaml');
  const qdrant = services.qdrant!;

  it('is held to what the others are held to, as a user of its own, by a check of ours', () => {
    const { postgres } = core.services;
    const rules = ['pull_policy', 'restart', 'read_only', 'cap_drop', 'security_opt', 'dns', 'logging', 'labels'];
    for (const rule of rules) assert.deepEqual(qdrant[rule], postgres![rule], rule);
    assert.equal(qdrant.memswap_limit, qdrant.mem_limit);
    assert.deepEqual([qdrant.user, qdrant.environment, qdrant.ports], ['6333:6333', undefined, undefined]);
    assert.equal((qdrant.healthcheck as { test: string[] }).test[0], 'CMD');
    const [[network, { ipv4_address }]] = Object.entries(qdrant.networks!) as [[string, { ipv4_address: string }]];
    assert.equal(network, 'stores');
    const others = Object.values(core.services).flatMap(({ networks }) => Object.values(networks ?? {}));
    assert.ok(others.every((other) => other.ipv4_address !== ipv4_address));
  });

  it('is told everything by a file that is secret, and keeps what it keeps in a folder that backups know', () => {
    assert.deepEqual(qdrant.command, ['--config-path', '/run/secrets/qdrant_config.yaml']);
    assert.deepEqual(Object.keys(secrets), ['qdrant_config.yaml']);
    assert.equal(volumes.vectors!.labels['frostbyte.keeps'], 'vectors');
    assert.deepEqual(Object.keys(read('qdrant-tls.yaml').services), [QDRANT_SERVICE.name]);
  });

  it('has settings by which tokens alone open collections, and nothing is fetched or told', () => {
    const settings = JSON.parse(qdrantConfig('k'.repeat(43), { isSecure: true }));
    assert.deepEqual(
      [settings.service.jwt_rbac, settings.service.enable_snapshot_url_recovery, settings.telemetry_disabled],
      [true, false, true],
    );
    const { cert, key, ca_cert } = settings.tls;
    const mounted = (read('qdrant-tls.yaml').services.qdrant!.secrets as string[]).map(
      (name) => `/run/secrets/${name}`,
    );
    assert.deepEqual([cert, key, ca_cert], mounted);
    for (const empty of ['', 'short']) assert.throws(() => qdrantConfig(empty, { isSecure: false }));
  });
});

describe('a container that control makes', () => {
  it('is confined as Compose is told to confine one, rule for rule', () => {
    const wanted: NewContainer = {
      name: 'frostbyte-contoso-redis',
      image: 'frostbyte.local/redis:1.2.3',
      command: TENANT_REDIS.command,
      labels: {},
      network: { name: 'frostbyte_tenant_contoso', address: '172.28.1.21' },
      ...TENANT_REDIS.limits,
      mounts: [],
      memoryFolders: TENANT_REDIS.memoryFolders,
    };
    const { HostConfig } = bodyOf(wanted) as { HostConfig: Record<string, unknown> };
    const composed = core.services.redis!;
    const megabytes = (text: unknown) => Number(String(text).replace('m', '')) * 1024 * 1024;
    assert.deepEqual(
      {
        read_only: HostConfig.ReadonlyRootfs,
        cap_drop: HostConfig.CapDrop,
        security_opt: HostConfig.SecurityOpt,
        dns: HostConfig.Dns,
        restart: HostConfig.RestartPolicy,
        logging: HostConfig.LogConfig,
        tmpfs: HostConfig.Tmpfs,
      },
      {
        read_only: composed.read_only,
        cap_drop: composed.cap_drop,
        security_opt: composed.security_opt,
        dns: composed.dns,
        restart: { Name: composed.restart },
        logging: { Type: 'json-file', Config: (composed.logging as { options: unknown }).options },
        tmpfs: Object.fromEntries(composed.tmpfs!.map((line) => line.split(/:(.*)/s, 2))),
      },
    );
    assert.equal(HostConfig.MemorySwap, HostConfig.Memory);
    assert.ok((HostConfig.Memory as number) < megabytes(composed.mem_limit));
  });
});
