import { formatDate } from './date-format.ts';
import { fixedDigits, generalNumber, significant } from './decimal.ts';
import { parseFormat, type Section, type Token } from './format-code.ts';

/** A format ready for use. */
export interface NumberFormat {
  /** What a cell with this number shows. Formats that cannot apply fall back to General. */
  number(value: number): string;
  /** What a cell with this text shows. */
  text(value: string): string;
}

/** Prepares a format code; `date1904` says which day the workbook counts from. */
export function numberFormat(code: string, date1904: boolean): NumberFormat {
  const sections = parseFormat(code);
  return {
    number(value) {
      if (!Number.isFinite(value)) return '';
      const { section, signed } = chooseSection(sections, value);
      if (!section) return generalNumber(value);
      if (section.isDate) return formatDate(section, value, date1904) ?? generalNumber(value);
      const shown = formatNumber(section, Math.abs(value));
      const minus = signed && value < 0 && /[1-9]/.test(shown) ? '-' : '';
      return (minus + shown).trim();
    },
    text(value) {
      const section = sections.length > 3 ? sections[3] : sections.find(hasText);
      if (!section || (sections.length < 4 && !hasText(section))) return value;
      return section.tokens
        .map((token) => (token.kind === 'text' ? value : token.kind === 'literal' ? token.text : ''))
        .join('')
        .trim();
    },
  };
}

function hasText(section: Section): boolean {
  return section.tokens.some((token) => token.kind === 'text');
}

/**
 * The section for a number: by conditions where the code has them, else positive; negative; zero. `signed` tells
 * whether a negative number still needs its minus sign (a section of its own for negatives brings its own).
 */
function chooseSection(sections: Section[], value: number): { section: Section | undefined; signed: boolean } {
  const numeric = sections.slice(0, 3);
  if (numeric.some((section) => section.condition)) {
    const match = numeric.find((section) => !section.condition || holds(section.condition, value));
    return { section: match, signed: !match?.condition || match === numeric[0] };
  }
  if (sections.length === 1 && hasText(sections[0]!)) return { section: undefined, signed: true };
  if (value < 0 && numeric.length > 1) return { section: numeric[1], signed: false };
  if (value === 0 && numeric.length > 2) return { section: numeric[2], signed: false };
  return { section: numeric[0], signed: true };
}

function holds({ operator, value: bound }: { operator: string; value: number }, value: number): boolean {
  switch (operator) {
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    case '=':
      return value === bound;
    default:
      return value !== bound;
  }
}

/** The magnitude of a number in a section without date parts. */
function formatNumber({ tokens }: Section, magnitude: number): string {
  if (tokens.some((token) => token.kind === 'general')) {
    return tokens.map((token) => (token.kind === 'general' ? generalNumber(magnitude) : literal(token))).join('');
  }
  const firstDigit = tokens.findIndex((token) => token.kind === 'digit');
  if (firstDigit < 0) {
    return tokens
      .map((token) => (token.kind === 'percent' ? '%' : token.kind === 'text' ? '' : literal(token)))
      .join('');
  }
  const slash = tokens.findIndex((token, index) => token.kind === 'slash' && index > firstDigit);
  if (slash > 0 && tokens.slice(slash).some(isDenominator)) return formatFraction(tokens, slash, magnitude);
  const exponent = tokens.findIndex((token) => token.kind === 'exponent');
  if (exponent > firstDigit) return formatScientific(tokens, exponent, magnitude);
  return formatPlain(tokens, magnitude);
}

function literal(token: Token): string {
  if (token.kind === 'literal') return token.text;
  if (token.kind === 'point') return '.';
  if (token.kind === 'comma') return ',';
  if (token.kind === 'slash') return '/';
  return token.kind === 'percent' ? '%' : '';
}

/** Digits, point, thousands, percent and scaling commas, with literals wherever they stand. */
function formatPlain(tokens: Token[], magnitude: number): string {
  const point = tokens.findIndex((token) => token.kind === 'point');
  const wholeEnd = point < 0 ? tokens.length : point;
  const lastWhole = tokens.findLastIndex((token, index) => token.kind === 'digit' && index < wholeEnd);
  const firstWhole = tokens.findIndex((token, index) => token.kind === 'digit' && index < wholeEnd);
  const lastDigit = tokens.findLastIndex((token) => token.kind === 'digit');
  let scale = 0;
  // Commas behind the last digit divide by a thousand each.
  for (let at = (lastWhole < 0 ? lastDigit : lastWhole) + 1; tokens[at]?.kind === 'comma'; at++) scale++;
  if (point >= 0) for (let at = lastDigit + 1; tokens[at]?.kind === 'comma'; at++) scale += lastDigit > point ? 1 : 0;
  const thousands = tokens.some((token, at) => token.kind === 'comma' && at > firstWhole && at < lastWhole);
  const percents = tokens.filter((token) => token.kind === 'percent').length;
  const places =
    point < 0 ? 0 : Math.min(30, tokens.filter((token, at) => token.kind === 'digit' && at > point).length);
  const scaled = shiftDecimal(magnitude, percents * 2 - scale * 3);
  const [whole, part = ''] = fixedDigits(scaled, places).split('.') as [string, string?];
  const needed = tokens.filter((token, at) => at < wholeEnd && token.kind === 'digit' && token.text === '0').length;
  const digits = groupThousands((whole === '0' ? '' : whole).padStart(needed, '0'), thousands);
  const slots = tokens.filter((token, at) => at < wholeEnd && token.kind === 'digit').length;
  const apart = tokens.some((token, at) => token.kind === 'literal' && at > firstWhole && at < lastWhole);
  const plain = apart ? digits.replaceAll(',', '') : digits;
  let slot = 0;
  return tokens
    .map((token, at) => {
      if (token.kind === 'comma') return '';
      if (token.kind !== 'digit') return token.kind === 'point' ? pointText(tokens, point, part) : literal(token);
      return at > wholeEnd ? '' : wholeSlot(plain, slot++, slots, apart);
    })
    .join('');
}

/** The point, which always shows, and the digits after it up to the last that is not zero or that a `0` demands. */
function pointText(tokens: Token[], point: number, part: string): string {
  const slots = tokens.filter((token, at) => token.kind === 'digit' && at > point) as { text: string }[];
  let shown = part;
  for (let at = slots.length - 1; at >= 0 && slots[at]!.text !== '0' && shown[at] === '0'; at--)
    shown = shown.slice(0, at);
  return `.${shown}`;
}

/**
 * The digits that stand at one placeholder before the point. Without literals between placeholders all digits go to
 * the first; with them (phone numbers, `000-00-0000`) each placeholder takes one and the first takes what is over.
 */
function wholeSlot(digits: string, slot: number, slots: number, apart: boolean): string {
  if (!apart) return slot === 0 ? digits : '';
  const over = digits.length - slots;
  if (slot === 0) return digits.slice(0, Math.max(0, over + 1));
  return over + slot < 0 ? '' : digits.slice(over + slot, over + slot + 1);
}

function isDigitToken(token: Token): boolean {
  return token.kind === 'digit';
}

function isDenominator(token: Token): boolean {
  return token.kind === 'digit' || (token.kind === 'literal' && /\d/.test(token.text));
}

function groupThousands(digits: string, on: boolean): string {
  return on ? digits.replace(/\B(?=(\d{3})+$)/g, ',') : digits;
}

/** value × 10^power on the decimal digits, so that 0.07 shows as 7 % and not as 7.000000000000001 %. */
function shiftDecimal(value: number, power: number): number {
  if (power === 0) return value;
  const { digits, exponent } = significant(value);
  return Number(`${digits}e${exponent + power}`);
}

function formatScientific(tokens: Token[], exponentAt: number, magnitude: number): string {
  const mantissa = tokens.slice(0, exponentAt);
  const point = mantissa.findIndex((token) => token.kind === 'point');
  const wholeDigits = Math.max(
    1,
    mantissa.filter((token, at) => token.kind === 'digit' && (point < 0 || at < point)).length,
  );
  const places = point < 0 ? 0 : mantissa.filter((token, at) => token.kind === 'digit' && at > point).length;
  let power = magnitude === 0 ? 0 : Math.floor(Math.log10(magnitude));
  // With several digits before the point the exponent is a multiple of their number (engineering notation).
  power = Math.floor(power / wholeDigits) * wholeDigits;
  let digits = fixedDigits(shiftDecimal(magnitude, -power), Math.min(30, places));
  if (digits.split('.')[0]!.length > wholeDigits) {
    power += wholeDigits;
    digits = fixedDigits(shiftDecimal(magnitude, -power), Math.min(30, places));
  }
  const marker = tokens[exponentAt] as { plus: boolean };
  const width = tokens.slice(exponentAt).filter(isDigitToken).length;
  const sign = power < 0 ? '-' : marker.plus ? '+' : '';
  const head = mantissa.map((token) => (token.kind === 'literal' ? token.text : '')).join('');
  const tail = tokens
    .slice(exponentAt)
    .map((token) => (token.kind === 'literal' ? token.text : ''))
    .join('');
  return `${head}${digits}E${sign}${String(Math.abs(power)).padStart(width, '0')}${tail}`;
}

/** `# ?/?`, `# ??/??`, `# ?/8`: the nearest fraction with such a denominator. */
function formatFraction(tokens: Token[], slash: number, magnitude: number): string {
  const after = tokens.slice(slash + 1).filter(isDenominator);
  const written = after.map((token) => (token.kind === 'literal' || token.kind === 'digit' ? token.text : '')).join('');
  const fixed = /^\d+$/.test(written) && Number(written) > 0 ? Math.min(9999, Number(written)) : undefined;
  const before = tokens.slice(0, slash);
  const mixed = before.some(
    (token, at) => token.kind === 'literal' && token.text === ' ' && before.slice(0, at).some(isDigitToken),
  );
  const whole = mixed ? Math.floor(magnitude) : 0;
  const [over, under] = nearestFraction(magnitude - whole, fixed ?? 10 ** Math.min(4, after.length) - 1, fixed);
  if (over === 0) return String(whole);
  if (over === under && mixed) return String(whole + 1);
  return `${mixed && whole > 0 ? `${whole} ` : ''}${over}/${under}`;
}

/** The best fraction with a denominator up to `largest`, by continued fractions; or with the fixed denominator. */
function nearestFraction(value: number, largest: number, fixed: number | undefined): [number, number] {
  if (fixed !== undefined) return [Math.round(value * fixed), fixed];
  let [p0, q0, p1, q1] = [0, 1, 1, 0];
  for (let rest = value; ; ) {
    const whole = Math.floor(rest);
    if (q0 + whole * q1 > largest) break;
    [p0, q0, p1, q1] = [p1, q1, p0 + whole * p1, q0 + whole * q1];
    if (rest - whole < 1e-9) return [p1, q1];
    rest = 1 / (rest - whole);
  }
  const steps = Math.floor((largest - q0) / q1);
  const [over, under] = [p0 + steps * p1, q0 + steps * q1];
  return Math.abs(over / under - value) < Math.abs(p1 / q1 - value) ? [over, under] : [p1, q1];
}
