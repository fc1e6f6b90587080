import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { HostPort } from '../../bundle/preflight/host-port.ts';
import { MOST_PART_BYTES } from '../../observability/support-bundle/pack.ts';

/** Where logs come from: journals of units, containers, files. Their text as it is: nothing is redacted here. */
export interface LogSource {
  /** In the bundle. */
  path: string;
  read(): Promise<string>;
}

/** Lines from the end of each; the size of a part is cut down behind. */
const MOST_LINES = 4000;
const UNITS = ['frostbyte-control', 'frostbyte-gateway', 'docker', 'containerd'];

/** The journals of the units that matter, where this host keeps any. */
export function journals(host: HostPort): LogSource[] {
  const of = (path: string, args: readonly string[]): LogSource => ({
    path,
    read: () => said(host, 'journalctl', ['--no-pager', '--quiet', `--lines=${MOST_LINES}`, ...args]),
  });
  return [
    ...UNITS.map((unit) => of(`logs/${unit}.log`, ['--output=short-iso', `--unit=${unit}`])),
    of('logs/kernel.log', ['--output=short-iso', '--dmesg', '--priority=warning']),
  ];
}

/** What containers wrote, by the engine’s own client. */
export function containerLogs(host: HostPort, socket: string, names: readonly string[]): LogSource[] {
  return names.map((name) => ({
    path: `logs/containers/${name}.log`,
    read: () =>
      said(host, 'docker', ['--host', `unix://${socket}`, 'logs', '--timestamps', `--tail=${MOST_LINES}`, name]),
  }));
}

/** Files that an appliance without a service manager writes its lines to. */
export function logFiles(files: readonly string[]): LogSource[] {
  return files.map((file, at) => ({ path: `logs/file-${at + 1}.log`, read: async () => endOf(file) }));
}

async function said(host: HostPort, program: string, args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await host.run(program, args);
  if (status === 0) return `${stdout}${stderr}`;
  throw new Error(status === null ? `no answer of ${program}` : `no answer: ${program} ended with ${status}`);
}

function endOf(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    // What is cut down to its words is shorter than it was.
    const bytes = Buffer.alloc(Math.min(size, 4 * MOST_PART_BYTES));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString('utf8');
  } finally {
    closeSync(fd);
  }
}
