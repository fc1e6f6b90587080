/**
 * `make box`, `make box-shell`, `make box-down`: a sealed Debian 12 with the package of this tree on a stick, for whoever wants
 * to try the product as a field engineer would. It stays until `make box-down`.
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { ENVIRONMENT, initOf, inside, STICK } from './box/boot.ts';
import { makeBox } from './box/box.ts';
import { EQUIPMENTS, type Equipment } from './box/equipment.ts';
import { removeLeftovers } from './box/leftovers.ts';
import { type BoxRecord, readRecords } from './box/records.ts';
import { boxCannotRun } from './box/requirements.ts';
import { KINDS, sinkOf } from './box/sink.ts';
import { fingerprintOf, stickFolder } from './box/stick.ts';

const SAYS: Readonly<Record<Equipment, string>> = {
  bare: 'neither Docker nor Compose',
  docker: 'a Docker Engine, and no Compose',
  both: 'a Docker Engine and Compose',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { equipment: { type: 'string', default: 'both' }, route: { type: 'boolean', default: false } },
});
const actions: Readonly<Record<string, () => Promise<void> | void>> = { up, shell, down };
const action = actions[positionals[0] ?? ''];
if (action === undefined) {
  console.error('usage: scripts/box.ts up [--equipment bare|docker|both] [--route] | shell | down');
  process.exit(2);
}
try {
  const reason = boxCannotRun();
  if (reason !== null) throw new Error(`no box can be had here: ${reason}`);
  await action();
} catch (error) {
  console.error(`box: ${(error as Error).message}`);
  process.exitCode = 1;
}

async function up(): Promise<void> {
  const equipment = EQUIPMENTS.find((name) => name === values.equipment);
  if (equipment === undefined) throw new Error(`BOX is ${EQUIPMENTS.join(', ')}`);
  await removeLeftovers();
  const running = kept();
  if (running !== undefined) {
    console.log(`box: there is one already, with ${SAYS[running.equipment]}; make box-down removes it`);
    return describe(running);
  }
  const stick = await stickFolder();
  const box = await makeBox({ equipment, stick, route: values.route, keep: true });
  const started = performance.now();
  const state = await box.boot();
  console.log(`box: ${state} after ${((performance.now() - started) / 1000).toFixed(1)} s, with ${SAYS[equipment]}`);
  describe(kept()!);
}

function describe({ name, route, stick }: BoxRecord): void {
  console.log(
    route ? '  its only route leads to a counter, which answers nothing' : '  it has no interface but loopback',
  );
  console.log(`  a shell in it   make box-shell`);
  console.log(`  and in there    sh ${STICK}/install.sh --fingerprint ${fingerprintOf(stick!)}`);
  if (route) {
    const counted = sinkOf(name).counted();
    console.log(`  tried to leave  ${KINDS.map((kind) => `${kind} ${counted[kind]}`).join(', ')}`);
  }
  console.log('  remove it       make box-down');
}

function shell(): void {
  const record = kept();
  if (record === undefined || initOf(record.name) === undefined) throw new Error('none is running: make box');
  const [command, ...args] = inside(record.name, ['bash', '--login']);
  const { TERM = 'dumb' } = process.env;
  spawnSync(command!, args, { stdio: 'inherit', env: { ...ENVIRONMENT, TERM } });
}

async function down(): Promise<void> {
  const ended = await removeLeftovers({ kept: true });
  console.log(ended.length === 0 ? 'box: there is none' : 'box: removed');
}

/** The one of `make box`. */
function kept(): BoxRecord | undefined {
  return readRecords().find(({ owner }) => owner === null);
}
