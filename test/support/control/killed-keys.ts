/**
 * A process that changes the keys of the tenant `acme` and kills itself (SIGKILL) before one change of a file. Started by
 * tests with `node killed-keys.ts FOLDER rotate|emergency|reencrypt|purge N [objects]`: N counts the changes below the
 * secrets folder (with `objects`, below the tenant's objects) from 1. With N = 0 it lives, and prints what it changed.
 */
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename, join } from 'node:path';

const [folder = '', task = '', at = '0', where = 'secrets'] = process.argv.slice(2);
const watched = join(folder, where === 'objects' ? 'tenants/acme/objects' : 'secrets');
const changed: string[] = [];
let counting = false;

/** Counts calls that change a file below the watched folder, and dies before the N-th. */
function watch(name: 'open' | 'rename' | 'link' | 'unlink' | 'rm' | 'mkdir'): void {
  const original = files[name] as (...args: unknown[]) => Promise<unknown>;
  const replacement = (...args: unknown[]) => {
    const reads = name === 'open' && (typeof args[1] !== 'number' || (args[1] & 3) === 0);
    // Object folders are reached through /proc/self/fd.
    const path = args.map(String).find((text) => text.startsWith(watched) || /^\/proc\/self\/fd\//.test(text));
    if (counting && !reads && path !== undefined) {
      changed.push(`${name} ${basename(path).replace(/[0-9a-f]{8}-[0-9a-f-]{27}/, '…')}`);
      if (changed.length === Number(at)) process.kill(process.pid, 'SIGKILL');
    }
    return original(...args);
  };
  Object.assign(files, { [name]: replacement });
}
for (const name of ['open', 'rename', 'link', 'unlink', 'rm', 'mkdir'] as const) watch(name);
syncBuiltinESMExports();

// After the patch, so that they see it.
const { createControl } = await import('../../../appliance/control/create-control.ts');
const { systemClock } = await import('../../../appliance/kernel/clock.ts');
const { fileLogs, silentLogger } = await import('./control-fixture.ts');
const { realResources } = await import('./embedded-world.ts');

const control = await createControl({
  dataFolder: folder,
  clock: systemClock(),
  logger: silentLogger,
  resources: await realResources(folder),
  openLog: fileLogs(folder),
  baseUrl: () => 'http://127.0.0.1:8080',
  beatMs: 60_000,
});
counting = true;
if (task === 'rotate') await control.rotateKeys('acme', { reason: 'planned' }, 'frode');
if (task === 'emergency') await control.rotateKeys('acme', { reason: 'lost', emergency: true }, 'frode');
if (task === 'purge') await control.purgeKey('acme', { kind: 'identity', version: 1, reason: 'old' }, 'frode');
if (task === 'reencrypt') {
  await control.start();
  await control.reencrypt('acme', 'after a loss', 'frode');
  await control.idle();
}
await control.stop();
process.stdout.write(JSON.stringify(changed));
