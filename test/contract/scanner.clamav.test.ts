import { describe } from 'node:test';
import { clamdSocket } from '../support/docker.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { scannerSuite } from './scanner.suite.ts';

/** The stack's scanner takes more; it serves others too. */
const LIMIT_MB = 1;

for (const service of ['clamd', 'scanner'] as const) {
  describe(`the scanner against the stack's ${service}`, { skip: stackMissing() ?? false }, () =>
    scannerSuite(
      async () => {
        const stack = testStack()!;
        const { host, port } = stack.scanner;
        const address = service === 'clamd' ? clamdSocket(stack) : `${host}:${port}`;
        return { address, limitMb: LIMIT_MB, close: async () => undefined };
      },
      { mayKill: false },
    ),
  );
}
