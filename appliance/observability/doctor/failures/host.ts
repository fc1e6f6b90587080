import { type Failure, readableBytes, readableSpan } from '../failure.ts';
import type { ObservedDisk } from '../observed.ts';

const FULL_BYTES = 64 << 20;
const FEW_INODES = 1000;
const LITTLE_MEMORY = 256 << 20;
/** Clocks of one box that differ by less are one clock. */
const BEHIND_MS = 5 * 60_000;
const ARCHITECTURES: Readonly<Record<string, string>> = Object.freeze({ x86_64: 'amd64', aarch64: 'arm64' });
const LEAST_NODE = 24;

const left = ({ what, path, free_bytes }: ObservedDisk) => `${what} (${path}): ${readableBytes(free_bytes)} left`;
const isFull = ({ free_bytes }: ObservedDisk) => free_bytes < FULL_BYTES;

export const HOST_FAILURES: readonly Failure[] = [
  {
    code: 'disk-full',
    group: 'Host',
    title: 'A disk is full',
    why: 'Nothing can be written: documents are refused, stores stop, and an operation cannot record what it does.',
    mend: 'Find what takes the room (du -xh --max-depth=2 PATH | sort -h | tail), free some, and look again. Never delete below the data folder or the engine’s volumes.',
    severity: 'trouble',
    recognise: ({ host }) => host.disks.filter(isFull).map(left),
  },
  {
    code: 'disk-low',
    group: 'Host',
    title: 'Too little room for new documents',
    why: 'Intake refuses with 507 before a disk is full, so that what is stored stays safe.',
    mend: 'Free room on that disk, enlarge it, or erase what is not needed any more. intake.min_free_mb says how much is kept free.',
    severity: 'trouble',
    recognise: ({ host }) =>
      host.disks
        .filter((disk) => !isFull(disk) && disk.kept_free_bytes !== null && disk.free_bytes < disk.kept_free_bytes)
        .map((disk) => `${left(disk)}, ${readableBytes(disk.kept_free_bytes!)} are kept free`),
  },
  {
    code: 'inodes-used-up',
    group: 'Host',
    title: 'A disk takes no more files',
    why: 'The file system has room, but no entry left for another file. It says “No space left on device” all the same.',
    mend: 'Remove what consists of very many small files (df -i PATH shows the count), or make the file system anew with more inodes.',
    severity: 'trouble',
    recognise: ({ host }) =>
      host.disks.flatMap(({ what, path, free_inodes }) =>
        free_inodes !== null && free_inodes < FEW_INODES ? [`${what} (${path}): ${free_inodes} left`] : [],
      ),
  },
  {
    code: 'disk-read-only',
    group: 'Host',
    title: 'A disk cannot be written to',
    why: 'A kernel mounts a file system read-only when it finds errors in it.',
    mend: 'See dmesg for the errors. Check the disk (fsck) with everything stopped; where it is failing, replace it and restore the last backup.',
    severity: 'trouble',
    recognise: ({ host }) =>
      host.disks.filter(({ read_only }) => read_only).map(({ what, path }) => `${what} (${path})`),
  },
  {
    code: 'memory-low',
    group: 'Host',
    title: 'The host runs out of memory',
    why: 'The kernel ends the largest processes first: databases and parsers.',
    mend: 'End what else runs on this host, or give it more memory. frostbyte preflight says what the release needs.',
    severity: 'warning',
    recognise: ({ host: { memory_available_bytes: bytes } }) =>
      bytes !== null && bytes < LITTLE_MEMORY ? [`${readableBytes(bytes)} available`] : [],
  },
  {
    code: 'clock-stepped',
    group: 'Host',
    title: 'The clock jumped ahead',
    why: 'By such a clock documents would seem too old. Nothing is erased for its age until the clock has been trusted for a day.',
    mend: 'Look at date -u. Where it is wrong, set it (timedatectl set-time) and restart control: systemctl restart frostbyte-control. Where it is right, nothing is to be done.',
    severity: 'trouble',
    recognise: ({ host: { clock } }) => (clock.step_days === null ? [] : [`by ${clock.step_days} days`]),
  },
  {
    code: 'clock-behind',
    group: 'Host',
    title: 'The clock is behind',
    why: 'It was later when the appliance last looked. Its own time does not go back, so new events carry one time until the clock has caught up.',
    mend: 'Set the clock (timedatectl set-time), and see to its battery or its time source.',
    severity: 'trouble',
    recognise: ({ now, host: { clock } }) =>
      clock.kept_at !== null && clock.kept_at - now > BEHIND_MS ? [`by ${readableSpan(clock.kept_at - now)}`] : [],
  },
  {
    code: 'subnet-clash',
    group: 'Host',
    title: 'Containers have addresses of another network',
    why: 'A route of the host, a VPN perhaps, covers the same addresses: what is sent to a store goes elsewhere.',
    mend: 'Move that network, or give the containers another half: stack.subnet in the settings. Changing it takes the stack down and up again.',
    severity: 'trouble',
    recognise: ({ mode, host }) => (mode === 'stack' ? host.subnet_clashes : []),
  },
  {
    code: 'port-taken',
    group: 'Host',
    title: 'Somebody else listens on the gateway’s port',
    why: 'Two programs cannot share a port: the gateway gives up.',
    mend: 'End that program, or set another listen.port and restart the gateway.',
    severity: 'trouble',
    recognise: ({ host: { listener, port }, services }) =>
      listener !== null && !services.gateway_answers
        ? [`port ${port}: ${listener.process ?? 'another process'} at ${listener.address}`]
        : [],
  },
  {
    code: 'input-rule-missing',
    group: 'Host',
    title: 'Containers could reach the host',
    why: 'The rule that keeps containers from the host’s own addresses is not in force: a firewall that was loaded anew takes it away.',
    mend: '/opt/frostbyte/current/host/input-rule up puts it there. Have the firewall’s own service run before frostbyte-control.',
    severity: 'trouble',
    recognise: ({ host }) => (host.input_rule === null ? [] : [host.input_rule]),
  },
  {
    code: 'wrong-architecture',
    group: 'Host',
    title: 'The release is for another architecture',
    why: 'A disk was moved to another kind of machine, or the wrong bundle was unpacked.',
    mend: 'Install the bundle for this machine (its name ends in the architecture).',
    severity: 'trouble',
    recognise: ({ host: { machine }, installation: { arch } }) =>
      arch !== null && ARCHITECTURES[machine] !== arch ? [`${arch}, on ${machine}`] : [],
  },
  {
    code: 'wrong-node',
    group: 'Host',
    title: 'It runs on another Node than it was built for',
    why: 'Native parts load into the pinned runtime alone.',
    mend: 'Start it by the command frostbyte, which uses the runtime that came with it, and not by a node of the host.',
    severity: 'trouble',
    recognise: ({ host: { node } }) =>
      Number(/^v?(\d+)/.exec(node)?.[1] ?? 0) < LEAST_NODE ? [`Node ${node}, and ${LEAST_NODE} is needed`] : [],
  },
];
