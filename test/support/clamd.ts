import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The industry's harmless test file, put together here so that no scanner takes this source for it. */
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE', '!$H+H*'].join('');

/** Why a real clamd cannot run here, or null. */
export function clamdMissing(): string | null {
  const found = spawnSync('sh', ['-c', 'PATH=$PATH:/usr/sbin command -v clamd']).status === 0;
  return found ? null : 'clamd is not installed (scripts/setup-host installs it)';
}

export interface RunningClamd {
  /** Path of its socket: what `scanner.clamd` takes. */
  socket: string;
  stop(): Promise<void>;
}

/** A real clamd with a database of its own (one signature: EICAR) and a stream limit of `limitMb`. */
export async function startClamd(limitMb: number): Promise<RunningClamd> {
  const folder = mkdtempSync(join(tmpdir(), 'frostbyte-clamd-'));
  const database = join(folder, 'db');
  mkdirSync(database);
  writeFileSync(join(database, 'frostbyte.ndb'), `Frostbyte.Eicar.Test:0:0:${Buffer.from(EICAR).toString('hex')}\n`);
  chmodSync(folder, 0o755);
  const socket = join(folder, 'clamd.sock');
  const settings = [
    `LocalSocket ${socket}`,
    `DatabaseDirectory ${database}`,
    'Foreground yes',
    `StreamMaxLength ${limitMb}M`,
    `MaxFileSize ${limitMb}M`,
    `MaxScanSize ${limitMb}M`,
    'AlertExceedsMax yes',
    `User ${process.getuid?.() === 0 ? 'root' : (process.env.USER ?? 'root')}`,
  ];
  writeFileSync(join(folder, 'clamd.conf'), `${settings.join('\n')}\n`);
  const child: ChildProcess = spawn(
    'sh',
    ['-c', `PATH=$PATH:/usr/sbin exec clamd --config-file=${join(folder, 'clamd.conf')}`],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let said = '';
  child.stdout!.on('data', (chunk) => (said += chunk));
  child.stderr!.on('data', (chunk) => (said += chunk));
  const deadline = Date.now() + 30_000;
  while (!existsSync(socket)) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`clamd did not start: ${said.slice(-500)}`);
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    socket,
    async stop() {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
