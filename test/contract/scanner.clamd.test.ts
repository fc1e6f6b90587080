import { describe } from 'node:test';
import { startScanner } from '../../appliance/bin/roles/scanner.ts';
import { clamdMissing, startClamd } from '../support/clamd.ts';
import { type OpenedScanner, scannerSuite } from './scanner.suite.ts';

const LIMIT_MB = 1;

async function openClamd(): Promise<OpenedScanner & { kill(): Promise<void> }> {
  const clamd = await startClamd(LIMIT_MB);
  let stopped: Promise<void> | undefined;
  const kill = () => (stopped ??= clamd.stop());
  return { address: clamd.socket, limitMb: LIMIT_MB, kill, close: kill };
}

describe('the scanner against a real clamd', { skip: clamdMissing() ?? false }, () => scannerSuite(openClamd));

describe('the scanner against the proxy before a real clamd', { skip: clamdMissing() ?? false }, () =>
  scannerSuite(async () => {
    const clamd = await openClamd();
    const proxy = await startScanner({ listen: '127.0.0.1:0', clamd: clamd.address, streamMaxMb: 4000 });
    return {
      ...clamd,
      address: proxy.address,
      async close() {
        await proxy.running.stop();
        await clamd.close();
      },
    };
  }),
);
