import { describe } from 'node:test';
import { stackMissing, testStack } from '../support/stack.ts';
import { scannerSuite } from './scanner.suite.ts';

/** The stack's scanner takes more; it serves others too. */
const LIMIT_MB = 1;

for (const service of ['clamd', 'scanner'] as const) {
  describe(`the scanner against the stack's ${service}`, { skip: stackMissing() ?? false }, () =>
    scannerSuite(
      async () => {
        const { host, port } = testStack()![service];
        return { address: `${host}:${port}`, limitMb: LIMIT_MB, close: async () => undefined };
      },
      { mayKill: false },
    ),
  );
}
