import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What this process has around it, where a container is the sandbox's outer wall (spec 2 B). */
export interface Surroundings {
  /** Interfaces that are up, but for loopback; null where that cannot be seen. */
  interfaces: string[] | null;
  /** What may be a secret: names of environment variables, files where secrets lie. */
  secrets: string[];
  /** Whether this process is root, holds a capability, or could gain one. */
  privileged: boolean;
}

/** Where this looks, for tests. */
export interface Lookout {
  root: string;
  environment: NodeJS.ProcessEnv;
}

/** Variables that containers and shells set by themselves. */
const HARMLESS = /^(?:PATH|HOME|HOSTNAME|USER|LOGNAME|SHELL|PWD|OLDPWD|SHLVL|TERM|LANG|LC_[A-Z]+|TZ|_)$/;
/** Where secrets are mounted, and what else may lie there. */
const SECRETS: readonly { folder: string; harmless: readonly string[] }[] = [
  { folder: 'run/secrets', harmless: [] },
  { folder: 'run/frostbyte', harmless: ['parser'] },
];
const UP = 0x1;
const LOOPBACK = 0x8;

/** Looks around. Reads a few small files. */
export function lookAround({ root, environment }: Lookout = { root: '/', environment: process.env }): Surroundings {
  return {
    interfaces: interfacesUp(root),
    secrets: [
      ...Object.keys(environment).filter((name) => !HARMLESS.test(name)),
      ...SECRETS.flatMap(({ folder, harmless }) =>
        namesIn(join(root, folder))
          .filter((name) => !harmless.includes(name))
          .map((name) => `/${folder}/${name}`),
      ),
    ],
    privileged: isPrivileged(root),
  };
}

/** A new network namespace may hold interfaces of the kernel's own (`tunl0`): they are down, and stay so. */
function interfacesUp(root: string): string[] | null {
  try {
    const listed = readFileSync(join(root, 'proc/self/net/dev'), 'utf8').matchAll(/^\s*([^\s:|]+):/gm);
    return [...listed].map(([, name]) => name!).filter((name) => isUp(root, name));
  } catch {
    return null;
  }
}

function isUp(root: string, name: string): boolean {
  if (name === 'lo') return false;
  try {
    const flags = Number(readFileSync(join(root, 'sys/class/net', name, 'flags'), 'utf8'));
    return (flags & UP) !== 0 && (flags & LOOPBACK) === 0;
  } catch {
    // One that cannot be looked at counts.
    return true;
  }
}

function isPrivileged(root: string): boolean {
  try {
    const status = readFileSync(join(root, 'proc/self/status'), 'utf8');
    const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '';
    const without = ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].every((set) => /^0+$/.test(field(set)));
    return !(without && field('NoNewPrivs') === '1' && field('Uid') !== '0' && field('Uid') !== '');
  } catch {
    return true;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    // What cannot be looked into is not known to be empty.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? [] : ['?'];
  }
}
