import { readSync } from 'node:fs';
import type { Parser } from '../../../appliance/data/2-parse/sandbox/parse-file.ts';
import { buildDocument } from '../../../appliance/data/2-parse/structure/build.ts';
import { readTxt } from '../../../appliance/data/2-parse/txt/read-txt.ts';
import type { Scanner, ScanVerdict } from '../../../appliance/data/plane.ts';
import type { Stage } from '../../../appliance/data/stage.ts';
import { FrostbyteError } from '../../../appliance/kernel/errors.ts';
import { WORK_STAGES, type WorkStage } from '../../../appliance/kernel/pipeline.ts';
import { EICAR } from '../clamd.ts';

/**
 * Text files, read by the product's own reader and structure, but in this process: the sandbox starts a process a
 * document, which costs more than all that a sequence of actions does beside it, and has tests of its own.
 */
export function inProcessParser(): Parser {
  return {
    layers: async () => ({ ok: true, mode: 'reduced', layers: [] }),
    async parse({ open, size }, { tenant_id, doc_id, raw_sha256, chunkLimits, limits }) {
      const bytes = Buffer.alloc(size);
      readSync(await open(), bytes, 0, size, 0);
      const layout = await readTxt(bytes, { limits, assets: {} as never });
      const parsed = buildDocument(layout, { tenant_id, doc_id, raw_sha256 }, chunkLimits);
      return { ...parsed, stage1_ms: 0, stage2_ms: 0 };
    },
    async draw() {
      throw new FrostbyteError('UNSUPPORTED_FORMAT', 'Text has no pages to draw.');
    },
    close: async () => undefined,
  };
}

/** Finds EICAR's test file and nothing else. */
export function plantedScanner(): Scanner {
  return {
    configured: true,
    async begin() {
      let seen = '';
      return {
        async write(chunk, done) {
          seen += Buffer.from(chunk).toString('latin1');
          done?.(chunk);
        },
        async end(): Promise<ScanVerdict> {
          return seen.includes(EICAR)
            ? { result: 'quarantined', signature: 'Frostbyte.Eicar.Test' }
            : { result: 'clean' };
        },
        abort: () => undefined,
      };
    },
    check: async () => undefined,
  };
}

/** A stage that gives documents up at once: all that come to it, or about every second one. */
export interface Trouble {
  stage: WorkStage;
  all: boolean;
}

/** Whether a document ends at this stage. */
export function fails(trouble: Trouble | null, stage: WorkStage, docId: string): boolean {
  return trouble?.stage === stage && (trouble.all || Number.parseInt(docId.at(-1)!, 16) % 2 === 0);
}

/** The stages, one of which may be in trouble that no retry mends. */
export function troubled(
  stages: Readonly<Record<WorkStage, Stage>>,
  trouble: Trouble | null,
): Readonly<Record<WorkStage, Stage>> {
  const each = WORK_STAGES.map((name): [WorkStage, Stage] => [
    name,
    {
      ...stages[name],
      async run(context) {
        if (!fails(trouble, name, context.document.doc_id)) return stages[name].run(context);
        throw new FrostbyteError('PARSER_ERROR', 'The stage is in trouble.', { kind: 'never' });
      },
    },
  ]);
  return Object.fromEntries(each) as Record<WorkStage, Stage>;
}
