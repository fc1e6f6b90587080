const EVERY_MS = 30_000;
const MINUTE = 60;
const UNITS = [
  ['second', 1, MINUTE],
  ['minute', MINUTE, 60 * MINUTE],
  ['hour', 60 * MINUTE, 24 * 60 * MINUTE],
  ['day', 24 * 60 * MINUTE, 30 * 24 * 60 * MINUTE],
] as const;

/** Keeps "3 minutes ago" true while a page stays open. */
export function livingMoments(): void {
  const format = new Intl.RelativeTimeFormat(document.body.dataset.language, { numeric: 'auto' });
  setInterval(() => {
    if (document.hidden) return;
    for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-moment]')) {
      const seconds = Math.round((Date.parse(time.dateTime) - Date.now()) / 1000);
      const unit = UNITS.find(([, , until]) => Math.abs(seconds) < until);
      if (unit === undefined) continue;
      const text = format.format(Math.round(seconds / unit[1]), unit[0]);
      if (time.textContent !== text) time.textContent = text;
    }
  }, EVERY_MS);
}
