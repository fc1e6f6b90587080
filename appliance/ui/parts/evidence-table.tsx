import type { Markup } from '../../api/markup.ts';
import type { EvidenceEntry } from '../../control/verbs.ts';
import type { Language, Texts } from '../texts/language.ts';
import { scrolledTable } from './lists.tsx';
import { moment, pill, type Tone } from './pieces.tsx';

const TONES: Readonly<Record<string, Tone>> = Object.freeze({
  ok: 'good',
  refused: 'bad',
  failed: 'bad',
  overridden: 'apart',
});

/** The host's record of what was done to it, in the order in which it is given. */
export function evidenceTable(
  { t, language, now }: { t: Texts; language: Language; now: Date },
  records: readonly EvidenceEntry[],
): Markup {
  const says = t.installer.evidence;
  return scrolledTable(
    [says.when, says.who, says.what, says.bundle, says.result, says.hash],
    records.map(({ at, by, action, bundle, result, hash }) => (
      <tr>
        <td>{moment(language, at, now)}</td>
        <td>{by}</td>
        <th scope="row" lang="en">
          {action}
        </th>
        <td>{bundle ?? '–'}</td>
        <td lang="en">{pill(TONES[result] ?? 'quiet', result)}</td>
        <td>
          <code title={hash}>{hash.slice(0, 12)}</code>
        </td>
      </tr>
    )),
  );
}
