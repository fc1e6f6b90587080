import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join, resolve } from 'node:path';
import { describe } from 'node:test';
import type { PlaneAddress } from '../../appliance/api/plane/handover.ts';
import { planeProcesses } from '../../appliance/control/planes/processes.ts';
import { temporaryFolder } from '../support/control/control-fixture.ts';
import { planeHostSuite, type Self } from './plane-host.suite.ts';

const STAND_IN = resolve(import.meta.dirname, '../support/stand-in-plane.mjs');

describe('data planes as processes', () => {
  planeHostSuite(async (t) => {
    const folder = join(await temporaryFolder(t), 'planes');
    const host = planeProcesses({ folder, owner: null, command: [process.execPath, STAND_IN] });
    t.after(() => host.close());
    return { host, tenants: ['northwind', 'contoso'], ask, shown: (_tenantId, { pid }) => shownOf(pid) };
  });
});

function ask(address: PlaneAddress, path: string): Promise<Self | null> {
  if (!('socket' in address)) throw new Error('a process listens on a socket');
  return new Promise((resolve) => {
    const asking = request({ socketPath: address.socket, path, timeout: 5000 }, async (answer) => {
      let text = '';
      try {
        for await (const chunk of answer) text += String(chunk);
        resolve(JSON.parse(text) as Self);
      } catch {
        resolve(null);
      }
    });
    asking.on('timeout', () => asking.destroy()).on('error', () => resolve(null));
    asking.end();
  });
}

function shownOf(pid: number): string {
  return ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${pid}/${file}`, 'utf8')).join('\n');
}
