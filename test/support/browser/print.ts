import type { Page } from 'playwright-core';

/** A4 between our margins of 13 mm, at 96 pixels an inch. */
const PAPER = { width: 695, height: 1009 };
/** What means nothing on paper. */
const NOT_ON_PAPER = ['.top nav', '.aside', '.skip', '.foot', '.actions', 'button', '.button', '.copy', '.filters'];

/** What is wrong with the page on paper: cut, too wide, or what only a screen can use. */
export async function onPaper(page: Page): Promise<string[]> {
  const before = page.viewportSize();
  await page.setViewportSize(PAPER);
  await page.emulateMedia({ media: 'print' });
  try {
    return await page.evaluate((useless) => {
      interface Sheet {
        scrollWidth: number;
        clientWidth: number;
        scrollHeight: number;
        clientHeight: number;
        outerHTML: string;
        getBoundingClientRect(): { width: number; height: number; right: number; left: number };
        querySelectorAll(at: string): Iterable<Sheet>;
      }
      const { document, innerWidth, getComputedStyle } = globalThis as unknown as {
        document: Sheet & { documentElement: Sheet };
        innerWidth: number;
        getComputedStyle(of: Sheet): { overflowX: string; overflowY: string; display: string; breakInside: string };
      };
      const wrong: string[] = [];
      const told = (what: string, element: Sheet) => wrong.push(`${what}: ${element.outerHTML.slice(0, 160)}`);
      const isSeen = (element: Sheet) => {
        const { width, height } = element.getBoundingClientRect();
        // What is one pixel large is there for who hears the page.
        return width > 1 && height > 1;
      };
      for (const at of useless) {
        for (const element of document.querySelectorAll(at)) if (isSeen(element)) told('not for paper', element);
      }
      const { scrollWidth } = document.documentElement;
      if (scrollWidth > innerWidth) wrong.push(`${scrollWidth - innerWidth} px wider than the paper`);
      for (const element of document.querySelectorAll('main *')) {
        if (!isSeen(element)) continue;
        const { overflowX, overflowY } = getComputedStyle(element);
        const { right, left } = element.getBoundingClientRect();
        if (right > innerWidth + 1 || left < -1) told('beyond the paper', element);
        if (overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1) told('cut at its side', element);
        if (overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1) told('cut below', element);
      }
      for (const table of document.querySelectorAll('main table')) {
        if (!isSeen(table)) continue;
        for (const row of table.querySelectorAll('tr'))
          if (isSeen(row) && getComputedStyle(row).breakInside !== 'avoid') told('a row may be cut', row);
        for (const head of table.querySelectorAll('thead'))
          if (isSeen(head) && getComputedStyle(head).display !== 'table-header-group')
            told('is not said again on the next sheet', head);
      }
      return wrong;
    }, NOT_ON_PAPER);
  } finally {
    await page.emulateMedia({ media: null });
    if (before !== null) await page.setViewportSize(before);
  }
}
