import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Facts, Known, ProbedContainer } from '../../../../../appliance/bin/host/verification/facts.ts';
import { CHECKS, judgeInstallation } from '../../../../../appliance/bin/host/verification/judge.ts';
import { type ProbeAnswer, WAYS } from '../../../../../appliance/bin/host/verification/probe-tries.ts';
import type { ObservedContainer } from '../../../../../appliance/control/drift/observed.ts';
import { answer, healthyFacts } from '../../../../support/verification/healthy-box.ts';

/** Spoils what a box with nothing wrong shows. */
type Spoil = (facts: Spoilt) => void;
/** The same facts, so that a test may write into them. */
type Spoilt = {
  -readonly [K in keyof Facts]: Facts[K] extends Known<infer T> ? { is: Writable<T> } : { is: string[] };
};
type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer E)[] ? E[] : T[K] };

const redis = (facts: Spoilt): ObservedContainer =>
  facts.engine.is.containers.find(({ Name }) => Name === '/frostbyte-acme-redis')!;
const probed = (facts: Spoilt): ProbedContainer =>
  facts.egress.is.probed.find(({ container }) => container === 'frostbyte-acme-redis')!;
const heard =
  (way: ProbeAnswer['way']): Spoil =>
  (facts) => {
    probed(facts).answers.push(answer(way, true, '172.28.1.1'));
  };
const limits =
  (change: Partial<ObservedContainer['HostConfig']>): Spoil =>
  (facts) => {
    Object.assign(redis(facts).HostConfig, change);
  };

/** What must be found, by the check that finds it and what it says of it. */
const SPOILT: readonly (readonly [check: string, says: RegExp, spoil: Spoil])[] = [
  ['networks-described', /^frostbyte_tenant_acme is missing$/, (f) => void f.engine.is.networks.splice(2, 1)],
  [
    'networks-described',
    /^frostbyte_tenant_zulu is nobody’s$/,
    (f) => void f.engine.is.networks.push({ ...f.engine.is.networks[2]!, Name: 'frostbyte_tenant_zulu' }),
  ],
  [
    'networks-described',
    /^other is nobody’s$/,
    // By our label.
    (f) => void f.engine.is.networks.push({ ...f.engine.is.networks[2]!, Name: 'other' }),
  ],
  [
    'networks-internal',
    /^frostbyte_tenant_acme: internal is false$/,
    (f) => Object.assign(f.engine.is.networks[2]!, { Internal: false }),
  ],
  [
    'networks-internal',
    /interface is br-other/,
    (f) => Object.assign(f.engine.is.networks[2]!.Options!, { 'com.docker.network.bridge.name': 'br-other' }),
  ],
  [
    'networks-internal',
    /^frostbyte_stores: other options is com\.docker\.network\.bridge\.gateway_mode_ipv4$/,
    (f) => Object.assign(f.engine.is.networks[0]!.Options!, { 'com.docker.network.bridge.gateway_mode_ipv4': 'nat' }),
  ],
  [
    'networks-internal',
    /^planted is not internal, and frostbyte-acme-redis is in it$/,
    (f) => {
      f.engine.is.networks.push({ ...f.engine.is.networks[2]!, Name: 'planted', Labels: null, Internal: false });
      redis(f).NetworkSettings.Networks!.planted = { IPAddress: '172.17.0.2', IPAMConfig: null };
    },
  ],
  ['input-rule', /^it is not in force$/, (f) => void Object.assign(f.input_rule, { is: 'it is not in force' })],
  [
    'listener',
    /^UDP to 172\.28\.0\.1 port 7001 was not heard$/,
    (f) => Object.assign(f.egress.is.proven[1]!, { reached: false }),
  ],
  ['listener', /^nothing was sent by ICMP$/, (f) => void f.egress.is.proven.pop()],
  [
    'listener',
    /^no resolver could listen at 127\.0\.0\.1 \(EADDRINUSE\)$/,
    (f) => void f.egress.is.deaf.push({ address: '127.0.0.1', why: 'EADDRINUSE' }),
  ],
  ['listener', /^no service of ours is reached/, (f) => Object.assign(f.egress.is, { doors: 0 })],
  ...WAYS.map(
    (way) =>
      [
        `egress-${way}`,
        new RegExp(`^frostbyte-acme-redis gets out: ${way.toUpperCase()} to 172\\.28\\.1\\.1`),
        heard(way),
      ] as const,
  ),
  // A way that nobody would have heard is not closed.
  ['egress-tcp', /would not have heard/, (f) => Object.assign(f.egress.is.proven[0]!, { reached: false })],
  ['egress-dns', /would not have heard/, (f) => void f.egress.is.deaf.push({ address: '127.0.0.1', why: 'EACCES' })],
  [
    'egress-icmp',
    /^not tried from frostbyte-acme-redis \(it is gone\)$/,
    (f) => Object.assign(probed(f), { error: 'it is gone' }),
  ],
  [
    'egress-icmp',
    /^not tried from frostbyte-acme-redis \(nothing here sends it\)$/,
    (f) => Object.assign(probed(f).answers[3]!, { said: 'NO_TOOL' }),
  ],
  [
    'egress-udp',
    /^not tried from frostbyte-acme-redis \(nothing was sent\)$/,
    (f) => void probed(f).answers.splice(1, 1),
  ],
  ['egress-tcp', /^no container of ours runs/, (f) => void f.egress.is.probed.splice(0)],
  [
    'routes',
    /^frostbyte-acme-redis: 0\.0\.0\.0\/0 by 172\.17\.0\.1; frostbyte-acme-redis: interfaces eth0, eth1$/,
    (f) =>
      Object.assign(probed(f), {
        routes: [...probed(f).routes!, { device: 'eth1', subnet: '0.0.0.0/0', gateway: '172.17.0.1' }],
        devices: ['eth0', 'eth1'],
      }),
  ],
  ['routes', /^frostbyte-acme-redis: IPv6 on eth0$/, (f) => Object.assign(probed(f), { six: ['eth0'] })],
  ['routes', /^frostbyte-acme-redis ended meanwhile$/, (f) => Object.assign(probed(f), { routes: null })],
  [
    'images',
    /^not as delivered: frostbyte\.local\/redis:1\.2\.3$/,
    (f) => void f.images.is.lacking.push('frostbyte.local/redis:1.2.3'),
  ],
  [
    'images-run',
    /^frostbyte-acme-redis: image is "sha256:other" \(described: /,
    (f) => Object.assign(redis(f), { Image: 'sha256:other' }),
  ],
  [
    'images-run',
    /there is no image frostbyte\.local\/redis:1\.2\.3 to hold it against/,
    (f) => Object.assign(f.engine.is.images, { 'frostbyte.local/redis:1.2.3': null }),
  ],
  [
    'containers-described',
    /^guest is nobody’s$/,
    (f) => void f.engine.is.containers.push({ ...redis(f), Name: '/guest' }),
  ],
  [
    'containers-described',
    /^frostbyte-acme-redis is missing$/,
    (f) => void f.engine.is.containers.splice(f.engine.is.containers.indexOf(redis(f)), 1),
  ],
  ['containers-stand', /^frostbyte-acme-redis does not run$/, (f) => Object.assign(redis(f).State, { Running: false })],
  [
    'containers-stand',
    /^frostbyte-acme-redis is not healthy$/,
    (f) => Object.assign(redis(f).State.Health!, { Status: 'unhealthy' }),
  ],
  [
    'containers-stand',
    /^frostbyte-bravo-data-plane runs although its tenant is suspended$/,
    (f) => {
      const plane = f.engine.is.containers.find(({ Name }) => Name === '/frostbyte-bravo-data-plane')!;
      plane.State.Running = true;
    },
  ],
  ['containers-confined', /user is "0"/, (f) => Object.assign(redis(f).Config, { User: '0' })],
  ['containers-confined', /entrypoint is \["sh"\]/, (f) => Object.assign(redis(f).Config, { Entrypoint: ['sh'] })],
  ['containers-confined', /command is \["sh"\]/, (f) => Object.assign(redis(f).Config, { Cmd: ['sh'] })],
  [
    'containers-confined',
    /environment is \["LD_PRELOAD, which says something else","PATH"\]/,
    (f) => void redis(f).Config.Env!.push('LD_PRELOAD=/secret.so'),
  ],
  ['containers-confined', /groups is \["0"\]/, limits({ GroupAdd: ['0'] })],
  ['containers-confined', /read-only root is false/, limits({ ReadonlyRootfs: false })],
  ['containers-confined', /privileged is true/, limits({ Privileged: true })],
  ['containers-confined', /capabilities dropped is \[\]/, limits({ CapDrop: null })],
  ['containers-confined', /capabilities added is \["NET_ADMIN"\]/, limits({ CapAdd: ['NET_ADMIN'] })],
  ['containers-confined', /security options is \[\]/, limits({ SecurityOpt: null })],
  ['containers-confined', /kernel files masked is false/, limits({ MaskedPaths: [] })],
  ['containers-confined', /devices is \[\{/, limits({ Devices: [{ PathOnHost: '/dev/sda' }] })],
  ['containers-confined', /namespaces of the host or of others is \["host"/, limits({ PidMode: 'host' })],
  ['containers-confined', /namespaces of the host or of others is \["","host"/, limits({ IpcMode: 'host' })],
  [
    'containers-confined',
    /kernel settings is \{"net\.ipv4\.ip_forward":"1"\}/,
    limits({ Sysctls: { 'net.ipv4.ip_forward': '1' } }),
  ],
  ['containers-confined', /resolver is \[\]/, limits({ Dns: [] })],
  ['containers-confined', /names of hosts is \["a:1\.2\.3\.4"\]/, limits({ ExtraHosts: ['a:1.2.3.4'] })],
  ['containers-confined', /published ports is \[\["6379\/tcp"\],false\]/, limits({ PortBindings: { '6379/tcp': [] } })],
  ['containers-confined', /restart by the engine is "always"/, limits({ RestartPolicy: { Name: 'always' } })],
  ['containers-confined', /log is \["syslog"/, limits({ LogConfig: { Type: 'syslog', Config: {} } })],
  ['containers-confined', /memory is 0/, limits({ Memory: 0 })],
  ['containers-confined', /memory with swap is -1/, limits({ MemorySwap: -1 })],
  ['containers-confined', /processors is 0/, limits({ NanoCpus: 0 })],
  ['containers-confined', /processes is null/, limits({ PidsLimit: null })],
  ['containers-confined', /open files is \[\]/, limits({ Ulimits: null })],
  ['containers-confined', /shared memory is 1/, limits({ ShmSize: 1 })],
  ['containers-confined', /folders on memory is \{\}/, limits({ Tmpfs: {} })],
  ['containers-confined', /volumes of others is \["x"\]/, limits({ VolumesFrom: ['x'] })],
  [
    'containers-confined',
    /mounts is \["\/ at \/host, written to"/,
    (f) => void redis(f).Mounts.push({ Type: 'bind', Source: '/', Destination: '/host', RW: true }),
  ],
  ['containers-placed', /network is host \(described: its own\)/, limits({ NetworkMode: 'host' })],
  [
    'containers-placed',
    /^frostbyte-acme-redis: network frostbyte_tenant_bravo is 172\.28\.2\.9 \(described: not attached\)$/,
    (f) =>
      Object.assign(redis(f).NetworkSettings.Networks!, {
        frostbyte_tenant_bravo: { IPAddress: '172.28.2.9', IPAMConfig: null },
      }),
  ],
  [
    'containers-placed',
    /^frostbyte-acme-redis: address in frostbyte_tenant_acme is 172\.28\.1\.10 \(described: 172\.28\.1\.21\)$/,
    (f) =>
      Object.assign(redis(f).NetworkSettings.Networks!.frostbyte_tenant_acme!.IPAMConfig!, {
        IPv4Address: '172.28.1.10',
      }),
  ],
  [
    'containers-placed',
    /^frostbyte-acme-redis: network frostbyte_tenant_acme is not attached \(described: 172\.28\.1\.21\)$/,
    (f) => void delete redis(f).NetworkSettings.Networks!.frostbyte_tenant_acme,
  ],
  ['release-current', /^none is the current one$/, (f) => Object.assign(f.release.is, { current: null })],
  ['release-current', /this program is of \/opt\/other/, (f) => Object.assign(f.release.is, { own: '/opt/other' })],
  [
    'release-signed',
    /nobody signed it/,
    (f) => Object.assign(f.release.is, { signed: { unknown: 'nobody signed it' } }),
  ],
  ['release-files', /^bin\/node was altered$/, (f) => void f.release.is.problems.push('bin/node was altered')],
  ['release-files', /no manifest/, (f) => Object.assign(f.release.is, { signed: { unknown: 'nobody signed it' } })],
  ['release-owned', /^\/opt\/frostbyte\/x$/, (f) => void f.release.is.loose.push('/opt/frostbyte/x')],
  ['units', /^a\.service is missing$/, (f) => void f.files.is.units.push({ path: 'a.service', problem: 'is missing' })],
  ['units', /has \/etc\/x\.conf beside it/, (f) => Object.assign(f.services.is.units[0]!, { drop_ins: '/etc/x.conf' })],
  ['units', /runs as an older file said/, (f) => Object.assign(f.services.is.units[0]!, { reload: true })],
  ['trust', /^anchor is missing$/, (f) => void f.files.is.trust.push({ path: 'anchor', problem: 'is missing' })],
  [
    'command',
    /^frostbyte is missing$/,
    (f) => void f.files.is.command.push({ path: 'frostbyte', problem: 'is missing' }),
  ],
  ['folders', /open to others/, (f) => Object.assign(f.files.is, { folders: false })],
  ['settings', /can write/, (f) => Object.assign(f.files.is.settings, { loose: true })],
  ['operation', /^Install 1\.2\.4 is neither/, (f) => Object.assign(f.files.is, { unfinished: 'Install 1.2.4' })],
  [
    'evidence',
    /the chain is broken/,
    (f) => Object.assign(f.files.is, { evidence: { unknown: 'the chain is broken' } }),
  ],
  ['evidence', /^there is none/, (f) => Object.assign(f.files.is, { evidence: { is: 0 } })],
  ['services', /is failed, enabled$/, (f) => Object.assign(f.services.is.units[0]!, { active: 'failed' })],
  ['services', /is active, disabled$/, (f) => Object.assign(f.services.is.units[0]!, { enabled: 'disabled' })],
  ['control', /^not on its socket$/, (f) => Object.assign(f.services.is, { control: false })],
  ['gateway', /^not where/, (f) => Object.assign(f.services.is, { gateway: false })],
  ['ready', /^vectors: silent$/, (f) => void f.ready.is.missing.push({ name: 'vectors', message: 'silent' })],
  ['ready', /names nothing/, (f) => Object.assign(f.ready.is, { of: 0 })],
  ['vectors', /does not bring/, (f) => Object.assign(f.vectors.is, { mode: 'qdrant' })],
];

const resultOf = (facts: Facts, name: string) => judgeInstallation(facts).checks.find((check) => check.name === name)!;

describe('the judgement of an installed box', () => {
  it('passes one with nothing wrong, in every check', () => {
    const { checks, ok } = judgeInstallation(healthyFacts());
    assert.deepEqual(
      checks.filter(({ result, mend }) => result !== 'pass' || mend !== null),
      [],
    );
    assert.equal(ok, true);
    assert.equal(new Set(checks.map(({ name }) => name)).size, checks.length);
  });

  for (const [name, says, spoil] of SPOILT) {
    it(`${name} fails: ${says.source}`, () => {
      const facts = healthyFacts();
      spoil(facts as unknown as Spoilt);
      const { result, found, mend } = resultOf(facts, name);
      assert.equal(result, 'fail', found);
      assert.match(found, says);
      assert.ok(mend, 'what to do is said');
      assert.equal(judgeInstallation(facts).ok, false);
    });
  }

  it('fails each check whose facts could not be found out, and says why', () => {
    const why = 'nobody was there to ask';
    const nothing = Object.fromEntries(
      Object.entries(healthyFacts()).map(([name, fact]) => [name, typeof fact === 'string' ? fact : { unknown: why }]),
    ) as unknown as Facts;
    const { checks, ok } = judgeInstallation(nothing);
    for (const { name, result, found } of checks) {
      assert.equal(result, 'fail', name);
      assert.ok(found.includes(why), `${name}: ${found}`);
    }
    assert.equal(ok, false);
  });

  it('has seen every check fail by what it looks at, or by what it could not use', () => {
    const seen = new Set<string>([...SPOILT.map(([name]) => name), 'smoke', 'isolation']);
    // That a relay is there is no fault: it is named.
    seen.add('online-opening');
    assert.deepEqual(
      CHECKS.map(({ name }) => name).filter((name) => !seen.has(name)),
      [],
    );
  });

  it('warns of what was left out, of settings that are another’s, of services that nothing starts', () => {
    const facts = healthyFacts() as unknown as Spoilt;
    Object.assign(facts, { smoke: null, isolation: null });
    facts.files.is.settings.changed = true;
    facts.services.is.manager = null;
    facts.services.is.units.splice(0);
    const { checks, ok, counts } = judgeInstallation(facts as unknown as Facts);
    assert.deepEqual(
      checks.filter(({ result }) => result === 'warn').map(({ name }) => name),
      ['settings', 'services', 'smoke', 'isolation'],
    );
    assert.deepEqual([ok, counts.warn, counts.fail], [true, 4, 0]);
  });

  it('names the relay of online mode, for whom it is there, and where vectors lie', () => {
    const facts = healthyFacts() as unknown as Spoilt;
    const says = () => resultOf(facts as unknown as Facts, 'online-opening').found;
    assert.match(says(), /^absent: no endpoint/);
    facts.online.is.endpoint = 'https://models.example/v1';
    assert.match(says(), /^absent: nobody is online \(https:\/\/models\.example\/v1\)$/);
    facts.online.is.tenants = ['acme'];
    assert.match(says(), /^present: one process of the host speaks to https:\/\/models\.example\/v1 for acme$/);
    assert.match(resultOf(facts as unknown as Facts, 'vectors').found, /^sqlite-vec/);
    Object.assign(facts.vectors.is, { mode: 'qdrant', brought: true });
    assert.match(resultOf(facts as unknown as Facts, 'vectors').found, /^Qdrant/);
  });
});
