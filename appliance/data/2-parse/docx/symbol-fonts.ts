/** The signs of Word's symbol fonts that carry meaning in text, by code without the private-use offset F000. */
const SYMBOL: Readonly<Record<string, string>> = {
  B7: '•',
  B0: '°',
  B1: '±',
  A3: '≤',
  B3: '≥',
  B9: '≠',
  BB: '≈',
  B4: '×',
  B8: '÷',
  AE: '→',
  AC: '←',
  DE: '⇒',
  A5: '∞',
  D6: '√',
  E5: '∑',
  F2: '∫',
  B6: '∂',
  CE: '∈',
  C6: '∅',
  '61': 'α',
  '62': 'β',
  '67': 'γ',
  '64': 'δ',
  '65': 'ε',
  '6C': 'λ',
  '6D': 'μ',
  '70': 'π',
  '72': 'ρ',
  '73': 'σ',
  '74': 'τ',
  '66': 'φ',
  '77': 'ω',
  '44': 'Δ',
  '53': 'Σ',
  '57': 'Ω',
  E2: '®',
  E3: '©',
  E4: '™',
};
const WINGDINGS: Readonly<Record<string, string>> = {
  FC: '✓',
  FE: '☑',
  FD: '☒',
  FB: '✗',
  A8: '☐',
  '6F': '☐',
  A7: '▪',
  E0: '→',
  DF: '←',
  D8: '➢',
  '76': '❖',
  '6C': '●',
  '6E': '■',
};

/** The text of a `w:sym`: its Unicode sign where the font's sign is known, the character itself where it is ordinary. */
export function symbolText(font: string, code: string): string {
  if (!/^[0-9A-Fa-f]{1,6}$/.test(code)) return '';
  const point = Number.parseInt(code, 16);
  const low = (point & 0xff).toString(16).toUpperCase();
  if (/^symbol$/i.test(font)) return SYMBOL[low] ?? '';
  if (/^wingdings/i.test(font)) return WINGDINGS[low] ?? '';
  const privateUse = point >= 0xe000 && point <= 0xf8ff;
  return privateUse || point > 0x10ffff || point < 0x20 ? '' : String.fromCodePoint(point);
}
