import { runOnFolder } from './operation-on-folder.ts';

/**
 * A process that runs the small operation on a folder and is killed, by SIGKILL, at the step that it is told:
 * `operation-child.ts FOLDER forward|back STEP [torn]`. `torn`: with half a line in the journal.
 */
const [folder, direction, last, torn] = process.argv.slice(2) as [string, 'forward' | 'back', string, string?];
await runOnFolder(folder, direction, {
  killAt: Number(last),
  isTorn: torn !== undefined,
  kill: () => process.kill(process.pid, 'SIGKILL'),
});
