import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { fileFacts } from '../../../../../../appliance/bin/host/verification/gather/files.ts';
import { releaseFacts } from '../../../../../../appliance/bin/host/verification/gather/release.ts';
import { hostTools } from '../../../../../../appliance/bin/host-operations.ts';
import { type HostLayout, hostLayout } from '../../../../../../appliance/bundle/host-layout.ts';
import { installOperation } from '../../../../../../appliance/bundle/install/install.ts';
import { executeOperation } from '../../../../../../appliance/bundle/operation/execute.ts';
import { verifyBundle } from '../../../../../../appliance/bundle/verify/verify-bundle.ts';
import { sha256Hex } from '../../../../../../appliance/kernel/digest.ts';
import { type BundleWorld, bundleWorld } from '../../../../../support/bundle-world.ts';
import { BY } from '../../../../../support/operation-world.ts';

const isRoot = process.geteuid?.() === 0;

/** A release that the installer put below a folder, and what is found out about it: real files, real signatures. */
describe('an installed release', { skip: isRoot ? false : 'files of a host are root’s' }, () => {
  let world: BundleWorld;
  let bundle: string;
  let layout: HostLayout;
  before(async () => {
    world = bundleWorld();
    ({ path: bundle } = await world.build('genuine'));
  });
  after(() => world.end());
  beforeEach(async () => {
    layout = hostLayout(mkdtempSync(join(tmpdir(), 'frostbyte-installed-')));
    for (const folder of [layout.units, dirname(layout.command), join(layout.root, 'var/lib')])
      mkdirSync(folder, { recursive: true });
    writeFileSync(join(layout.root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
    writeFileSync(join(layout.root, 'etc/group'), 'root:x:0:\n');
    await verifyBundle(bundle, world.options({ target: join(layout.quarantine, '1.2.3') }));
    const operation = installOperation(
      {
        ...{ version: '1.2.3', counter: 7, bytes: 5000, subnet: '172.28', port: 8080, vectors: 'sqlite-vec' },
        manifest_sha256: sha256Hex(readFileSync(join(bundle, 'MANIFEST.json'))),
        anchor: (world.anchor as { allowed_signers: string }).allowed_signers,
        ...{ image_bytes: 0, recovery_recipient: null, recovery_answer: null, older_because: null },
      },
      layout,
      hostTools(layout),
    );
    const { state, failure } = await executeOperation({
      ...{ layout, operation, version: '1.2.3', command: 'frostbyte install', by: BY, host: 'box', bundle: null },
      signal: new AbortController().signal,
      listen: () => undefined,
    });
    assert.equal(state, 'done', failure?.message);
  });
  afterEach(() => rmSync(layout.root, { recursive: true }));

  const looked = async () => (await releaseFacts(layout, null, () => undefined)).facts;
  const released = (path: string) => join(layout.releases, '1.2.3', path);

  it('is whole and signed, whatever came in parts, and what the installer wrote is as it wrote it', async () => {
    const { facts, identity, bundle: manifest } = await releaseFacts(layout, null, () => undefined);
    assert.equal(facts.current, join(layout.releases, '1.2.3'));
    assert.ok('is' in facts.signed && facts.signed.is.startsWith('SHA256:'));
    assert.deepEqual([facts.problems, facts.loose], [[], []]);
    assert.ok(manifest!.joined.length > 0);
    assert.equal(identity?.version, '1.2.3');
    const { evidence, ...files } = await fileFacts(layout);
    assert.deepEqual(files, {
      ...{ units: [], command: [], trust: [], folders: true, unfinished: null },
      settings: { path: join(layout.settings, 'frostbyte.yaml'), loose: false, changed: false },
    });
    assert.ok('is' in evidence && evidence.is > 0);
  });

  it('is named by each file that is another, away, cut off, longer or nobody’s, and that others can write to', async () => {
    writeFileSync(released('README.txt'), 'Read me LAST!!\n');
    unlinkSync(released('docs/empty.txt'));
    truncateSync(released('bin/node'), 10);
    appendFileSync(released('install.sh'), 'x');
    writeFileSync(released('bin/extra'), 'x');
    renameSync(released('images/oci-layout'), released('images/oci-layout.old'));
    appendFileSync(released('models/weights.bin'), 'x');
    chmodSync(released('bin'), 0o777);
    chmodSync(released('README.txt'), 0o646);
    const { problems, loose, signed } = await looked();
    assert.deepEqual(problems.map((line) => line.replace(/ \(.*/, '')).sort(), [
      'README.txt was altered',
      'bin/extra does not belong to the release',
      'bin/node is cut off',
      'docs/empty.txt is missing',
      'images/oci-layout has another name',
      'install.sh is longer than it was',
      'models/weights.bin is longer than it was',
    ]);
    assert.deepEqual(loose, [released('README.txt'), released('bin')]);
    assert.ok('is' in signed);
  });

  it('is not believed with another manifest, and then equal to nothing', async () => {
    const manifest = released('MANIFEST.json');
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"1.2.3"', '"1.2.4"'));
    const { signed, files, problems } = await looked();
    assert.ok('unknown' in signed);
    assert.deepEqual([files, problems], [0, []]);
  });

  it('is not believed by another anchor, nor where its key was revoked since', async () => {
    const { path } = await world.build('revoked', { lists: { serial: 4, revoked: [world.release] } });
    writeFileSync(
      join(layout.settings, 'known_revoked_keys'),
      readFileSync(join(path, 'signers/revoked_keys'), 'utf8'),
    );
    const revoked = (await looked()).signed;
    assert.ok('unknown' in revoked);
    assert.match(revoked.unknown, /revoked/);
    writeFileSync(layout.anchor, '# nobody\n');
    assert.ok('unknown' in (await looked()).signed);
  });

  it('has a service, a command, an anchor or settings that are others, each named', async () => {
    appendFileSync(join(layout.units, 'frostbyte-control.service'), 'CapabilityBoundingSet=~\n');
    unlinkSync(join(layout.units, 'frostbyte-gateway.service'));
    appendFileSync(layout.command, '# more\n');
    appendFileSync(layout.anchor, '# more\n');
    writeFileSync(join(layout.settings, 'newest_bundle.json'), '{"counter":3,"version":"1.0.0"}\n');
    appendFileSync(join(layout.settings, 'frostbyte.yaml'), 'log_level: debug\n');
    chmodSync(join(layout.settings, 'frostbyte.yaml'), 0o666);
    chmodSync(layout.data, 0o777);
    const { units, command, trust, settings, folders } = await fileFacts(layout);
    const inWords = (all: readonly { path: string; problem: string }[]) =>
      all.map(({ path, problem }) => `${path.slice(layout.root.length)} ${problem}`);
    assert.deepEqual(inWords(units), [
      '/etc/systemd/system/frostbyte-control.service is not what was written',
      '/etc/systemd/system/frostbyte-gateway.service is missing',
    ]);
    assert.deepEqual(inWords(command), ['/usr/local/bin/frostbyte is not what was written']);
    assert.deepEqual(inWords(trust), [
      '/etc/frostbyte/allowed_signers is not what was written',
      '/etc/frostbyte/newest_bundle.json names an older bundle than this one',
    ]);
    assert.deepEqual([settings.loose, settings.changed, folders], [true, true, false]);
  });

  it('cannot be told where no installation was ever finished', async () => {
    rmSync(layout.operations, { recursive: true });
    await assert.rejects(fileFacts(layout), { code: 'INVALID_STATE_TRANSITION' });
  });

  it('has evidence that was cut off, which is no evidence', async () => {
    const log = join(layout.evidence, 'evidence.jsonl');
    writeFileSync(
      log,
      readFileSync(log, 'utf8')
        .split('\n')
        .slice(0, -2)
        .map((line) => `${line}\n`)
        .join(''),
    );
    const { evidence } = await fileFacts(layout);
    assert.ok('unknown' in evidence || evidence.is === 0, JSON.stringify(evidence));
  });
});
