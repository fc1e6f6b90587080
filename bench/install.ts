import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { readManifest } from '../appliance/bundle/format/manifest.ts';
import { loadConfig } from '../appliance/config/load.ts';
import { GIVEN } from '../appliance/control/stack/core-services.ts';
import { type Box, makeBox } from '../scripts/box/box.ts';
import { removeLeftovers } from '../scripts/box/leftovers.ts';
import { boxCannotRun } from '../scripts/box/requirements.ts';
import { stickFolder } from '../scripts/box/stick.ts';
import { untilReady } from '../test/support/box/ask.ts';
import { installWhole } from '../test/support/box/install.ts';
import { atMost } from './bounds.ts';
import { longOf, phasesOf } from './phases.ts';

/** What is promised of an installation, of what loading its images and bringing its stack up takes by itself; seconds of a second one. */
const [BOUND, BOUND_AGAIN] = [1.5, 10];
/** The phase that shows that it works. */
const SMOKE = 'Send a document through all stages, find it, erase it';
const ARCHIVE = '/var/tmp/images.tar';

/**
 * An installation in a sealed box, by phase, from the verified copy of the medium to a document that went through all stages;
 * and what it can hardly be without: `docker load` of one archive of the same images, and `docker compose up --wait` of the same
 * description with empty volumes, in the same box, behind it.
 */
export async function measure(): Promise<string[]> {
  const missing = boxCannotRun();
  if (missing !== null) return [`no box can be had here: ${missing}`];
  await removeLeftovers();
  const stick = await stickFolder();
  const box = await makeBox({ equipment: 'both', stick });
  try {
    await box.boot();
    // What this host still writes out, of the box's disk above all, would be measured with it.
    execFileSync('sync');
    await installWhole(box, stick);
    const phases = await phasesOf(box);
    await untilReady(box);
    const again = await seconds(() => box.must('sh', '/media/stick/install.sh', '--', '--progress', 'none'));
    const bare = await bareSum(box);
    const smoke = phases.findIndex(({ title }) => title === SMOKE);
    if (smoke < 0) throw new Error(`no phase is “${SMOKE}”`);
    const whole = phases.slice(0, smoke + 1).reduce((sum, phase) => sum + phase.seconds, 0);
    const ratio = whole / (bare.load + bare.up);
    return [
      `docker load, compose up         ${bare.load.toFixed(1)} s and ${bare.up.toFixed(1)} s`,
      `an installation, to the smoke batch  ${whole.toFixed(1)} s, ${ratio.toFixed(2)} × as long; ${atMost('an installation, of load and up', ratio, BOUND)}`,
      ...longOf(phases.slice(0, smoke + 1)),
      'behind it',
      ...longOf(phases.slice(smoke + 1)),
      `a second one                    ${again.toFixed(1)} s; ${atMost('a second installation, s', again, BOUND_AGAIN)}`,
    ];
  } finally {
    await box.end();
  }
}

/** Takes the stack down with its volumes and its images, and brings it up by stock means alone. */
async function bareSum(box: Box): Promise<{ load: number; up: number }> {
  await box.must('systemctl', 'stop', 'frostbyte-gateway', 'frostbyte-control');
  const { stack, data_folder } = loadConfig({ file: join(box.root, 'etc/frostbyte/frostbyte.yaml'), variables: {} });
  const release = readManifest(await box.must('cat', '/opt/frostbyte/current/MANIFEST.json')).version;
  const variables = {
    [GIVEN.release.name]: release,
    [GIVEN.secrets.name]: stack.secrets_folder,
    [GIVEN.hba.name]: stack.hba_folder,
    [GIVEN.signatures.name]: stack.signatures_folder,
    [GIVEN.vectors.name]: join(data_folder, 'vectors'),
    FROSTBYTE_SUBNET: stack.subnet,
  };
  const settings = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const compose = (...words: string[]) =>
    box.must(
      'env',
      ...settings,
      stack.compose!,
      `--file=${join(stack.compose_folder, 'core.yaml')}`,
      '--progress=quiet',
      ...words,
    );
  // What control made for tenants is in the way of networks that go.
  await box.must('sh', '-c', 'docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes');
  await compose('down', '--volumes');
  const images = (await box.must('docker', 'image', 'ls', '--format={{.Repository}}:{{.Tag}}'))
    .split('\n')
    .filter(Boolean);
  await box.must('docker', 'save', '--output', ARCHIVE, ...images);
  await box.must('docker', 'image', 'rm', ...images);
  execFileSync('sync');
  return {
    load: await seconds(() => box.must('docker', 'load', '--quiet', '--input', ARCHIVE)),
    up: await seconds(() => compose('up', '--detach', '--wait')),
  };
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}
