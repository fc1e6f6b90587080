import { beyond, violations, WIDTHS } from './axe.ts';
import { onPaper } from './print.ts';
import { moved } from './steady.ts';
import type { Visitor } from './world.ts';

/**
 * Holds a page as it stands to what every page is held to: it fits at any width, axe finds nothing, it lies still, its paper has
 * all of it. Answers what is wrong, each with the page's name.
 */
export async function lookAt(
  name: string,
  { page, problems }: Pick<Visitor, 'page' | 'problems'>,
  { scheme = 'light' }: { scheme?: 'light' | 'dark' } = {},
): Promise<string[]> {
  const wrong: string[] = [];
  const shift = await moved(page);
  if (shift !== null) wrong.push(`${name}: ${shift}`);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const tooWide = await beyond(page);
    if (tooWide > 0) wrong.push(`${name} at ${width}: ${tooWide} px too wide`);
    // In the dark the colours differ and nothing else; between the narrow and the wide page, nothing does.
    if ((scheme === 'dark') === (width === 900))
      wrong.push(...(await violations(page)).map((one) => `${name} at ${width}: ${one}`));
  }
  if (scheme === 'light') wrong.push(...(await onPaper(page)).map((one) => `${name} on paper: ${one}`));
  wrong.push(...problems.splice(0).map((problem) => `${name}: ${problem}`));
  return wrong;
}
