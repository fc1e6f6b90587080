import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, statfsSync } from 'node:fs';
import { availableParallelism, hostname, machine, networkInterfaces } from 'node:os';

/** What a program said. `status` null: it is not there, or took too long. */
export interface Said {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** The one way in which facts about a host are found out: nothing is changed, nothing goes over a network. */
export interface HostPort {
  /** A file's text; null where it cannot be read. */
  read(path: string): string | null;
  /** The names in a folder; null where there is none. */
  list(path: string): string[] | null;
  /** Where a link points; null for anything else. */
  link(path: string): string | null;
  exists(path: string): boolean;
  disk(path: string): { total_bytes: number; free_bytes: number; inodes: number; free_inodes: number } | null;
  run(program: string, args: readonly string[]): Promise<Said>;
  self(): { now: number; uid: number; umask: number; hostname: string; machine: string; processors: number };
  /** Addresses with the length of their prefix. */
  addresses(): { subnet: string; device: string }[];
}

/** Where programs of a host are looked for, whatever the caller's PATH says. */
export const PROGRAM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** No question may hold a preflight up longer. */
const PATIENCE_MS = 5000;
const MOST_BYTES = 4 << 20;

/** This host. */
export function thisHost(): HostPort {
  const orNull = <T>(work: () => T): T | null => {
    try {
      return work();
    } catch {
      return null;
    }
  };
  return {
    read: (path) => orNull(() => readFileSync(path, 'utf8')),
    list: (path) => orNull(() => readdirSync(path)),
    link: (path) => orNull(() => readlinkSync(path)),
    exists: existsSync,
    disk: (path) =>
      orNull(() => {
        const { blocks, bavail, bsize, files, ffree } = statfsSync(path);
        return { total_bytes: blocks * bsize, free_bytes: bavail * bsize, inodes: files, free_inodes: ffree };
      }),
    run,
    self: () => ({
      now: Math.floor(Date.now() / 1000),
      uid: process.geteuid?.() ?? -1,
      umask: process.umask(),
      hostname: hostname(),
      machine: machine(),
      processors: availableParallelism(),
    }),
    addresses: () =>
      Object.entries(networkInterfaces()).flatMap(([device, all = []]) =>
        all.flatMap(({ cidr, internal }) => (cidr === null || internal ? [] : [{ subnet: cidr, device }])),
      ),
  };
}

function run(program: string, args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    execFile(
      program,
      [...args],
      {
        // Nothing of the caller's: no engine elsewhere, no language, no pager.
        env: { PATH: PROGRAM_FOLDERS.join(':'), LC_ALL: 'C', HOME: '/nonexistent' },
        cwd: '/',
        timeout: PATIENCE_MS,
        killSignal: 'SIGKILL',
        maxBuffer: MOST_BYTES,
      },
      (error, stdout, stderr) => {
        const code = (error as { code?: unknown } | null)?.code;
        resolve({ status: error === null ? 0 : typeof code === 'number' ? code : null, stdout, stderr });
      },
    );
  });
}
