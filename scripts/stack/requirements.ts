/** Whether the stack can run on this machine. */
import { spawnSync } from 'node:child_process';
import { SBIN_PATH } from './engine.ts';

const TOOLS = ['docker', 'dockerd', 'containerd', 'iptables', 'ip', 'nsenter', 'unshare', 'flock', 'mmdebstrap', 'go'];

/** Why it cannot, in a sentence, or null when it can. */
export function stackCannotRun(): string | null {
  if (process.platform !== 'linux') return 'a Docker Engine of the tests’ own needs Linux';
  if (process.getuid?.() !== 0) return 'a Docker Engine of the tests’ own needs root';
  const missing = TOOLS.filter(
    (tool) => spawnSync('sh', ['-c', `command -v ${tool}`], { env: { PATH: SBIN_PATH } }).status !== 0,
  );
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (scripts/setup-host --stack installs them)`;
  if (spawnSync('unshare', ['--net', 'true']).status !== 0) return 'this machine forbids network namespaces';
  return null;
}
