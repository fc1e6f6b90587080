import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../../../scripts/box/box.ts';
import { processesOf } from '../../../scripts/box/cgroups.ts';

/** What of a data plane's handover nobody else may know. */
const SECRET = /password|secret_key|access_key|identities/;

/**
 * The secrets of an installed appliance that runs, by what they are: those of the core stores and of each tenant as they lie on
 * memory in the box, and the root key.
 */
export async function secretsOf(box: Box): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const key = /AGE-SECRET-KEY-[0-9A-Z]+/.exec(
    readFileSync(join(box.root, 'var/lib/frostbyte/secrets/root.age'), 'utf8'),
  );
  found.set('root key', key![0]);
  for (const file of await lines(box, 'find', '/run/frostbyte/secrets', '-type', 'f'))
    found.set(file, await box.must('cat', file));
  for (const file of await lines(box, 'find', '/run/frostbyte/containers', '-name', 'handover.json'))
    gather(JSON.parse(await box.must('cat', file)), file, found);
  return found;
}

/** Where one of them is seen that should be nowhere: arguments, environments, logs, descriptions of containers, open files. */
export async function placesShowing(box: Box, secrets: ReadonlyMap<string, string>): Promise<string[]> {
  const shows = (place: string, text: string) =>
    [...secrets].flatMap(([name, secret]) => (text.includes(secret) ? [`${place}: ${name}`] : []));
  const processes = processesOf(box.name).flatMap((pid) =>
    ['cmdline', 'environ'].flatMap((file) => shows(`process ${pid}, ${file}`, read(join('/proc', String(pid), file)))),
  );
  const ids = await lines(box, 'docker', 'ps', '--all', '--quiet');
  const described = ids.length === 0 ? '' : await box.must('docker', 'inspect', ...ids);
  const journal = await box.must('journalctl', '--no-pager', '--output=cat');
  const logged = readable(join(box.root, 'var/lib/docker/containers'), { all: true })
    .filter((file) => file.endsWith('-json.log'))
    .flatMap((file) => shows(`log ${file}`, read(file)));
  const open = ['etc', 'opt', 'var', 'usr/local', 'root', 'home'].flatMap((folder) =>
    readable(join(box.root, folder)).flatMap((file) => shows(`file ${file.slice(box.root.length)}`, read(file))),
  );
  const onMemory = (
    await lines(box, 'find', '/run', '/tmp', '/dev/shm', '-xdev', '-type', 'f', '-perm', '-004')
  ).filter((file) => !file.startsWith('/run/frostbyte/'));
  for (const file of onMemory) open.push(...shows(`file ${file}`, (await box.run(['cat', file])).out));
  return [...processes, ...shows('containers', described), ...shows('journal', journal), ...logged, ...open];
}

async function lines(box: Box, ...words: string[]): Promise<string[]> {
  return (await box.must(...words)).split('\n').filter(Boolean);
}

function gather(value: unknown, path: string, found: Map<string, string>): void {
  if (typeof value === 'string') {
    if (SECRET.test(path.split('.json').at(-1)!)) found.set(path, value);
  } else if (value !== null && typeof value === 'object') {
    for (const [name, inner] of Object.entries(value)) gather(inner, `${path}.${name}`, found);
  }
}

/** Files below a folder that any user can get at: each folder above lets them through, and the file lets them read. */
function readable(folder: string, { all = false } = {}): string[] {
  const entries = readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return all || statSync(path).mode & 0o001 ? readable(path, { all }) : [];
    return entry.isFile() && (all || statSync(path).mode & 0o004) ? [path] : [];
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return ''; // It has ended, or gone, meanwhile.
  }
}
