/** Whether sealed boxes can be had on this machine. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { SBIN_PATH } from '../stack/engine.ts';
import { stackCannotRun } from '../stack/requirements.ts';

const TOOLS = ['systemd-nspawn', 'mmdebstrap', 'mkfs.ext4', 'e2fsck', 'resize2fs', 'losetup', 'gcc', 'nft', 'ip'];

/** Why they cannot, in a sentence, or null when they can. */
export function boxCannotRun(): string | null {
  const reason = stackCannotRun();
  if (reason !== null) return reason;
  const missing = TOOLS.filter(
    (tool) => spawnSync('sh', ['-c', `command -v ${tool}`], { env: { PATH: SBIN_PATH } }).status !== 0,
  );
  if (missing.length > 0) return `not installed: ${missing.join(', ')} (scripts/setup-host --box installs them)`;
  // How control groups are handed to a box is tried with version 1 only.
  if (!existsSync('/sys/fs/cgroup/memory')) return 'a box needs a host with control groups of version 1';
  return null;
}
