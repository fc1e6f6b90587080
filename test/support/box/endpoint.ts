import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Box } from '../../../scripts/box/box.ts';
import { runProgram } from '../shipped.ts';

/** An embedding endpoint at an address of a box’s own network, which is none of loopback’s. */
export interface BoxEndpoint {
  url: string;
  ca: string;
  /** Texts that it was sent, and with which key. */
  received: { input: string[]; authorization: string | undefined }[];
  end(): void;
}

const PROGRAM = join(import.meta.dirname, 'endpoint-process.ts');

export async function boxEndpoint(box: Box, address: string): Promise<BoxEndpoint> {
  const made = await runProgram(box.inNetwork(['ip', 'address', 'add', `${address}/32`, 'dev', 'lo']));
  if (made.code !== 0) throw new Error(made.err);
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, address];
  const [program, ...args] = box.inNetwork(words);
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const received: BoxEndpoint['received'] = [];
  const { promise, resolve, reject } = Promise.withResolvers<{ url: string; ca: string }>();
  const lines = createInterface({ input: child.stdout });
  lines.once('line', (first) => {
    resolve(JSON.parse(first) as { url: string; ca: string });
    lines.on('line', (line) => void received.push(JSON.parse(line) as BoxEndpoint['received'][number]));
  });
  child.once('error', reject).once('exit', (code) => reject(new Error(`the endpoint ended with ${code}`)));
  return { ...(await promise), received, end: () => void child.kill('SIGKILL') };
}
