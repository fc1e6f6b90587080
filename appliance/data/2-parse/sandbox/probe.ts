import { execFile } from 'node:child_process';
import { z } from 'zod';
import { commandLine, nodeFlags, type Wrapper } from './command.ts';
import type { ChildEntry } from './entry.ts';
import type { ParserBudget } from './resource-limits.ts';

/** What a process in the sandbox found when it tried to get out. */
const ProbeResult = z.object({
  /** Error codes of what must be refused; null where it succeeded. */
  read: z.string().nullable(),
  spawn: z.string().nullable(),
  /** Whether the parser's own entry can be read. */
  entry: z.boolean(),
  /** Names of environment variables. */
  environment: z.array(z.string()),
  /** Soft limits: bytes, seconds, descriptors; `unlimited` where there is none. */
  data: z.union([z.number(), z.string()]),
  cpu: z.union([z.number(), z.string()]),
  files: z.union([z.number(), z.string()]),
  /** Effective capabilities as hexadecimal bits, and whether new ones can never be had; null when it cannot be seen. */
  capabilities: z.string().nullable(),
  sealed: z.boolean(),
  /** Error code of a connection to loopback. */
  connect: z.string(),
  /** Error code of looking for a way to an address outside, which sends nothing; null where there is one. */
  route: z.string().nullable(),
});
export type ProbeResult = z.infer<typeof ProbeResult>;

const STATUS = '/proc/self/status';
const PROBE_TIMEOUT_MS = 20_000;

/** Runs inside the sandbox, as text, so that it needs no file of its own. `ENTRY` and `STATUS` stand for paths. */
const PROGRAM = `
import { accessSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';
import { createSocket } from 'node:dgram';
const code = (act) => { try { act(); return null; } catch (error) { return String(error.code ?? error.name); } };
process.report.excludeNetwork = true;
const limits = process.report.getReport().userLimits;
let status = '';
try { status = readFileSync(STATUS, 'utf8'); } catch {}
const result = {
  read: code(() => readFileSync('/etc/hostname')),
  spawn: code(() => spawnSync('/bin/true')),
  entry: code(() => accessSync(ENTRY)) === null,
  environment: Object.keys(process.env),
  data: limits.data_seg_size_bytes.soft,
  cpu: limits.cpu_time_seconds.soft,
  files: limits.open_files.soft,
  capabilities: /^CapEff:\\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? null,
  sealed: /^NoNewPrivs:\\s*1$/m.test(status),
};
const loopback = new Promise((resolve) => {
  const socket = connect(9, '127.0.0.1');
  const say = (answer) => { socket.destroy(); resolve(answer); };
  socket.on('connect', () => say('CONNECTED')).on('error', (error) => say(String(error.code)));
});
const outside = new Promise((resolve) => {
  const socket = createSocket('udp4');
  const say = (answer) => { socket.close(); resolve(answer); };
  socket.on('error', (error) => say(String(error.code)));
  socket.connect(9, '192.0.2.1', (error) => say(error ? String(error.code) : null));
});
process.stdout.write(JSON.stringify({ ...result, connect: await loopback, route: await outside }));
`;

/**
 * Starts Node in the sandbox with exactly the flags a parser gets, lets it try to get out, and returns what it met;
 * null when it could not even start.
 */
export function runProbe(wrapper: Wrapper, entry: ChildEntry, budget: ParserBudget): Promise<ProbeResult | null> {
  const program = PROGRAM.replace('ENTRY', JSON.stringify(entry.file)).replace('STATUS', JSON.stringify(STATUS));
  // Beyond what a parser may read: how else would it learn its capabilities.
  const readable = { ...entry, readable: [...entry.readable, STATUS] };
  const rest = [...nodeFlags(readable, budget), '--input-type=module', '--eval', program];
  const command = commandLine(wrapper, process.execPath, rest);
  const options = {
    env: {},
    cwd: '/',
    timeout: PROBE_TIMEOUT_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 64 * 1024,
  } as const;
  return new Promise((resolve) => {
    execFile(command.program, command.args, options, (error, stdout) => {
      resolve(error === null ? readResult(stdout) : null);
    });
  });
}

function readResult(stdout: string): ProbeResult | null {
  try {
    return ProbeResult.parse(JSON.parse(stdout));
  } catch {
    return null;
  }
}
