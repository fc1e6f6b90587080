import type { FormatReader, Layout, ReadLimits } from '../layout.ts';
import { DroppedCounter } from '../ooxml/dropped.ts';
import { type OfficePackage, openPackage, type Relationship } from '../ooxml/package.ts';
import { childElements, readElements, textOf, type XmlElement } from '../ooxml/tree.ts';
import { OOXML_VERSIONS } from '../ooxml/versions.ts';
import { append } from '../text/append.ts';
import { BodyWalker } from './body.ts';
import { joinCaptions } from './captions.ts';
import { isSeparator, Notes } from './notes.ts';
import { Numbering } from './numbering.ts';
import { countSource } from './source-characters.ts';
import { Styles } from './styles.ts';

/** Elements whose children are read one at a time, so that memory follows the largest paragraph or table. */
const BODY: ReadonlySet<string> = new Set([
  'w:document',
  'w:body',
  'w:sdt',
  'w:sdtContent',
  'w:customXml',
  'w:ins',
  'w:moveTo',
]);

/**
 * Reads a DOCX (spec 2 B): headings by outline level, lists with the numbers that Word draws, tables with merged cells,
 * notes after the body, text boxes, equations, insertions; deletions, comments and page furniture are dropped and
 * reported; hidden runs are kept apart. Throws `FILE_CORRUPTED`, `FILE_ENCRYPTED` or `UNSUPPORTED_FORMAT`. O(n).
 */
export const readDocx: FormatReader = async (bytes, { limits }): Promise<Layout> => {
  const file = await openPackage(bytes, 'wordprocessingml', limits);
  const links = await file.relationships(file.main);
  const dropped = new DroppedCounter();
  const styles = new Styles(await optionalTree(file, links, 'styles'));
  const numbering = new Numbering(await optionalTree(file, links, 'numbering'), styles);
  const notes = new Notes();
  const walker = new BodyWalker(styles, numbering, notes, dropped, limits.maxTableCells);
  let sourceCharacters = 0;
  await readElements(file.open(file.main), limits, BODY, (element) => {
    sourceCharacters += countSource(element);
    walker.take(element);
  });
  walker.finish();
  sourceCharacters += await takeNotes(file, links, notes, walker, limits);
  await reportDropped(file, links, dropped, limits);
  return {
    pages: [{ page: 1, width: 0, height: 0, ocr: false, confidence: null, blocks: joinCaptions(walker.blocks) }],
    hidden: walker.hidden,
    dropped: dropped.list(),
    sourceCharacters,
    versions: { ...OOXML_VERSIONS },
  };
};

function partOf(file: OfficePackage, links: Relationship[], type: string): string | undefined {
  return links.find((link) => link.type === type && !link.external && file.has(link.target))?.target;
}

async function optionalTree(file: OfficePackage, links: Relationship[], type: string): Promise<XmlElement | undefined> {
  const part = partOf(file, links, type);
  return part === undefined ? undefined : await file.tree(part);
}

/** Notes after the body, first those that the text refers to, each with its mark, then the rest. */
async function takeNotes(
  file: OfficePackage,
  links: Relationship[],
  notes: Notes,
  walker: BodyWalker,
  limits: ReadLimits,
): Promise<number> {
  let characters = 0;
  for (const kind of ['footnote', 'endnote'] as const) {
    const part = partOf(file, links, `${kind}s`);
    if (part === undefined) continue;
    const bodies = new Map<string, XmlElement>();
    await readElements(file.open(part), limits, new Set([`w:${kind}s`]), (note) => {
      if (note.name !== `w:${kind}` || isSeparator(note)) return;
      characters += countSource(note);
      bodies.set(note.attributes['w:id'] ?? '', note);
    });
    // Reading a note may find references of its own, so this list grows while it is read.
    for (const { kind: referred, id, mark } of notes.references) {
      const note = referred === kind ? bodies.get(id) : undefined;
      if (!note || !bodies.delete(id)) continue;
      const blocks = walker.readAll(note, { enclosed: false });
      const first = blocks[0];
      if (first && 'text' in first) first.text = `${mark} ${first.text}`;
      append(walker.blocks, blocks);
    }
    for (const note of bodies.values()) walker.take(note);
  }
  return characters;
}

/** Counts what is in the package but not in the text (spec 2 B, `dropped_content`). */
async function reportDropped(
  file: OfficePackage,
  links: Relationship[],
  dropped: DroppedCounter,
  limits: ReadLimits,
): Promise<void> {
  for (const link of links) {
    if (link.external) dropped.add(link.type === 'image' ? 'external_image' : 'external_link');
    else if (link.type === 'vbaProject') dropped.add('macro');
    else if (link.type === 'header' || link.type === 'footer') {
      if (file.has(link.target) && (await hasText(file, link.target, limits))) dropped.add('header_footer');
    }
  }
  const comments = await optionalTree(file, links, 'comments');
  if (comments) dropped.add('comment', childElements(comments, 'w:comment').length);
  const settings = partOf(file, links, 'settings');
  if (settings === undefined) return;
  const outside = (await file.relationships(settings)).filter((link) => link.external);
  dropped.add('external_link', outside.length);
}

async function hasText(file: OfficePackage, part: string, limits: ReadLimits): Promise<boolean> {
  let found = false;
  await readElements(file.open(part), limits, new Set(), (root) => {
    found = textOf(root).trim() !== '';
  });
  return found;
}
