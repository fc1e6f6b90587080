import type { BrowserContext, Page } from 'playwright-core';

/** The most that a page may move under a reader, as browsers count it (cumulative layout shift): of 0.1 people notice. */
export const MOST_SHIFT = 0.02;

/** Watches every page of a context for content that moves by itself: shifts within half a second of a person's doing are theirs. */
export async function watchShifts(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    interface Shift {
      value: number;
      startTime: number;
      hadRecentInput: boolean;
      sources: { node: { nodeType: number; outerHTML: string; parentElement: { outerHTML: string } | null } | null }[];
    }
    const told = { worst: 0, where: [] as string[] };
    let [sum, first, last] = [0, 0, 0];
    const { PerformanceObserver: Observer } = globalThis as unknown as {
      PerformanceObserver: new (seen: (list: { getEntries(): Shift[] }) => void) => { observe(of: object): void };
    };
    new Observer((list) => {
      for (const { value, startTime, hadRecentInput, sources } of list.getEntries()) {
        if (hadRecentInput) continue;
        // Shifts that follow one another within a second count together, for five seconds at most.
        if (startTime - last > 1000 || startTime - first > 5000) [sum, first] = [0, startTime];
        last = startTime;
        sum += value;
        if (sum <= told.worst) continue;
        told.worst = sum;
        told.where = sources.map(({ node }) => {
          const element = node?.nodeType === 1 ? node : (node?.parentElement ?? null);
          return (element?.outerHTML ?? '').slice(0, 160);
        });
      }
    }).observe({ type: 'layout-shift', buffered: true });
    (globalThis as unknown as { shifts: typeof told }).shifts = told;
  });
}

/** How far the page moved by itself since it was loaded, where that is more than it may; null where it is not. */
export async function moved(page: Page): Promise<string | null> {
  // What was drawn last is told in the frame behind it.
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))',
  );
  const { worst, where } = (await page.evaluate('globalThis.shifts')) as { worst: number; where: string[] };
  return worst <= MOST_SHIFT ? null : `it moves by ${worst.toFixed(3)}: ${where.join(' | ')}`;
}
