import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { makeKeyPair } from '../../appliance/secrets/identities.ts';
import type { Box } from '../../scripts/box/box.ts';
import { stickFolder } from '../../scripts/box/stick.ts';
import { untilReady } from '../support/box/ask.ts';
import { type Holdings, holdingsOf } from '../support/box/deaths/data-look.ts';
import { DEATHS, dieInEachPhase, type Point } from '../support/box/deaths/die-in-each-phase.ts';
import { boxEndpoint } from '../support/box/endpoint.ts';
import { adminToken, bringSamples, frostbyte, installWhole } from '../support/box/install.ts';
import { begunWith, killedIn } from '../support/box/installation.ts';
import { nextStickFolder } from '../support/box/next-stick.ts';
import { downtimeOf, pollSearch } from '../support/box/poll.ts';
import { newestMigrations } from '../support/box/schemas.ts';
import { boxes, noBoxes } from '../support/box/sealed.ts';
import { seeded } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { NEXT_SETTING, NEXT_VERSION } from '../support/next-release.ts';

const THIS = '0.1.0';
const WORDS = 'notice period of the warehouse lease';
/** On whatever machine this runs; what is promised is measured by `make bench QUESTION=upgrade`, where nothing else runs. */
const DOWNTIME_SECONDS = 90;
/** Where the next release is copied to: a box has one stick. */
const NEXT = '/var/tmp/next';
/** An address that is none of loopback’s, for what a site runs. */
const ENDPOINT = '10.99.0.1';
const CARRIED = '/srv/carried';
/** Phases of a rollback, one of which it dies in. */
const ROLLING_BACK = ['close', 'rest', 'switch', 'start', 'ready', 'open', 'log'];
/** Phases of a restore, one of which it dies in. */
const RESTORING = ['check-backup', 'unpack', 'settle', 'replay', 'prove', 'load-logs', 'place'];
/** Phases that the upgrade is killed in, before people are let in. */
const TITLES = [
  'Copy the data while it runs',
  'Let the work come to an end, and end the stores',
  'Copy what changed until it rested',
  'Start the release',
  'Wait until all of it is ready',
  'Find that document again, and send another one through',
];

describe('an upgrade in a sealed box', { skip: noBoxes, timeout: 1_800_000 }, () => {
  const make = boxes();
  let box: Box;
  let token: string;
  let reader: string;
  const recovery = makeKeyPair();
  /** What is carried from the first box to the second. */
  const medium = mkdtempSync(join(tmpdir(), 'frostbyte-carried-'));
  let had: Holdings;
  let fingerprint: string;
  after(() => rmSync(medium, { recursive: true }));

  before(async () => {
    if (noBoxes) return;
    const [stick, next] = [await stickFolder(), await nextStickFolder()];
    box = await make({ equipment: 'both', stick });
    assert.equal(await box.boot(), 'running');
    await installWhole(box, stick, await recovery);
    cpSync(next, join(box.root, NEXT), { recursive: true });
    await untilReady(box);
    token = await adminToken(box);
    const created = await frostbyte(box, token, 'tenant', 'create', 'Nord Law', '--email', 'it@nordlaw.example');
    assert.equal(created.code, 0, created.err);
    const sent = await frostbyte(box, token, 'ingest', bringSamples(box), '--tenant', 'nordlaw');
    assert.match(sent.out, /"indexed":14/, sent.err);
    reader = (await frostbyte(box, null, 'token', 'issue', '--role', 'tenant_user', '--tenant', 'nordlaw')).out.trim();
  });
  const words = (...more: string[]) => ['sh', `${NEXT}/install.sh`, '--upgrade', '--', '--progress', 'lines', ...more];
  const version = async () => (await frostbyte(box, null, '--version')).out.trim();
  const search = () => frostbyte(box, token, '--reason=a look', 'search', 'nordlaw', 'notice', 'period');
  const finds = async () => {
    const found = await search();
    assert.match(found.out, /contract-warehouse-lease\.pdf/, found.err);
  };
  const schemas = () => newestMigrations(box, 'tenant_nordlaw');
  const log = () => box.must('frostbyte', 'plan', 'show', '--log');

  it('is shown before anything is done: what the release is made of, and the phases', async () => {
    const { code, out, err } = await box.run(words('--dry-run'));
    assert.equal(code, 0, err);
    assert.match(out, /^Made of \d+ components; the release here: \d+ components\./m);
    assert.match(out, /Known vulnerabilities: /);
    assert.match(out, /Let people in +to be done +no way back behind it/);
    const refused = await box.run(['sh', `${NEXT}/install.sh`]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /Release 0\.1\.0 is installed here.*install\.sh --upgrade/);
  });

  it('is backed up while it runs, and what a tenant has is exported, to be carried elsewhere', async () => {
    had = await holdingsOf(box, 'nordlaw');
    await box.must('mkdir', '-p', CARRIED);
    await box.must('frostbyte', 'backup', 'create', `${CARRIED}/monday.tar`, '--keys', `${CARRIED}/keys`);
    assert.match(await box.must('frostbyte', 'backup', 'verify', `${CARRIED}/monday.tar`), /monday\.tar: whole/);
    await box.must('sh', '-c', `frostbyte --token-file=${token} audit ledger >${CARRIED}/ledger.jsonl`);
    await box.must('frostbyte', 'export', 'create', 'nordlaw', `${CARRIED}/nordlaw.tar`);
    fingerprint = await box.must('frostbyte', 'export', 'key');
    cpSync(join(box.root, CARRIED), medium, { recursive: true });
  });

  it('that was killed, or had the power cut, before people were let in is taken back, code and data', async () => {
    const random = seeded(40);
    const title = TITLES[random.whole(0, TITLES.length - 1)]!;
    const cut = random.whole(0, 1) === 1;
    console.log(`# seed ${random.seed}: ${cut ? 'the power cut' : 'killed'} in: ${title}`);
    const upgrade = box.start(words());
    if (cut) {
      await begunWith(upgrade, title);
      await box.cutPower();
      await box.boot();
    } else await killedIn(upgrade, title);
    const back = await box.run([
      'frostbyte',
      'plan',
      'rollback',
      '--because',
      'the window is over',
      '--progress',
      'lines',
    ]);
    assert.equal(back.code, 0, `${back.err}${back.out}`);
    assert.match(back.out, /rolled back, the host is as it was before/);
    await untilReady(box);
    assert.equal(await version(), THIS);
    for (const [store, name] of Object.entries(await schemas())) assert.doesNotMatch(name, /next-release/, store);
    await finds();
  });

  it('puts the next release in its place, and a client that asks every 100 ms is answered rightly or told to come again', async () => {
    const client = pollSearch(box, 'nordlaw', reader, WORDS);
    const { code, out, err } = await box.run(words());
    const polled = await client.stop();
    assert.equal(code, 0, `${err}${out}`);
    assert.match(out, /^Upgrade 0\.1\.0 to 0\.2\.0: done\.$/m);
    assert.equal(await version(), NEXT_VERSION);
    const answers = Map.groupBy(polled, ({ status, why }) => `${status} ${why ?? ''}`.trim());
    const seconds = downtimeOf(polled);
    const counts = [...answers].map(([what, all]) => `${all.length} × ${what}`);
    console.log(`# downtime: ${seconds.toFixed(1)} s; ${counts.join(', ')}`);
    const right = polled.find(({ found }) => found !== null)!.found!;
    for (const { at, status, why, retry_after, found } of polled) {
      if (status === 200) assert.deepEqual(found, right);
      // While the gateway is started anew nobody is there to answer.
      else if (status === 0) assert.match(why!, /^(?:ECONNREFUSED|ECONNRESET|UND_ERR_SOCKET)$/, `asked at ${at} ms`);
      else assert.deepEqual([status, why, Number(retry_after) > 0], [503, 'SERVICE_UNAVAILABLE', true]);
    }
    console.log(
      (await log())
        .split('\n')
        .map((line) => `# ${line}`)
        .join('\n'),
    );
    assert.ok(seconds <= DOWNTIME_SECONDS, `${seconds} s`);
  });

  it('leaves documents, evidence and log as they should be, with every store on the new schema', async () => {
    await finds();
    for (const [store, name] of Object.entries(await schemas())) assert.match(name, /next-release$/, store);
    const { records } = JSON.parse(await box.must('frostbyte', 'evidence', 'show', '--json')) as {
      records: { action: string; result: string; bundle: { version: string } | null }[];
    };
    const told = records.map(({ action, result, bundle }) => `${action} ${result} ${bundle?.version ?? ''}`.trim());
    assert.deepEqual(told.slice(-3), [
      `verify ok ${NEXT_VERSION}`,
      'upgrade rolled-back',
      `upgrade ok ${NEXT_VERSION}`,
    ]);
    assert.equal((await box.run(['frostbyte', 'evidence', 'verify'])).code, 0);
    const again = await box.run(words());
    assert.match(again.out, /finished .*\. Nothing was changed\./, again.err);
    const older = await box.run(['sh', '/media/stick/install.sh', '--upgrade']);
    assert.equal(older.code, 51, 'a bundle older than the newest here');
  });

  it('is gone back from in code only: what was taken since is there, on the schema of the next release', async () => {
    // One of the samples with a line more: nobody has to look at it before it is found.
    await box.must(
      'sh',
      '-c',
      'mkdir -p /srv/since && { cat /srv/samples/minutes-gesellschafter.txt; echo "Die Rentiere wurden zweimal gezählt."; } >/srv/since/since.txt',
    );
    const ingested = await frostbyte(box, token, 'ingest', '/srv/since', '--tenant', 'nordlaw');
    assert.match(ingested.out, /"indexed":1/, ingested.err);
    await box.must('sh', '-c', `printf '%s\\n' '${NEXT_SETTING}: "hello"' >>/etc/frostbyte/frostbyte.yaml`);
    const refused = await box.run(['frostbyte', 'rollback', '--progress', 'lines']);
    assert.equal(refused.code, 1);
    assert.match(
      refused.err + refused.out,
      new RegExp(`CONFIG_INVALID: The release in .*${THIS}[^]*${NEXT_SETTING}: unknown setting`),
    );
    await box.must('sed', '-i', `/^${NEXT_SETTING}:/d`, '/etc/frostbyte/frostbyte.yaml');
    const random = seeded(42);
    const [death, phase] = [random.pick(DEATHS), random.pick(ROLLING_BACK)];
    const rollback = ['frostbyte', 'rollback', '--progress', 'lines'];
    const { points, last: back } = await dieInEachPhase(box, {
      death,
      words: rollback,
      only: (name) => name === phase,
    });
    console.log(`# seed ${random.seed}: the rollback: ${told(points)}`);
    assert.equal(points.length, 1);
    assert.equal(back.code, 0, `${back.err}${back.out}`);
    assert.equal(await version(), THIS);
    await untilReady(box);
    for (const [store, name] of Object.entries(await schemas())) assert.match(name, /next-release$/, store);
    await finds();
    const since = await frostbyte(box, token, '--reason=a look', 'search', 'nordlaw', 'Rentiere gezählt');
    assert.match(since.out, /since\.txt/, since.err);
    const more = await box.run(['frostbyte', 'rollback']);
    assert.match(more.err, /There is no upgrade to go back from/);
    rmSync(join(box.root, NEXT), { recursive: true });
  });

  it('lets a tenant that is online reach its endpoint by a unit that reaches nothing else, and by none once it is offline', async () => {
    const endpoint = await boxEndpoint(box, ENDPOINT);
    try {
      const lay = (path: string, text: string) => box.run(['sh', '-c', `umask 077; cat >>${path}`], { input: text });
      await lay('/etc/frostbyte/endpoint.key', 'sk-of-the-site\n');
      await lay('/etc/frostbyte/endpoint-ca.pem', endpoint.ca);
      const settings = { url: endpoint.url, model: 'words', key_file: '/etc/frostbyte/endpoint.key' };
      const all = { ...settings, ca_file: '/etc/frostbyte/endpoint-ca.pem' };
      await lay('/etc/frostbyte/frostbyte.yaml', `embedder: ${JSON.stringify({ endpoint: all })}\n`);
      await box.must('systemctl', 'restart', 'frostbyte-control', 'frostbyte-gateway');
      await untilReady(box);
      const relay = () => box.run(['systemctl', 'is-active', '--quiet', 'frostbyte-relay']);
      assert.notEqual((await relay()).code, 0, 'nobody is online yet');
      const words = ['--email', 'it@away.example', '--set', 'embedding_mode=online'];
      const created = await frostbyte(box, token, 'tenant', 'create', 'Away', ...words);
      assert.equal(created.code, 0, created.err);
      await box.must('sh', '-c', 'mkdir -p /srv/one && cp /srv/samples/minutes-gesellschafter.txt /srv/one/');
      const sent = await frostbyte(box, token, 'ingest', '/srv/one', '--tenant', 'away');
      assert.match(sent.out, /"indexed":1/, sent.err);
      assert.ok(endpoint.received.some(({ input }) => input.join(' ').includes('Gesellschafter')));
      assert.deepEqual(
        new Set(endpoint.received.map(({ authorization }) => authorization)),
        new Set(['Bearer sk-of-the-site']),
      );
      const unit = await box.must('systemctl', 'show', 'frostbyte-relay', '--property=IPAddressAllow,IPAddressDeny');
      assert.match(unit, new RegExp(`IPAddressAllow=.*${ENDPOINT.replaceAll('.', '\\.')}`));
      assert.match(unit, /IPAddressDeny=.*0\.0\.0\.0\/0/);
      const exposed = await box.must('systemd-analyze', 'security', '--no-pager', 'frostbyte-relay');
      assert.ok(Number(/exposure level .*: ([\d.]+)/.exec(exposed)![1]) < 2.5, exposed.split('\n').at(-1));
      const verified = await box.run(['frostbyte', 'verify', '--quick', '--json', '--progress', 'none']);
      assert.match(verified.out, new RegExp(`one process of the host speaks to ${endpoint.url}[^"]* for away`));
      const off = await frostbyte(
        box,
        token,
        'tenant',
        'configure',
        'away',
        '--set',
        'embedding_mode=offline',
        '--because',
        'enough',
      );
      assert.equal(off.code, 0, off.err);
      await until('no relay', async () => (await relay()).code !== 0, { seconds: 30, everyMs: 500 });
    } finally {
      endpoint.end();
    }
  });

  let other: Box;
  let newToken: string;
  it('is lost, and restored onto another host: with the recovery identity alone, and although that dies once', async () => {
    await box.end();
    const stick = await stickFolder();
    other = await make({ equipment: 'docker', stick });
    await other.boot();
    await installWhole(other, stick);
    await untilReady(other);
    cpSync(medium, join(other.root, CARRIED), { recursive: true });
    const lay = async (name: string, identity: string) =>
      assert.equal(
        (await other.run(['sh', '-c', `umask 077; cat >${CARRIED}/${name}`], { input: `${identity}\n` })).code,
        0,
      );
    await lay('recovery.key', (await recovery).identity);
    await lay('another.key', (await makeKeyPair()).identity);
    await other.must('sync');
    const stop = () => other.must('systemctl', 'stop', 'frostbyte-gateway', 'frostbyte-control');
    await stop();
    const restore = (...more: string[]) => [
      ...['frostbyte', 'restore', `${CARRIED}/monday.tar`, '--keys', `${CARRIED}/keys`],
      ...['--ledger', `${CARRIED}/ledger.jsonl`, '--progress', 'lines', ...more],
    ];
    const nobody = await other.run(restore());
    assert.equal(nobody.code, 2);
    assert.match(nobody.err, /VALIDATION_ERROR.*recovery identity/s);
    const stranger = await other.run(restore('--identity', `${CARRIED}/another.key`));
    assert.equal(stranger.code, 1, stranger.out);
    assert.match(stranger.err + stranger.out, /KEY_UNAVAILABLE/);

    const random = seeded(41);
    const [death, phase] = [random.pick(DEATHS), random.pick(RESTORING)];
    const words = restore('--identity', `${CARRIED}/recovery.key`);
    const { points, last } = await dieInEachPhase(other, {
      death,
      words,
      booted: stop,
      only: (name) => name === phase,
    });
    console.log(`# seed ${random.seed}: the restore: ${told(points)}`);
    assert.equal(points.length, 1);
    assert.equal(last.code, 0, `${last.err}${last.out}`);
    assert.match(last.out, /Every token is dead/);
  });

  it('has there all that it had, once somebody confirms the tenant; and no token of before', async () => {
    await other.must('systemctl', 'start', 'frostbyte-control', 'frostbyte-gateway');
    await untilReady(other);
    newToken = await adminToken(other);
    const search = (...words: string[]) => frostbyte(other, newToken, '--reason=a look', 'search', 'nordlaw', ...words);
    assert.match((await search('notice', 'period')).err, /TENANT_SUSPENDED/);
    const resumed = await frostbyte(
      other,
      newToken,
      'tenant',
      'resume',
      'nordlaw',
      '--because',
      'restored and looked at',
    );
    assert.equal(resumed.code, 0, resumed.err);
    const found = await search('notice', 'period');
    assert.match(found.out, /contract-warehouse-lease\.pdf/, found.err);
    assert.deepEqual(await holdingsOf(other, 'nordlaw'), had);
    const dead = await other.run(['frostbyte', 'search', 'nordlaw', 'notice'], { env: { FROSTBYTE_TOKEN: reader } });
    assert.match(dead.err, /AUTHENTICATION_REQUIRED/);
    const over = await other.run([
      'frostbyte',
      'export',
      'verify',
      `${CARRIED}/nordlaw.tar`,
      '--fingerprint',
      fingerprint,
    ]);
    assert.equal(over.code, 0, over.err);
  });

  it('gives another tenant there what was exported, and nothing of an export that was altered', async () => {
    const created = await frostbyte(other, newToken, 'tenant', 'create', 'Archive', '--email', 'it@archive.example');
    assert.equal(created.code, 0, created.err);
    const { out } = await frostbyte(other, null, 'token', 'issue', '--role', 'tenant_admin', '--tenant', 'archive');
    const load = (file: string) =>
      other.run(
        ['frostbyte', 'export', 'import', file, '--tenant', 'archive', '--fingerprint', fingerprint, '--json'],
        { env: { FROSTBYTE_TOKEN: out.trim() } },
      );
    const altered = `${CARRIED}/altered.tar`;
    await other.must(
      'sh',
      '-c',
      // Another byte than is there.
      `cp ${CARRIED}/nordlaw.tar ${altered} && was=$(dd if=${altered} bs=1 skip=5000 count=1) && case $was in x) is=y ;; *) is=x ;; esac && printf $is | dd of=${altered} bs=1 seek=5000 conv=notrunc`,
    );
    const refused = await load(altered);
    assert.equal(refused.code, 1, refused.out);
    assert.equal(
      await other.must('frostbyte', 'export', 'chains', 'archive'),
      'Nothing was imported into this tenant.',
    );
    const loaded = await load(`${CARRIED}/nordlaw.tar`);
    assert.equal(loaded.code, 0, loaded.err);
    const report = JSON.parse(loaded.out) as { accepted: number; duplicates: number; refused: unknown[] };
    assert.deepEqual([report.accepted + report.duplicates, report.refused], [had.documents, []]);
    assert.match(await other.must('frostbyte', 'export', 'chains', 'archive'), /nordlaw/);
  });
});

const told = (points: readonly Point[]) =>
  points.map(({ death, phase, after: then }) => `${death} in “${phase}”: ${then}`).join('; ');
