import { child, childElements, textOf, type XmlElement } from '../ooxml/tree.ts';
import { ACCENTS, FUNCTIONS, SYMBOLS } from './math-symbols.ts';

/**
 * An Office equation (`m:oMath`, ECMA-376 part 1, 22.1) on one line, in LaTeX notation: the linear form that people
 * type and language models read. Unknown elements give what they contain. O(n).
 */
export function mathText(element: XmlElement): string {
  return contents(element).replace(/ {2,}/g, ' ').trim();
}

function contents(element: XmlElement | undefined): string {
  return element ? childElements(element).map(write).join('') : '';
}

function write(element: XmlElement): string {
  const rule = RULES[element.name];
  if (rule) return rule(element);
  return element.name.endsWith('Pr') ? '' : contents(element);
}

const part = (element: XmlElement, name: string) => contents(child(element, name));

const property = (element: XmlElement, properties: string, name: string): string | undefined =>
  child(child(element, properties), name)?.attributes['m:val'];

const RULES: Readonly<Record<string, (element: XmlElement) => string>> = Object.freeze({
  __proto__: null as never,
  'm:t': (element) => symbols(textOf(element)),
  'w:t': (element) => symbols(textOf(element)),
  'w:del': () => '',
  'w:moveFrom': () => '',
  'm:f': (element) => {
    const [over, under] = [part(element, 'm:num'), part(element, 'm:den')];
    return property(element, 'm:fPr', 'm:type') === 'lin' ? `${over}/${under}` : `\\frac{${over}}{${under}}`;
  },
  'm:sSup': (element) => `${base(element)}^{${part(element, 'm:sup')}}`,
  'm:sSub': (element) => `${base(element)}_{${part(element, 'm:sub')}}`,
  'm:sSubSup': (element) => `${base(element)}_{${part(element, 'm:sub')}}^{${part(element, 'm:sup')}}`,
  'm:sPre': (element) => `{}_{${part(element, 'm:sub')}}^{${part(element, 'm:sup')}}${base(element)}`,
  'm:rad': (element) => {
    const degree = part(element, 'm:deg');
    return `\\sqrt${degree ? `[${degree}]` : ''}{${part(element, 'm:e')}}`;
  },
  'm:nary': (element) => {
    const sign = property(element, 'm:naryPr', 'm:chr') ?? '∫';
    const [from, to] = [part(element, 'm:sub'), part(element, 'm:sup')];
    return `${symbols(sign).trim()}${from && `_{${from}}`}${to && `^{${to}}`}${part(element, 'm:e')}`;
  },
  'm:d': (element) => {
    const [open, close] = [delimiter(element, 'm:begChr', '('), delimiter(element, 'm:endChr', ')')];
    const separator = property(element, 'm:dPr', 'm:sepChr') ?? '|';
    const inner = childElements(element, 'm:e').map(contents).join(separator);
    return `\\left${open || '.'}${inner}\\right${close || '.'}`;
  },
  'm:func': (element) => {
    const name = part(element, 'm:fName').trim();
    return `${FUNCTIONS.has(name) ? `\\${name}` : name}(${part(element, 'm:e')})`;
  },
  'm:limLow': (element) => `${limited(element)}_{${part(element, 'm:lim')}}`,
  'm:limUpp': (element) => `${limited(element)}^{${part(element, 'm:lim')}}`,
  'm:acc': (element) => {
    const accent = property(element, 'm:accPr', 'm:chr') ?? '\u0302';
    return `\\${ACCENTS.get(accent) ?? 'hat'}{${part(element, 'm:e')}}`;
  },
  'm:bar': (element) => {
    const name = property(element, 'm:barPr', 'm:pos') === 'top' ? 'overline' : 'underline';
    return `\\${name}{${part(element, 'm:e')}}`;
  },
  'm:m': (element) => {
    const rows = childElements(element, 'm:mr').map((row) => childElements(row, 'm:e').map(contents).join(' & '));
    return `\\begin{matrix}${rows.join(' \\\\ ')}\\end{matrix}`;
  },
  'm:eqArr': (element) => childElements(element, 'm:e').map(contents).join(' \\\\ '),
});

/** A script's base, in braces when more than a letter or a number carries the script. */
function base(element: XmlElement): string {
  const text = part(element, 'm:e').trim();
  return /^(?:[\p{L}\p{N}]+|\\left.*\\right.|)$/su.test(text) ? text : `{${text}}`;
}

function limited(element: XmlElement): string {
  const text = part(element, 'm:e').trim();
  return FUNCTIONS.has(text) ? `\\${text}` : text;
}

function delimiter(element: XmlElement, name: string, otherwise: string): string {
  const sign = property(element, 'm:dPr', name) ?? otherwise;
  return sign === '{' || sign === '}' ? `\\${sign}` : symbols(sign).trim();
}

function symbols(text: string): string {
  let out = '';
  for (const sign of text.normalize('NFKC')) {
    const command = SYMBOLS.get(sign);
    out += command === undefined ? sign : /^[a-zA-Z]/.test(command) ? ` \\${command} ` : command;
  }
  return out;
}
