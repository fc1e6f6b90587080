import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { BoundaryStatement } from '../../appliance/bin/host/boundary/statement.ts';
import type { Verification } from '../../appliance/bin/host/verification/judge.ts';
import type { BoundaryReport, HostDiagnosis, InstallationReport } from '../../appliance/control/verbs.ts';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import { type Box, makeBox } from '../../scripts/box/box.ts';
import { removeLeftovers } from '../../scripts/box/leftovers.ts';
import { boxCannotRun } from '../../scripts/box/requirements.ts';
import { stickFolder } from '../../scripts/box/stick.ts';
import { ask, untilReady } from '../support/box/ask.ts';
import { fillDisk } from '../support/box/full-disk.ts';
import {
  answerChallenge,
  atTerminal,
  begunWith,
  filesOf,
  inputRuleThere,
  installWords,
  killedIn,
  stateOf,
  waitsForAnswer,
} from '../support/box/installation.ts';
import { signaturesUpdate } from '../support/box/signatures-update.ts';
import { ALL_FAULTS, seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';

/** Phases by their titles, in order; in some of them the installer is killed. */
const TITLES = [
  'Put release 0.1.0 in its place',
  'See to a container engine',
  'Load the images that the engine lacks',
  'Start control and gateway',
  'Wait until all of it is ready',
  'Send a document through all stages, find it, erase it',
  'Try to get from one tenant at another’s',
];
/** Phases of an uninstallation. */
const UNINSTALLING = [
  'End the services and remove the containers',
  'Remove the images',
  'Take the container engine away that came with it',
];
/** Our program before there is the command. */
const FROM_COPY = '/opt/frostbyte/quarantine/0.1.0/appliance/frostbyte';
/** Phases that write much: a full disk is met at once. */
const WRITING = TITLES.slice(0, 3);
const KILLS = ALL_FAULTS ? TITLES.length : 4;
const SECOND_RUN_SECONDS = 10;

const missing = boxCannotRun();

describe('a sealed host that has neither Docker nor Compose', { skip: missing ?? false, timeout: 1_800_000 }, () => {
  let box: Box;
  let stick: string;
  /** As the host was before anything was installed. */
  let packages: string;
  let files: string;
  const recovery = makeKeyPair();
  before(async () => {
    await removeLeftovers();
    stick = await stickFolder();
    box = await makeBox({ equipment: 'bare', stick });
    await box.boot();
    packages = await box.must('dpkg-query', '--show');
    files = await filesOf(box);
  });
  after(() => box?.end());
  const words = async (...more: string[]) => installWords(stick, (await recovery).recipient, ...more);
  const log = () => box.must('frostbyte', 'plan', 'show', '--log');
  let token: string | undefined;
  /** What the API answers an administrator. */
  const admin = async <T>(path: string, method = 'GET'): Promise<T | null> => {
    token ??= await box.must('frostbyte', 'token', 'issue', '--role', 'admin');
    const { status, body } = (await ask(box, `/api/v1${path}`, token, method))!;
    assert.ok(status < 300, JSON.stringify(body));
    return (body as { data: T | null }).data;
  };

  it(`is installed from the stick although the installer is killed ${KILLS - 1} times, the power cut once, the disk full once and another installer started beside it, up to where a person is needed`, async () => {
    const random = seeded(30);
    const points = [...TITLES];
    while (points.length > KILLS) points.splice(random.whole(0, points.length - 1), 1);
    const cut = points[random.whole(0, points.length - 1)]!;
    // Behind it nothing is killed any more: the first one may have gone on meanwhile.
    const beside = points.at(-1)!;
    const full = random.pick(WRITING);
    console.log(
      `# seed ${random.seed}: killed in ${points.join('; ')}; the power cut in: ${cut}; another installer beside: ${beside}; the disk full in: ${full}`,
    );
    for (const title of TITLES) {
      if (title === full) await fullIn(title);
      if (!points.includes(title)) continue;
      const installer = box.start(await words());
      await begunWith(installer, title);
      if (title === beside) {
        const second = await box.run([FROM_COPY, 'plan', 'resume']);
        assert.equal(second.code, 1, second.out);
        assert.match(second.err, /OPERATION_RUNNING: root works on this host: frostbyte install, process \d+/);
      }
      if (title === cut) {
        await box.cutPower();
        await box.boot();
      } else installer.kill();
      await installer.ended;
    }
    const { code, out, err } = await box.run(await words());
    assert.equal(code, 1, err);
    assert.match(err + out, /recovery\/challenge\.age\. Decrypt it where the private half is kept/);
    assert.ok(waitsForAnswer(box));
    const said = await log();
    assert.match(said, /contract-warehouse-lease\.pdf went through intake, parse, policy, embed, index/);
    assert.match(said, /it was found by search, and by nobody else/);
    assert.match(said, /tries by 2 tenants: each got at what is its own, and at nothing else/);
    const containers = await box.must('docker', 'ps', '--all', '--format={{.Names}}');
    assert.doesNotMatch(containers, /installcheck/, 'nothing of the checks is left, nor of those that were killed');
  });

  /** The disk has no room left as soon as a phase begins: it fails, says so, and goes on once there is some. */
  async function fullIn(title: string): Promise<void> {
    const installer = box.start(await words());
    await begunWith(installer, title);
    const free = fillDisk(box);
    const { code, out, err } = await installer.ended;
    free();
    assert.equal(code, 1, err);
    // Programs of the host say it in their own words.
    assert.match(out + err, /DISK_FULL|[Nn]o space left on device/);
  }

  let code: string;
  let answer: string;
  it('goes on once the challenge is answered, and shows address and one-time code on the terminal', async () => {
    answer = await answerChallenge(box, (await recovery).identity);
    const { code: ended, out } = await box.run(atTerminal(await words()));
    assert.equal(ended, 0, out);
    assert.match(out, /The appliance answers at http:\/\/127\.0\.0\.1:8080/);
    code = /^ +((?:[0-9A-Z]{5}-){4}[0-9A-Z]{5})/m.exec(out)?.[1] ?? '';
    assert.notEqual(code, '', out);
    for (const unit of ['docker', 'frostbyte-control', 'frostbyte-gateway']) {
      assert.equal(await box.must('systemctl', 'is-active', unit), 'active');
      assert.equal(await box.must('systemctl', 'is-enabled', unit), 'enabled');
    }
  });

  it('keeps code, token and answer in no file, log or environment of it', async () => {
    const { out: token, err } = await box.run(['frostbyte', 'token', 'redeem'], { input: `${code}\n` });
    assert.match(token, /^ey[\w-]+\.[\w-]+\.[\w-]+\n$/, err);
    const { code: refused, err: why } = await box.run(['frostbyte', 'token', 'redeem'], { input: `${code}\n` });
    assert.equal(refused, 1);
    assert.match(why, /AUTHENTICATION_REQUIRED: This code cannot be exchanged/);
    const { out: tenants } = await box.run(['frostbyte', 'tenant', 'list', '--json'], {
      env: { FROSTBYTE_TOKEN: token.trim() },
    });
    const states = (JSON.parse(tenants) as { state: string }[]).map(({ state }) => state);
    assert.ok(states.length >= 2 && states.every((state) => state === 'DEPROVISIONED'), tenants);
    const secrets = [code, code.replaceAll('-', ''), token.trim().split('.')[2]!, answer];
    const patterns = secrets.flatMap((secret) => ['-e', secret]);
    const places = [
      '/etc',
      '/opt/frostbyte/quarantine',
      '/var/lib/frostbyte',
      '/var/log',
      '/run/frostbyte',
      '/root',
      '/tmp',
    ];
    const found = await box.run([
      'grep',
      '--recursive',
      '--files-with-matches',
      '--devices=skip',
      '--text',
      '--fixed-strings',
      ...patterns,
      ...places,
    ]);
    assert.deepEqual([found.code, found.out], [1, ''], found.err);
    const journal = await box.run([
      'sh',
      '-c',
      `journalctl --no-pager --output=cat | grep --fixed-strings ${patterns.join(' ')}`,
    ]);
    assert.deepEqual([journal.code, journal.out], [1, '']);
    const environments = await box.run([
      'sh',
      '-c',
      `cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | grep --text --count ${secrets
        .slice(0, 3)
        .map((one) => `-e ${one.slice(0, 12)}[${one[12]}]${one.slice(13)}`)
        .join(' ')}`,
    ]);
    assert.equal(environments.out.trim(), '0');
  });

  it('is told so, and left as it is, by a second run', async () => {
    const before = await stateOf(box);
    const began = performance.now();
    const { code: ended, out, err } = await box.run(await words());
    const seconds = (performance.now() - began) / 1000;
    assert.equal(ended, 0, err);
    assert.match(out, /Install 0\.1\.0: finished .*, and all of it is as it should be\. Nothing was changed\./);
    assert.equal(await stateOf(box), before);
    console.log(`# the second run: ${seconds.toFixed(1)} s`);
    assert.ok(seconds <= SECOND_RUN_SECONDS, `${seconds} s`);
  });

  it('comes up by itself after a boot, and then has nothing to be done', async () => {
    await box.powerOff();
    await box.boot();
    const undone = async () => {
      const { out } = await box.run(['frostbyte', 'plan', 'show', '--json']);
      assert.equal((JSON.parse(out) as { result: string }).result, 'done');
      const look = ['frostbyte', 'install', '--recovery-recipient', (await recovery).recipient, '--dry-run', '--json'];
      const looked = await box.run(look);
      const { phases } = JSON.parse(looked.out) as { phases: { name: string; would: string }[] };
      return phases.filter(({ would }) => would !== 'nothing').map(({ name }) => name);
    };
    await until('all of it to be up', async () => (await undone()).length === 0, { seconds: 240, everyMs: 2000 });
    const { code: ended, out } = await box.run(await words());
    assert.deepEqual([ended, /Nothing was changed/.test(out)], [0, true], out);
  });

  it('has evidence of it, that of a bundle that was refused too', async () => {
    await box.must('sh', '-c', 'cp -r /media/stick /var/tmp/spoilt && printf x >>/var/tmp/spoilt/docs/samples.md');
    const { code: refused } = await box.run(['sh', '/var/tmp/spoilt/install.sh']);
    assert.ok(refused !== null && refused >= 30 && refused < 40, `${refused}`);
    const { records } = JSON.parse(await box.must('frostbyte', 'evidence', 'show', '--json')) as {
      records: { action: string; result: string; detail: { code?: string } }[];
    };
    const told = records.map(({ action, result }) => `${action} ${result}`);
    assert.equal(told.filter((one) => one === 'install ok').length, 1);
    assert.equal(told.at(-1), 'verify refused');
    assert.match(records.at(-1)!.detail.code!, /^BUNDLE_FILE_/);
    assert.equal((await box.run(['frostbyte', 'evidence', 'verify'])).code, 0);
  });

  it('is verified to be closed and as it was delivered, with every kind of container tried, and stays as it is', async () => {
    const began = performance.now();
    const { code: ended, report, err } = await verify(box);
    console.log(`# verified in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    assert.equal(ended, 0, err);
    assert.deepEqual([report.ok, report.counts.fail, report.counts.warn], [true, 0, 0], err);
    const found = Object.fromEntries(report.checks.map(({ name, found: says }) => [name, says]));
    // The core’s five, the queue of the probe, and what two tenants of the check have.
    assert.match(found['egress-icmp']!, /^\d+ tries from 12 containers, none was heard$/);
    assert.match(found.isolation!, /tries by 2 tenants: each got at what is its own/);
    assert.match(found.vectors!, /^sqlite-vec/);
    assert.match(found['online-opening']!, /^absent/);
    const { records } = JSON.parse(await box.must('frostbyte', 'evidence', 'show', '--json')) as {
      records: { action: string; result: string; bundle: { version: string } | null }[];
    };
    const { action, result, bundle } = records.at(-1)!;
    assert.deepEqual([action, result, bundle?.version], ['verify-installation', 'ok', '0.1.0']);
    const containers = await box.must('docker', 'ps', '--all', '--format={{.Names}}');
    assert.doesNotMatch(containers, /installcheck/);

    const state = async () => (await stateOf(box)).replace(/^\d+ var\/lib\/frostbyte\/evidence.*$/m, '');
    const before = await state();
    const quick = await verify(box, '--quick');
    assert.equal(quick.code, 0, quick.err);
    assert.equal(await state(), before);
    assert.deepEqual(namesOf(quick.report, 'warn'), ['smoke', 'isolation']);
    const table = await box.run(['frostbyte', 'verify', '--quick', '--progress', 'none']);
    assert.match(table.out, /^Verification of Frostbyte 0\.1\.0 on /);
    assert.match(table.out, /This box is closed, and as it was delivered\.$/m);
  });

  it('says where its data go, signed so that ssh-keygen checks it on another host', async () => {
    const words = ['frostbyte', 'boundary', '--out', '/var/tmp/boundary', '--json', '--progress', 'none'];
    const { code: ended, out, err } = await box.run(words);
    assert.equal(ended, 0, err);
    const { statement, signer } = JSON.parse(out) as { statement: BoundaryStatement; signer: string };
    assert.equal(statement.closed, true, JSON.stringify(statement.verified));
    assert.ok(statement.networks.length >= 2 && statement.networks.every(({ internal }) => internal));
    assert.match(statement.keys.recovery_recipient!, /^age1/);
    assert.equal(statement.keys.root, 'in a file of root’s');
    assert.ok(statement.disks.length > 0);
    assert.equal(statement.bundle?.version, '0.1.0');
    const steps = (await box.must('sed', '-n', 's/^    \\$ //p', '/var/tmp/boundary/README.txt')).split('\n');
    const told = await box.must('sh', '-ec', ['cd /var/tmp/boundary', 'HOME=/var/tmp', ...steps].join('\n'));
    assert.ok(told.includes(signer), told);
    assert.match(told, /Good "frostbyte-boundary" signature/);
    const kept = (await admin<BoundaryReport>('/audit/boundary'))!.statement!;
    assert.deepEqual([kept.made_at, kept.signer, kept.closed], [statement.made_at, signer, true]);
  });

  it('shows in its pages what is installed, what the doctor finds, and a boundary statement that they have made anew', async () => {
    const { release, images, networks, evidence } = (await admin<InstallationReport>('/admin/appliance'))!;
    assert.deepEqual([release?.version, release?.counter], ['0.1.0', 1]);
    assert.match(release!.signer!, /^SHA256:/);
    assert.ok(images.length >= 5 && images.every(({ digest }) => /^sha256:[0-9a-f]{64}$/.test(digest)));
    assert.ok(networks!.length >= 2 && networks!.every(({ internal }) => internal));
    assert.ok(evidence!.records.some(({ action, result }) => action === 'install' && result === 'ok'));
    const { looked_for, findings, blind } = (await admin<HostDiagnosis>('/admin/doctor'))!;
    assert.ok(looked_for >= 20);
    assert.deepEqual(blind, [], 'it sees all that it would see at a terminal');
    assert.deepEqual(
      findings.filter(({ severity }) => severity !== 'warning'),
      [],
    );
    const before = (await admin<BoundaryReport>('/audit/boundary'))!.statement!;
    await admin('/admin/boundary', 'POST');
    await until('a statement that is newer', async () => {
      const { statement, being_made, failed } = (await admin<BoundaryReport>('/audit/boundary'))!;
      assert.equal(failed, null);
      return statement!.made_at > before.made_at && !being_made;
    });
    assert.equal((await admin<BoundaryReport>('/audit/boundary'))!.statement!.closed, true);
  });

  it('takes newer malware signatures from an update, and takes back those that its scanner does not start with', async () => {
    const NEWER = 'Frostbyte.Newer.Test:0:0:6e657765722074687265617473';
    const update = await signaturesUpdate(box, 'newer', { 'newer.ndb': `${NEWER}\n` }, 2);
    const { code, out, err } = await box.run(['frostbyte', 'update', update, '--progress', 'lines']);
    assert.equal(code, 0, `${err}${out}`);
    const held = () => box.must('sh', '-c', 'cd /var/lib/frostbyte/signatures && cat *');
    assert.equal(await held(), NEWER);
    const scan = `printf '%s' 'newer threats' >/scratch/try; clamdscan --config-file=/etc/frostbyte/clamd.conf --no-summary /scratch/try; rm /scratch/try`;
    const scanned = await box.run(['docker', 'exec', 'frostbyte-clamav-1', 'sh', '-c', scan]);
    assert.match(scanned.out, /Frostbyte\.Newer\.Test\S* FOUND/, scanned.err);
    const again = await box.run(['frostbyte', 'update', update, '--progress', 'lines']);
    assert.match(again.out, /finished .*\. Nothing was changed\./, again.err);

    const torn = await signaturesUpdate(box, 'torn', { 'torn.ndb': 'no signature at all\n' }, 3);
    const back = await box.run(['frostbyte', 'update', torn, '--progress', 'lines']);
    assert.equal(back.code, 1);
    assert.match(back.err + back.out, /does not start with the new signatures.*rolled back/s);
    assert.equal(await held(), NEWER);
    await untilReady(box);
    const older = await box.run([
      'frostbyte',
      'update',
      await signaturesUpdate(box, 'older', { 'older.ndb': `${NEWER}\n` }, 1),
    ]);
    assert.equal(older.code, 51, older.err);
    const { records } = JSON.parse(await box.must('frostbyte', 'evidence', 'show', '--json')) as {
      records: { action: string; result: string }[];
    };
    assert.deepEqual(
      records
        .map(({ action, result }) => `${action} ${result}`)
        .filter((one) => /^update|refused$/.test(one))
        .slice(-3),
      ['update ok', 'update rolled-back', 'verify refused'],
    );
  });

  it('fails the verification by a way out, an input rule that is away and a file that was altered, each named', async () => {
    await box.must('docker', 'network', 'create', 'planted');
    await box.must('docker', 'network', 'connect', 'planted', 'frostbyte-postgres-1');
    await box.must('/opt/frostbyte/current/host/input-rule', 'down');
    await box.must('sh', '-c', 'printf x >>/opt/frostbyte/current/docs/samples.md');
    const { code: ended, report, err } = await verify(box, '--quick');
    assert.equal(ended, 1, err);
    const says = (name: string) => report.checks.find((check) => check.name === name)!.found;
    assert.match(says('networks-internal'), /^planted is not internal, and frostbyte-postgres-1 is in it/);
    assert.match(says('containers-placed'), /^frostbyte-postgres-1: network planted is /);
    assert.match(says('routes'), /^frostbyte-postgres-1: .*172\.\d+\.0\.\d/);
    assert.match(says('input-rule'), /not in force/);
    assert.match(says('release-files'), /^docs\/samples\.md is longer than it was/);
    // Control looks at the rule every few seconds: whether it says so already is its own time.
    const failed = namesOf(report, 'fail').filter((name) => name !== 'ready');
    assert.deepEqual(failed, [
      ...['networks-internal', 'input-rule', 'egress-tcp', 'egress-udp', 'egress-dns', 'egress-icmp', 'routes'],
      ...['containers-placed', 'release-files'],
    ]);
    const { records } = JSON.parse(await box.must('frostbyte', 'evidence', 'show', '--json')) as {
      records: { action: string; result: string; detail: { failed: { name: string }[] } }[];
    };
    assert.deepEqual(
      records.at(-1)!.detail.failed.map(({ name }) => name),
      namesOf(report, 'fail'),
    );

    const doctor = await box.run(['frostbyte', 'doctor', '--json']);
    assert.equal(doctor.code, 1, doctor.err);
    const { findings } = JSON.parse(doctor.out) as { findings: { code: string; mend: string }[] };
    const rule = findings.find(({ code }) => code === 'input-rule-missing');
    assert.match(rule?.mend ?? '', /host\/input-rule up/, doctor.out);
    const support = ['frostbyte', 'support-bundle', '--out', '/var/tmp/support.tar.gz'];
    assert.equal((await box.run(support)).code, 1, 'nobody said yes');
    const written = await box.run([...support, '--yes']);
    assert.equal(written.code, 0, written.err);
    assert.equal(await box.must('stat', '--format=%a %u', '/var/tmp/support.tar.gz'), '600 0');
    const told = await box.must(
      'sh',
      '-c',
      'tar -xzOf /var/tmp/support.tar.gz --wildcards "*doctor.json" "*operations*"',
    );
    assert.match(told, /input-rule-missing/);
    for (const secret of [code, answer]) assert.ok(!told.includes(secret));

    await box.must('docker', 'network', 'disconnect', 'planted', 'frostbyte-postgres-1');
    await box.must('docker', 'network', 'rm', 'planted');
    await box.must('/opt/frostbyte/current/host/input-rule', 'up');
    await box.must('truncate', '--size=-1', '/opt/frostbyte/current/docs/samples.md');
    // Control remembers for some seconds that the rule was away.
    await until('all of it to pass again', async () => (await verify(box, '--quick')).code === 0, { seconds: 120 });
  });

  it('is uninstalled although that is killed once, and is as it was, but for documents, keys and records', async () => {
    const looked = await box.must('frostbyte', 'uninstall', '--dry-run');
    assert.match(looked, /Take the container engine away that came with it +to be done +no way back behind it/);
    assert.equal((await box.run(['frostbyte', 'uninstall'])).code, 1, 'nobody confirmed it');
    const random = seeded(31);
    const title = UNINSTALLING[random.whole(0, UNINSTALLING.length - 1)]!;
    console.log(`# seed ${random.seed}: the uninstallation is killed in ${title}`);
    const asked = ['--yes', '--evidence-to', '/var/tmp/evidence', '--progress', 'lines'];
    await killedIn(box.start(['frostbyte', 'uninstall', ...asked]), title);
    const { code: ended, out, err } = await box.run(['frostbyte', 'uninstall', '--progress', 'lines']);
    assert.equal(ended, 0, err);
    assert.match(out, /Kept: \/var\/lib\/frostbyte/);
    assert.equal(await box.must('dpkg-query', '--show'), packages);
    for (const gone of ['opt/frostbyte', 'usr/local/bin/frostbyte', 'etc/frostbyte/frostbyte.yaml', 'run/frostbyte'])
      assert.equal((await box.run(['test', '-e', `/${gone}`])).code, 1, gone);
    assert.equal(inputRuleThere(box), false);
    assert.equal(
      await box.must('sh', '-c', 'ls /etc/systemd/system /etc/systemd/system/*.wants | grep -c frostbyte || :'),
      '0',
    );
    assert.doesNotMatch(readFileSync(join(box.root, 'etc/passwd'), 'utf8'), /frostbyte/);
    const { out: running } = await box.run(['sh', '-c', 'ps -eo args | grep -E "frostbyte|dockerd" | grep -v grep']);
    assert.equal(running, '', 'nothing runs any more');
    for (const kept of ['lib/frostbyte/secrets/root.age', 'lib/docker/volumes/frostbyte_postgres', 'tmp/evidence'])
      assert.ok(existsSync(join(box.root, 'var', kept)), kept);
    const evidence = readFileSync(join(box.root, 'var/tmp/evidence/evidence.jsonl'), 'utf8');
    const { action, result } = JSON.parse(evidence.trim().split('\n').at(-1)!) as { action: string; result: string };
    assert.deepEqual([action, result], ['uninstall', 'ok'], 'its own end is in what was exported');
  });

  const second = makeKeyPair();
  it('takes up what was kept, and an installation there is taken back', async () => {
    const again = installWords(stick, (await second).recipient);
    const { code, err } = await box.run(again);
    assert.equal(code, 1, err);
    assert.ok(waitsForAnswer(box), err);
    const token = await box.must('frostbyte', 'token', 'issue', '--role', 'admin');
    const { out } = await box.run(['frostbyte', 'tenant', 'list', '--json'], { env: { FROSTBYTE_TOKEN: token } });
    const known = (JSON.parse(out) as { tenant_id: string }[]).length;
    assert.ok(known >= 4, `those of before, and those of this installation's checks: ${out}`);
    assert.equal(inputRuleThere(box), true);
    const since = await box.must('date', '+@%s');
    const back = await box.run(['frostbyte', 'plan', 'rollback', '--progress', 'lines']);
    assert.equal(back.code, 0, back.err);
    assert.match(back.out, /rolled back, the host is as it was before/);
    assert.equal(await box.must('dpkg-query', '--show'), packages);
    for (const gone of [
      'opt/frostbyte/current',
      'opt/frostbyte/releases/0.1.0',
      'etc/systemd/system/frostbyte-control.service',
      'etc/frostbyte/frostbyte.yaml',
      'usr/local/bin/frostbyte',
      'var/lib/frostbyte/signatures',
      'var/lib/frostbyte/recovery',
    ])
      assert.equal(existsSync(join(box.root, gone)), false, gone);
    assert.doesNotMatch(readFileSync(join(box.root, 'etc/passwd'), 'utf8'), /frostbyte/);
    assert.equal(inputRuleThere(box), false);
    assert.equal(
      existsSync(join(box.root, 'var/lib/frostbyte/secrets/root.age')),
      true,
      'what opens the volumes is kept',
    );
    assert.ok(existsSync(join(box.root, 'var/lib/docker/volumes/frostbyte_postgres')), 'documents are kept');
    const { out: running } = await box.run(['sh', '-c', 'ps -eo args | grep -E "frostbyte|dockerd" | grep -v grep']);
    assert.equal(running, '', 'nothing runs any more');
    const journal = await box.must('journalctl', '--no-pager', '--unit=frostbyte-*', `--since=${since}`);
    assert.doesNotMatch(journal, /timed out|SIGKILL/, 'the services end when they are asked to');
  });

  it('takes an older bundle where somebody says why, which is evidence', async () => {
    const newest = join(box.root, 'etc/frostbyte/newest_bundle.json');
    mkdirSync(join(box.root, 'etc/frostbyte'), { recursive: true });
    writeFileSync(newest, '{"counter":99,"version":"9.9.9"}\n');
    const words = installWords(stick, (await second).recipient, '--reason', '"the newer one does not print"');
    assert.equal((await box.run(words)).code, 51);
    words.splice(words.indexOf('--'), 0, '--allow-older');
    await killedIn(box.start(words), 'Make the folders');
    const evidence = readFileSync(join(box.root, 'var/lib/frostbyte/evidence/evidence.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const { action, result, detail } = JSON.parse(evidence.at(-1)!) as {
      action: string;
      result: string;
      detail: object;
    };
    assert.deepEqual(
      [action, result, detail],
      ['verify', 'overridden', { counter: 1, newest: 99, reason: '"the newer one does not print"' }],
    );
    assert.match(readFileSync(newest, 'utf8'), /"counter":99/);
  });

  it('gives up its data too once somebody confirms what is lost, and then is as it was', async () => {
    // The command is not there any more, or not yet: the verified copy has the program.
    const program = '/opt/frostbyte/quarantine/0.1.0/appliance/frostbyte';
    assert.equal((await box.run([program, 'plan', 'rollback'])).code, 0);
    const { confirm } = JSON.parse(await box.must(program, 'uninstall', '--with-data', '--dry-run', '--json')) as {
      confirm: string;
    };
    const asked = [program, 'uninstall', '--with-data', '--discard-evidence', '--confirm'];
    assert.equal((await box.run([...asked, 'erase-0000-0000-0000'])).code, 1);
    const { code: ended, err } = await box.run([...asked, confirm]);
    assert.equal(ended, 0, err);
    assert.equal(await filesOf(box), files);
  });
});

/** Verifies a box from the inside. */
async function verify(
  box: Box,
  ...more: string[]
): Promise<{ code: number | null; report: Verification; err: string }> {
  const { code, out, err } = await box.run(['frostbyte', 'verify', '--json', ...more]);
  assert.notEqual(out, '', err);
  const report = JSON.parse(out) as Verification;
  const failed = report.checks.filter(({ result }) => result === 'fail').map(({ name, found }) => `${name}: ${found}`);
  return { code, report, err: `${failed.join('\n')}\n${err}` };
}

const namesOf = ({ checks }: Verification, wanted: string): string[] =>
  checks.filter(({ result }) => result === wanted).map(({ name }) => name);
