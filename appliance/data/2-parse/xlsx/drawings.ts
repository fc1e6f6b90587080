import type { LayoutBlock, LayoutHidden } from '../layout.ts';
import type { DroppedCounter } from '../ooxml/dropped.ts';
import type { OfficePackage } from '../ooxml/package.ts';
import { child, childElements, descendants, textOf, type XmlElement } from '../ooxml/tree.ts';

export interface SheetDrawings {
  blocks: LayoutBlock[];
  hidden: LayoutHidden[];
}

/**
 * What floats over a sheet's cells: text boxes as paragraphs, pictures and charts as figures with their description or
 * title. Pictures' content and charts' drawing are reported as dropped; a chart's numbers stand in the cells.
 */
export async function readDrawings(
  file: OfficePackage,
  part: string,
  sheet: string,
  dropped: DroppedCounter,
): Promise<SheetDrawings> {
  const path = { sheet };
  const found: SheetDrawings = { blocks: [], hidden: [] };
  const links = await file.relationships(part);
  const charts: string[] = [];
  const visit = (element: XmlElement): void => {
    if (element.name === 'mc:AlternateContent') {
      const chosen = child(element, 'mc:Choice') ?? child(element, 'mc:Fallback');
      if (chosen) visit(chosen);
    } else if (element.name === 'xdr:sp') {
      const text = shapeText(element);
      if (text === '') return;
      if (isHidden(element)) found.hidden.push({ page: 1, kind: 'hidden_drawing', boxes: [], text });
      else found.blocks.push({ kind: 'paragraph', text, path });
    } else if (element.name === 'xdr:pic') {
      dropped.add('image');
      const [name] = descendants(element, 'xdr:cNvPr');
      found.blocks.push({ kind: 'figure', caption: name?.attributes.descr ?? '', path });
    } else if (element.name === 'c:chart') {
      dropped.add('chart');
      const target = links.find((link) => link.id === element.attributes['r:id'] && !link.external)?.target;
      if (target !== undefined && file.has(target)) charts.push(target);
    } else for (const item of childElements(element)) visit(item);
  };
  visit(await file.tree(part));
  for (const chart of charts) found.blocks.push({ kind: 'figure', caption: await chartTitle(file, chart), path });
  return found;
}

function isHidden(shape: XmlElement): boolean {
  return descendants(shape, 'xdr:cNvPr').some(({ attributes }) => ['1', 'true'].includes(attributes.hidden ?? ''));
}

function shapeText(shape: XmlElement): string {
  return descendants(shape, 'a:p').map(paragraphText).join('\n').trim();
}

function paragraphText(paragraph: XmlElement): string {
  return descendants(paragraph, 'a:t').map(textOf).join('');
}

async function chartTitle(file: OfficePackage, part: string): Promise<string> {
  const [chart] = descendants(await file.tree(part), 'c:chart');
  const title = child(chart, 'c:title');
  return title ? descendants(title, 'a:p').map(paragraphText).join(' ').trim() : '';
}
