import { html } from 'hono/html';
import { visiblePieces } from '../kernel/printable.ts';

/** Pieces of HTML. Whatever is put into one is escaped; nothing of a report is ever marked as HTML already. */
export type Markup = ReturnType<typeof html>;

/** The finished text of a page. Pages wait for nothing. */
export function textOf(markup: Markup): string {
  if (markup instanceof Promise) throw new TypeError('a page is made without waiting');
  return markup.toString();
}

/** A name from outside: unseen characters shown by number, its direction kept to itself. */
export function name(text: string): Markup {
  const pieces = visiblePieces(text).map((piece) =>
    piece.unseen ? html`<span class="unseen">${piece.text}</span>` : html`${piece.text}`,
  );
  return html`<bdi class="name">${pieces}</bdi>`;
}

/** A code, which may be broken where its words end. */
export function code(text: string): Markup {
  const words = text.split('_').map((word, at) => (at === 0 ? html`${word}` : html`_<wbr>${word}`));
  return html`<code>${words}</code>`;
}

/** A moment as `3 February 2026, 09:05 UTC`; a dash where there is none. */
export function moment(iso: string | null): Markup {
  const date = new Date(iso ?? '');
  if (iso === null || Number.isNaN(date.getTime())) return html`–`;
  const day = `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
  return html`<time datetime="${iso}">${day}, ${iso.slice(11, 16)} UTC</time>`;
}

const MONTHS = Object.freeze(
  'January February March April May June July August September October November December'.split(' '),
);

/** A whole number with thin spaces between its thousands; a dash where there is none. */
export function number(value: number | null): string {
  return value === null ? '–' : String(value).replace(/\B(?=(\d{3})+$)/g, '\u2009');
}

/** `1 file`, `2 files`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${number(value)} ${value === 1 ? one : many}`;
}

/** A size as people read it. */
export function size(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? number(value) : value.toFixed(value < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

const UNITS = Object.freeze(['bytes', 'kB', 'MB', 'GB', 'TB']);

/** A share as a percentage: whole, and never 100 % of what is not whole. */
export function percent(share: number | null): string {
  return share === null ? '–' : `${Math.floor(share * 100)}\u00a0%`;
}
