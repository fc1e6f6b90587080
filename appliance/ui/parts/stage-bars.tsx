import type { Markup } from '../../api/markup.ts';
import type { FileStatus } from '../../api/schemas/ingest.ts';
import { STAGES } from '../../kernel/pipeline.ts';
import { SHARES, sharesOf } from '../standing.ts';
import type { Texts } from '../texts/language.ts';

/** The five stages of one file, each in the colour of its status; said in words for who does not see it. */
export function fileStages(t: Texts, stages: FileStatus['stages']): Markup {
  return (
    <span class="stages" role="img" aria-label={stagesInWords(t, stages)}>
      {STAGES.map((stage) => (
        <i class={`s-${stages[stage]}`} />
      ))}
    </span>
  );
}

function stagesInWords(t: Texts, stages: FileStatus['stages']): string {
  return STAGES.map((stage) => `${t.stages[stage]} ${t.stageStatuses[stages[stage]]}`).join(', ');
}

/** The five stages of a whole batch: of each, how many files are through, at work, held or fallen out. */
export function batchStages(t: Texts, files: readonly Pick<FileStatus, 'stages'>[]): Markup {
  return (
    <ol class="rail">
      {STAGES.map((stage) => {
        const shares = sharesOf(files.map(({ stages }) => stages[stage]));
        let at = 0;
        const parts = SHARES.map((share) => {
          const width = files.length === 0 ? 0 : (shares[share] / files.length) * 100;
          const part = <rect class={`f-${share}`} x={at.toFixed(3)} width={width.toFixed(3)} height="10" />;
          at += width;
          return part;
        });
        return (
          <li data-stage={stage}>
            <span class="stage">{t.stages[stage]}</span>
            <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
              {parts}
            </svg>
            <span class="tally" data-most={t.batch.done(files.length, files.length)}>
              {t.batch.done(shares.good, files.length)}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
