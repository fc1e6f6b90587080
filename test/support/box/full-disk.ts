import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { Box } from '../../../scripts/box/box.ts';

/** Takes all the room that the disk of a box has, at once; gives it back. On the file that is the disk it takes up nothing. */
export function fillDisk(box: Box): () => void {
  const filling = join(box.root, 'srv/filling');
  const { bavail, bsize } = statfsSync(box.root);
  execFileSync('fallocate', ['--length', String(bavail * bsize - (1 << 20)), filling]);
  // What is left, to the last block; dd ends with an error when the disk is full: that is what it is for.
  spawnSync('dd', ['if=/dev/zero', `of=${filling}`, 'bs=4k', 'conv=notrunc', 'oflag=append'], { stdio: 'ignore' });
  return () => {
    rmSync(filling, { force: true });
    spawnSync('sync', ['-f', box.root]);
  };
}
