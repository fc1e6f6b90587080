import { code, type Markup } from '../../api/markup.ts';
import type { Language, Texts } from '../texts/language.ts';

/** Pieces that many pages are made of. */

/** Of a field with names or codes, which no browser shall correct: the types know no word for it. */
export const UNSPELLED: Readonly<Record<string, string>> = Object.freeze({ spellcheck: 'false' });

/** How a thing stands, as its colour says it; the words beside it say the same. */
export type Tone = 'good' | 'running' | 'waiting' | 'bad' | 'apart' | 'quiet';

export function pill(tone: Tone, says: string): Markup {
  return <span class={`pill t-${tone}`}>{says}</span>;
}

/** An id or a hash that is often copied: shown whole, in a type in which 0 is no O. */
export function copyable(t: Texts, text: string): Markup {
  return (
    <span class="id">
      <code>{text}</code>
      <button type="button" class="copy" data-copy={text} aria-label={`${t.copy}: ${text}`} hidden>
        {copyIcon()}
      </button>
    </span>
  );
}

function copyIcon(): Markup {
  return (
    <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" focusable="false">
      <path fill="none" stroke="currentColor" stroke-width="1.5" d="M5.5 5.5h8v8h-8zM3.5 10.5h-1v-8h8v1" />
    </svg>
  );
}

/** Of dates: with English words, days before months and hours up to 24. */
const LOCALES: Readonly<Record<Language, string>> = Object.freeze({ en: 'en-GB', de: 'de', nb: 'nb' });

const MINUTE = 60;
const UNITS = [
  ['second', 1, MINUTE],
  ['minute', MINUTE, 60 * MINUTE],
  ['hour', 60 * MINUTE, 24 * 60 * MINUTE],
  ['day', 24 * 60 * MINUTE, 30 * 24 * 60 * MINUTE],
] as const;

/**
 * A moment: how long ago it was while that says more, then its date; the exact time in the title, in UTC, as logs and proofs
 * have it. A dash where there is none.
 */
export function moment(language: Language, iso: string | null, now: Date): Markup {
  const at = new Date(iso ?? '');
  if (iso === null || Number.isNaN(at.getTime())) return <>–</>;
  return (
    <time datetime={iso} title={exact(language, at)} data-moment>
      {relative(language, at, now)}
    </time>
  );
}

/** The same where both are wanted: the exact time, and how long ago that was. */
export function wholeMoment(language: Language, iso: string | null, now: Date): Markup {
  const at = new Date(iso ?? '');
  if (iso === null || Number.isNaN(at.getTime())) return <>–</>;
  const time = <time datetime={iso}>{exact(language, at)}</time>;
  return unitOf(at, now) === undefined ? (
    time
  ) : (
    <>
      {time} <span class="soft">({moment(language, iso, now)})</span>
    </>
  );
}

/** The time itself, in UTC. */
export function exact(language: Language, at: Date): string {
  const format = new Intl.DateTimeFormat(LOCALES[language], {
    dateStyle: 'medium',
    timeStyle: 'medium',
    timeZone: 'UTC',
  });
  return `${format.format(at)} UTC`;
}

/** The unit in which a distance says more than a date; none where it is long. */
function unitOf(at: Date, now: Date): (typeof UNITS)[number] | undefined {
  const seconds = Math.abs(at.getTime() - now.getTime()) / 1000;
  return UNITS.find(([, , until]) => seconds < until);
}

function relative(language: Language, at: Date, now: Date): string {
  const unit = unitOf(at, now);
  if (unit === undefined) {
    return new Intl.DateTimeFormat(LOCALES[language], { dateStyle: 'medium', timeZone: 'UTC' }).format(at);
  }
  const seconds = Math.round((at.getTime() - now.getTime()) / 1000);
  return new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'long' }).format(
    Math.round(seconds / unit[1]),
    unit[0],
  );
}

/** A number with its thousands set off, as the language does. */
export function number(language: Language, value: number): string {
  return new Intl.NumberFormat(language).format(value);
}

/** What is shown where a list has nothing: what it will hold, and what to do first. */
export function emptyState(title: string, says: string, first: Markup | null = null): Markup {
  return (
    <div class="empty">
      <svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false">
        <g fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-linecap="round">
          <path d="M8 18h32v20a3 3 0 0 1-3 3H11a3 3 0 0 1-3-3zM8 18l5-9h22l5 9M18 26h12" />
        </g>
      </svg>
      <h2>{title}</h2>
      <p>{says}</p>
      {first}
    </div>
  );
}

/** What a page is, and what it is for. */
export function pageHead(title: string, says: string): Markup {
  return (
    <div class="head">
      <div>
        <h1>{title}</h1>
        <p class="lead">{says}</p>
      </div>
    </div>
  );
}

/** A row of facts. */
export function facts(rows: readonly (readonly [label: string, value: Markup | string] | null)[]): Markup {
  return (
    <dl class="facts">
      {rows.map((row) =>
        row === null ? null : (
          <div>
            <dt>{row[0]}</dt>
            <dd>{row[1]}</dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** A way on that looks like what it is: the thing to do here. */
export function action(path: string, says: string): Markup {
  return (
    <a class="button" href={path}>
      {says}
    </a>
  );
}

export { code };
