import type { DroppedCounter } from '../ooxml/dropped.ts';
import type { XmlElement } from '../ooxml/tree.ts';

/** What a drawing, a VML picture or an embedded object holds that a reader of the text needs. */
export interface Drawing {
  /** The contents of its text boxes (`w:txbxContent`), in order. */
  textBoxes: XmlElement[];
  /** The alternative text of each picture; empty where it has none. */
  pictures: string[];
  /** The author hid the whole drawing. */
  hidden: boolean;
}

/** Reads `w:drawing`, `w:pict` or `w:object`; reports charts, diagrams, embedded objects and form controls. */
export function readDrawing(element: XmlElement, dropped: DroppedCounter): Drawing {
  const drawing: Drawing = { textBoxes: [], pictures: [], hidden: false };
  if (element.name === 'w:object') dropped.add('embedded_object');
  let described = '';
  const visit = (item: XmlElement): void => {
    switch (item.name) {
      case 'w:txbxContent':
        drawing.textBoxes.push(item);
        return;
      case 'wp:docPr':
        described = item.attributes.descr ?? '';
        if (item.attributes.hidden === '1' || item.attributes.hidden === 'true') drawing.hidden = true;
        break;
      case 'pic:pic':
        drawing.pictures.push(ownDescription(item) || described);
        break;
      case 'v:imagedata':
        drawing.pictures.push(item.attributes.title ?? item.attributes['o:title'] ?? described);
        break;
      case 'v:shape':
        described = item.attributes.alt ?? '';
        break;
      case 'c:chart':
        dropped.add('chart');
        break;
      case 'dgm:relIds':
        dropped.add('diagram');
        break;
      case 'w:control':
        dropped.add('form_control');
        break;
    }
    const choice = item.name === 'mc:AlternateContent' ? chooseOne(item) : item.children;
    for (const inner of choice) if (typeof inner !== 'string') visit(inner);
  };
  visit(element);
  return drawing;
}

function chooseOne(alternative: XmlElement): (XmlElement | string)[] {
  const forms = alternative.children.filter((item) => typeof item !== 'string');
  const chosen = forms.find((item) => item.name === 'mc:Choice') ?? forms.find((item) => item.name === 'mc:Fallback');
  return chosen ? [chosen] : [];
}

function ownDescription(picture: XmlElement): string {
  for (const outer of picture.children) {
    if (typeof outer === 'string' || outer.name !== 'pic:nvPicPr') continue;
    for (const inner of outer.children) {
      if (typeof inner !== 'string' && inner.name === 'pic:cNvPr') return inner.attributes.descr ?? '';
    }
  }
  return '';
}
