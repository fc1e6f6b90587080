import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gatherDisks } from '../../bundle/preflight/gather/disks.ts';
import { gatherNetwork } from '../../bundle/preflight/gather/network.ts';
import { meminfo } from '../../bundle/preflight/gather/system.ts';
import type { HostPort } from '../../bundle/preflight/host-port.ts';
import { overlap } from '../../bundle/preflight/subnets.ts';
import type { Config } from '../../config/schema.ts';
import { inputRule } from '../../control/networks/input-rule.ts';
import { BRIDGE_PREFIX } from '../../control/stack/addresses.ts';
import { controlPaths } from '../../kernel/names.ts';
import type { ObservedDisk, ObservedHost } from '../../observability/doctor/observed.ts';
import { hostProgram } from '../entry.ts';
import { storesDiskOrUsual } from '../stores-disk.ts';
import type { Sight } from './sight.ts';
import type { Patient } from './where.ts';

const MIB = 2 ** 20;
const DAY_MS = 86_400_000;

/** The host itself: disks, memory, clock, addresses, ports. */
export async function lookAtHost({ layout, config }: Patient, host: HostPort, { see }: Sight): Promise<ObservedHost> {
  const { machine, uid } = host.self();
  const { port } = config.listen;
  const network = await see('the routes and ports of the host', () => gatherNetwork(host), null);
  const isInstalled = existsSync(layout.current);
  const range = `${config.stack.subnet}.0.0/16`;
  const others = [...(network?.routes ?? []), ...(network?.addresses ?? [])].filter(
    ({ device, subnet }) => !device.startsWith(BRIDGE_PREFIX) && overlap(subnet, range),
  );
  const listener = network?.listening.find((one) => one.port === port) ?? null;
  return {
    machine,
    node: process.version,
    is_root: uid === 0,
    disks: await see('the disks', () => disksOf(layout, config, host), []),
    memory_available_bytes: meminfo(host).available_bytes,
    clock: clockOf(config.data_folder),
    subnet_clashes: [
      ...new Set(others.map(({ subnet, device }) => `${subnet} by ${device}, and containers in ${range}`)),
    ],
    listener: listener === null ? null : { address: listener.address, process: listener.process },
    port,
    input_rule:
      config.mode === 'stack' && isInstalled
        ? await see('the input rule', () => inputRule(hostProgram('input-rule')).check(), null, 12_000)
        : null,
  };
}

async function disksOf(layout: Patient['layout'], config: Config, host: HostPort): Promise<ObservedDisk[]> {
  const { mode, data_folder, stack, intake } = config;
  const isInstalled = existsSync(layout.current);
  const places = [
    { what: 'the data', path: resolve(data_folder), isIntake: true },
    ...(isInstalled ? [{ what: 'the programs', path: layout.programs, isIntake: false }] : []),
    ...(mode === 'stack' ? [{ what: 'the engine', path: await storesDiskOrUsual(stack), isIntake: true }] : []),
  ];
  return places.flatMap(({ what, path, isIntake }) =>
    gatherDisks(host, [path]).map(({ free_bytes, total_bytes, free_inodes, options }) => ({
      what,
      path,
      free_bytes,
      total_bytes,
      free_inodes,
      read_only: options.includes('ro'),
      kept_free_bytes: isIntake ? keptFree(intake.min_free_mb, total_bytes) : null,
    })),
  );
}

/** As intake reckons it. */
const keptFree = (minFreeMb: number | null, total: number): number =>
  minFreeMb === null ? Math.min(1024 * MIB, total / 20) : minFreeMb * MIB;

function clockOf(dataFolder: string): ObservedHost['clock'] {
  const { clock } = controlPaths(dataFolder);
  const kept = Number(textOf(clock) ?? Number.NaN);
  const step = textOf(`${clock}-step`);
  return {
    kept_at: Number.isSafeInteger(kept) && kept > 0 ? kept : null,
    step_days: step === null ? null : daysOf(step),
  };
}

function daysOf(step: string): number | null {
  try {
    const { from, to } = JSON.parse(step) as { from?: unknown; to?: unknown };
    return typeof from === 'number' && typeof to === 'number' ? Math.round((to - from) / DAY_MS) : null;
  } catch {
    return null;
  }
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
