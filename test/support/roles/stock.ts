import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a running process holds, as the kernel says it. */
export interface Stock {
  uid: string;
  groups: string;
  /** Of all sets together; `0` for none. */
  capabilities: number;
  /** New privileges can never be had. */
  sealed: boolean;
  seccomp: string;
  environment: string[];
  commandLine: string;
  /** Interfaces of its network. */
  interfaces: string[];
  /** Files that it has open, but for devices. */
  files: string[];
  /** Its TCP and UDP sockets: local address in hexadecimal and state. */
  internet: string[];
  /** Paths of its unix sockets that have one. */
  unix: string[];
}

/** Takes stock of a process. */
export function stockOf(pid: number): Stock {
  const status = read(pid, 'status');
  const field = (name: string) => new RegExp(`^${name}:[^\\S\\n]*(.*)$`, 'm').exec(status)?.[1]?.trim() ?? '';
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => linkOf(`/proc/${pid}/fd/${fd}`));
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
  return {
    uid: field('Uid').split(/\s+/)[0]!,
    groups: field('Groups'),
    capabilities: ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].reduce(
      (sum, set) => sum + Number(`0x${field(set)}`),
      0,
    ),
    sealed: field('NoNewPrivs') === '1',
    seccomp: field('Seccomp'),
    environment: read(pid, 'environ').split('\0').filter(Boolean),
    commandLine: read(pid, 'cmdline').replaceAll('\0', ' ').trim(),
    interfaces: [...read(pid, 'net/dev').matchAll(/^\s*([^\s:|]+):/gm)].map(([, name]) => name!),
    files: links.filter((link) => link.startsWith('/') && !link.startsWith('/dev/')),
    internet: ['tcp', 'tcp6', 'udp', 'udp6', 'raw'].flatMap((name) =>
      rows(read(pid, `net/${name}`))
        .filter((words) => inodes.has(words[9] ?? ''))
        .map((words) => `${name} ${words[1]} ${words[3]}`),
    ),
    unix: rows(read(pid, 'net/unix'))
      .filter((words) => inodes.has(words[6] ?? '') && words[7] !== undefined)
      .map((words) => words[7]!),
  };
}

function rows(table: string): string[][] {
  return table
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/));
}

function read(pid: number, name: string): string {
  return readFileSync(`/proc/${pid}/${name}`, 'utf8');
}

function linkOf(path: string): string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
