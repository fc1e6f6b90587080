import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HostPort, Said } from '../../appliance/bundle/preflight/host-port.ts';

/** A host as it once answered: `test/vectors/preflight/answers/`. Each file says whether it was recorded or composed by hand. */
interface Answers {
  about: { source: 'recorded' | 'composed by hand'; what: string };
  files: Record<string, string>;
  exists: string[];
  lists: Record<string, string[]>;
  links: Record<string, string>;
  /** Bytes in all and free, names in all and free. */
  disks: Record<string, [number, number, number, number]>;
  /** By the command line: status, output, errors. */
  runs: Record<string, [number | null, string, string]>;
  self: ReturnType<HostPort['self']>;
  addresses: ReturnType<HostPort['addresses']>;
}

const FOLDER = join(import.meta.dirname, '../vectors/preflight/answers');
const NOT_THERE: Said = { status: null, stdout: '', stderr: '' };

/** A host that gives the answers of a file, and has nothing else. */
export function replayedHost(name: string): HostPort & { asked: string[] } {
  const answers = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8')) as Answers;
  const { files, exists, lists, links, disks, runs } = answers;
  const asked: string[] = [];
  return {
    asked,
    read: (path) => files[path] ?? null,
    list: (path) => lists[path] ?? null,
    link: (path) => links[path] ?? null,
    exists: (path) => exists.includes(path) || path in files || path in lists,
    disk: (path) => {
      const found = disks[path];
      if (found === undefined) return null;
      const [total_bytes, free_bytes, inodes, free_inodes] = found;
      return { total_bytes, free_bytes, inodes, free_inodes };
    },
    async run(program, args) {
      const line = [program, ...args].join(' ');
      asked.push(line);
      const said = runs[line];
      return said === undefined ? NOT_THERE : { status: said[0], stdout: said[1], stderr: said[2] };
    },
    self: () => answers.self,
    addresses: () => answers.addresses,
  };
}
