import { createInterface } from 'node:readline';
import { exitCode, explain } from '../cli/exit.ts';
import type { Config } from '../config/schema.ts';

/** A role that the launcher starts: the configuration comes as one line on standard input, which stays open. */
const lines = createInterface({ input: process.stdin });
const config = await new Promise<Config>((resolve) =>
  lines.once('line', (line) => resolve(JSON.parse(line) as Config)),
);
const over = new Promise<void>((resolve) => lines.once('close', resolve));
try {
  if (process.argv[2] === 'control') await (await import('./roles/control.ts')).serveControlRole(config, over);
  else await (await import('./roles/gateway.ts')).serveGateway(config, over);
  process.exit(0);
} catch (error) {
  process.stderr.write(`${explain(error)}\n`);
  process.exit(exitCode(error));
}
