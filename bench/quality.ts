import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
/** A scorer and documents with labels that others made, beside the project where they are to be had. */
const SCORER = resolve(root, '../shared/tools/score.mjs');

/** Quality of parsing, gates and retrieval against documents and labels that others made. */
export async function measure(): Promise<string[]> {
  if (!existsSync(SCORER)) return ['left out: the labelled corpus is not on this machine'];
  const { stdout, stderr, status } = spawnSync(process.execPath, [SCORER, '--cli', resolve(root, 'dist/frostbyte')], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  return [
    ...stdout.trimEnd().split('\n'),
    ...(status === 0 ? [] : [`the scorer ended with ${status}: ${stderr.slice(-500)}`]),
  ];
}
