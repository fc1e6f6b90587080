/**
 * A control process that kills itself (SIGKILL) at one call of a tenant's resources. Started by tests with
 * `node killed-control.ts FOLDER provision|deprovision|resume CALL contained|embedded [FAILS]`; CALL is as `folderResources`
 * names it, and so is FAILS, at which each attempt fails. With `embedded` the tenants are real: folders, keys and SQLite
 * files.
 */
import { createControl } from '../../../appliance/control/create-control.ts';
import { systemClock } from '../../../appliance/kernel/clock.ts';
import { ACME, fileLogs, silentLogger } from './control-fixture.ts';
import { realResources, watched } from './embedded-world.ts';
import { folderResources } from './folder-resources.ts';

const [folder = '', task = '', at = '', kind = '', fails = ''] = process.argv.slice(2);
const before = (call: string): void => {
  if (call === at) process.kill(process.pid, 'SIGKILL');
  if (call === fails) throw new Error('broken');
};
const control = await createControl({
  dataFolder: folder,
  clock: systemClock(),
  logger: silentLogger,
  resources:
    kind === 'embedded'
      ? watched(await realResources(folder), before)
      : folderResources(folder, before, { contained: true }),
  openLog: fileLogs(folder),
  baseUrl: () => 'http://127.0.0.1:8080',
  retryWaits: [],
  beatMs: 60_000,
});
await control.start();
if (task === 'provision') await control.createTenant(ACME, 'frode');
if (task === 'deprovision') {
  await control.deprovision('acme', { reason: 'over', confirm: true, confirm_tenant_id: 'acme' }, 'frode');
}
// Waits to be killed; a call that never comes ends in the test's time limit.
setInterval(() => undefined, 1000);
