import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MIGRATIONS } from '../../appliance/stores/log/migrations/sqlite.gen.ts';
import type { AuditLog } from '../../appliance/stores/log/port.ts';
import { openSqliteLog } from '../../appliance/stores/log/sqlite.ts';
import { manualClock } from '../support/manual-clock.ts';
import { expandedFile } from '../support/next-release.ts';
import { LOG_TENANT, logContract } from './log.suite.ts';

logContract('sqlite log, on what the next release expanded', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'));
  const logs: AuditLog[] = [];
  const another = (): AuditLog => {
    const log = openSqliteLog(expandedFile(join(folder, 'log.db'), 'log', MIGRATIONS), {
      tenant_id: LOG_TENANT,
      clock: manualClock(),
    });
    logs.push(log);
    return log;
  };
  return {
    log: another(),
    another,
    dispose: async () => {
      for (const log of logs) await log.close();
      rmSync(folder, { recursive: true });
    },
  };
});
