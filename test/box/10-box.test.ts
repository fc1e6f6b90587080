import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { groupsNamed, processesOf } from '../../scripts/box/cgroups.ts';
import { EQUIPMENTS } from '../../scripts/box/equipment.ts';
import { removeLeftovers, tracesOf } from '../../scripts/box/leftovers.ts';
import { KINDS } from '../../scripts/box/sink.ts';
import { proveSink } from '../support/box/prove-sink.ts';
import { boxes, noBoxes } from '../support/box/sealed.ts';
import { ALL_FAULTS } from '../support/faults/random.ts';
import { until } from '../support/faults/until.ts';
import { ROOT } from '../support/shipped.ts';

/** What tests of the appliance lean on every day anyway is looked at by itself in the long run alone: each boots boxes. */
const inLongRuns = ALL_FAULTS ? it : () => undefined;

/** The boxes themselves: what is proven in one is worth as much as its walls. */
describe('a sealed box', { skip: noBoxes, timeout: 600_000 }, () => {
  const make = boxes();

  const EXPECTED = {
    bare: { docker: false, compose: false },
    docker: { docker: true, compose: false },
    both: { docker: true, compose: true },
  };
  for (const equipment of EQUIPMENTS)
    it(`boots whole, and has what “${equipment}” says`, async () => {
      const box = await make({ equipment });
      assert.equal(await box.boot(), 'running', await box.must('systemctl', '--failed'));
      const has = async (...words: string[]) => (await box.run(words)).code === 0;
      assert.deepEqual(
        { docker: await has('docker', 'version'), compose: await has('docker', 'compose', 'version') },
        EXPECTED[equipment],
      );
      assert.equal(await box.must('cat', '/proc/1/comm'), 'systemd');
      assert.equal(await box.must('hostname'), 'box');
      await box.end();
      assert.deepEqual(tracesOf(box.name), []);
    });

  it('without a route has loopback and nothing else: no address answers, and no name', async () => {
    const box = await make({ equipment: 'bare' });
    await box.boot();
    const links = JSON.parse(await box.must('ip', '-json', 'link')) as { ifname: string }[];
    assert.deepEqual(
      links.map(({ ifname }) => ifname),
      ['lo'],
    );
    for (const family of ['-4', '-6']) assert.equal(await box.must('ip', family, 'route', 'show', 'default'), '');
    for (const address of ['198.51.100.1/443', '2001:db8:1::1/443']) {
      const { code, err } = await box.run(['bash', '-c', `echo x >/dev/tcp/${address}`]);
      assert.equal(code, 1);
      assert.match(err, /Network is unreachable|Cannot assign requested address/);
    }
    assert.notEqual((await box.run(['getent', 'ahosts', 'example.org'])).code, 0);
    await box.end();
  });

  it('with a route shows whatever tries to leave, by kind, and an engine that idles does not try', async () => {
    const box = await make({ equipment: 'both', route: true });
    assert.equal(await box.boot(), 'running');
    const none = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
    assert.deepEqual(box.sink!.counted(), none, box.sink!.destinations().join('\n'));
    await proveSink(box);
    assert.deepEqual(box.sink!.counted(), none);
    // A name is asked for where it would be answered.
    const asking = box.start(['getent', 'ahosts', 'example.org']);
    await until('the question', () => box.sink!.counted().dns > 0);
    asking.kill();
    assert.ok(box.sink!.destinations().includes('192.0.2.1 udp 53'), box.sink!.destinations().join('\n'));
    await box.end();
    assert.deepEqual(tracesOf(box.name), []);
  });

  it('is ended at once and boots again with all that was written; a power cut takes what was not synced', async () => {
    const box = await make({ equipment: 'docker' });
    await box.boot();
    const read = (name: string) => {
      const file = join(box.root, 'srv', name);
      return existsSync(file) ? readFileSync(file, 'utf8') : null;
    };
    const running = box.start(['sh', '-c', 'echo written >/srv/first; exec sleep infinity']);
    await until('the file', () => read('first') === 'written\n');
    await box.kill();
    assert.notEqual((await running.ended).code, 0);
    assert.deepEqual(processesOf(box.name), []);
    assert.equal(await box.boot(), 'running');
    assert.equal(read('first'), 'written\n');

    await box.must('sh', '-c', 'echo synced >/srv/second && sync /srv/second /srv && echo lost >/srv/third');
    assert.equal(read('third'), 'lost\n');
    await box.cutPower();
    assert.equal(await box.boot(), 'running');
    assert.deepEqual([read('second'), read('third')], ['synced\n', null]);
    assert.equal(await box.must('systemctl', 'is-active', 'docker'), 'active');

    await box.must('sh', '-c', 'echo in order >/srv/fourth');
    await box.powerOff();
    await box.boot();
    assert.equal(read('fourth'), 'in order\n');
    await box.end();
  });

  inLongRuns('has a disk of its own size, is saved, and others begin where it was', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'frostbyte-saved-'));
    const saved = join(folder, 'disk');
    try {
      const box = await make({ equipment: 'bare', gibibytes: 3 });
      await box.boot();
      const size = Number((await box.must('df', '--output=size', '--block-size=1', '/')).split('\n').at(-1));
      assert.ok(size > 2.5 * 2 ** 30 && size <= 3 * 2 ** 30, `${size}`);
      await box.must('sh', '-c', 'echo so far >/srv/state');
      await box.save(saved);
      const other = await make({ equipment: 'bare', from: saved, gibibytes: 3 });
      await other.boot();
      assert.equal(await other.must('cat', '/srv/state'), 'so far');
      assert.notEqual(await other.must('cat', '/proc/sys/kernel/random/boot_id'), '');
      for (const each of [box, other]) await each.end();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  inLongRuns('is alone: two at once do not end each other’s services, and use the same addresses', async () => {
    const [one, other] = [await make({ equipment: 'docker' }), await make({ equipment: 'docker' })];
    await Promise.all([one.boot(), other.boot()]);
    for (const box of [one, other])
      await box.must('docker', 'network', 'create', '--internal', '--subnet=172.28.0.0/24', 'same');
    await one.must('systemctl', 'stop', 'docker.socket', 'docker', 'containerd');
    assert.equal(await other.must('systemctl', 'is-active', 'docker'), 'active');
    assert.match(await other.must('docker', 'network', 'ls'), /same/);
    await one.kill();
    assert.equal(await other.must('systemctl', 'is-system-running'), 'running');
    for (const box of [one, other]) await box.end();
  });

  it('sees the stick, and cannot change it', async () => {
    const stick = mkdtempSync(join(tmpdir(), 'frostbyte-stick-'));
    try {
      mkdirSync(join(stick, 'below'));
      writeFileSync(join(stick, 'below/file'), 'brought\n');
      const box = await make({ equipment: 'bare', stick });
      await box.boot();
      assert.equal(await box.must('cat', '/media/stick/below/file'), 'brought');
      const { code, err } = await box.run(['sh', '-c', 'echo x >/media/stick/below/file']);
      assert.notEqual(code, 0);
      assert.match(err, /Read-only file system/);
      await box.end();
      assert.equal(readFileSync(join(stick, 'below/file'), 'utf8'), 'brought\n');
    } finally {
      rmSync(stick, { recursive: true });
    }
  });

  inLongRuns('is found and removed when the run that made it was killed', async () => {
    const script = `
      import { makeBox } from './scripts/box/box.ts';
      const box = await makeBox({ equipment: 'bare', route: true });
      await box.boot();
      console.log(box.name);
      process.kill(process.pid, 'SIGKILL');`;
    const run = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let name = '';
    run.stdout.on('data', (text: Buffer) => {
      name += text.toString();
    });
    await once(run, 'close');
    name = name.trim();
    assert.equal(run.signalCode, 'SIGKILL');
    assert.ok(processesOf(name).length > 5, 'it goes on without its run');
    assert.ok((await removeLeftovers()).includes(name));
    assert.deepEqual([processesOf(name), groupsNamed(name), tracesOf(name)], [[], [], []]);
  });
});
