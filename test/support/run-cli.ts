import { main } from '../../appliance/cli/main.ts';

/**
 * Runs a command line in this process, with the environment exactly as given, and collects what it says. (That the
 * program's own file answers the same is shown on what ships.)
 */
export async function runCli(args: readonly string[], environment: Record<string, string> = {}) {
  const before = { env: process.env, out: process.stdout.write, err: process.stderr.write };
  const said = { out: '', err: '' };
  const listen = (name: 'out' | 'err', stream: NodeJS.WriteStream) =>
    ((...written: Parameters<NodeJS.WriteStream['write']>) => {
      // Bytes are the test runner's, which reports over the same stream while a command waits.
      if (typeof written[0] !== 'string') return before[name].apply(stream, written);
      said[name] += written[0];
      return true;
    }) as typeof process.stdout.write;
  process.env = { PATH: before.env.PATH ?? '', ...environment };
  process.stdout.write = listen('out', process.stdout);
  process.stderr.write = listen('err', process.stderr);
  try {
    return { status: await main(['node', 'frostbyte', ...args]), said };
  } finally {
    process.env = before.env;
    process.stdout.write = before.out;
    process.stderr.write = before.err;
  }
}
