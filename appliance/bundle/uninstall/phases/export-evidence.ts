import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Phase } from '../../operation/phase.ts';
import type { UninstallTools } from '../tools.ts';

/** The evidence leaves before anything is taken away; once more at the end, when the end itself is in it. */
export function exportEvidenceFirst(folder: string | null, tools: Pick<UninstallTools, 'exportEvidence'>): Phase {
  return {
    name: 'evidence',
    title: 'Export the evidence',
    seconds: 0.5,
    check: async ({ recorded }) => folder === null || (recorded && existsSync(join(folder, 'evidence.jsonl'))),
    async do({ note }) {
      tools.exportEvidence(folder!);
      note(`the evidence is in ${folder}`);
    },
    // A copy of what happened stays true.
    undo: async () => undefined,
  };
}
