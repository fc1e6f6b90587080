/**
 * A number's decimal digits with `places` digits after the point, rounded half away from zero on its 15 significant
 * digits, as spreadsheets do (binary rounding would show 1.005 as 1.00). No sign. `places` 0–30.
 */
export function fixedDigits(value: number, places: number): string {
  const { digits, exponent } = significant(value);
  // digits × 10^exponent; keep everything down to 10^-places.
  const cut = -places - exponent;
  if (cut <= 0) return withPoint(digits + '0'.repeat(-cut), places);
  if (cut > digits.length) return withPoint('0', places);
  const kept = digits.slice(0, digits.length - cut);
  const up = digits.charCodeAt(digits.length - cut) >= 0x35;
  return withPoint(String(BigInt(kept || '0') + (up ? 1n : 0n)), places);
}

/** The 15 significant decimal digits of a finite number's magnitude, as digits × 10^exponent. */
export function significant(value: number): { digits: string; exponent: number } {
  const [mantissa, exponent] = Math.abs(value).toExponential(14).split('e') as [string, string];
  return { digits: mantissa.replace('.', ''), exponent: Number(exponent) - 14 };
}

function withPoint(digits: string, places: number): string {
  if (places === 0) return digits.replace(/^0+(?=\d)/, '');
  const padded = digits.padStart(places + 1, '0');
  const whole = padded.slice(0, -places).replace(/^0+(?=\d)/, '');
  return `${whole}.${padded.slice(-places)}`;
}

/**
 * A number in format General: at most eleven characters as in a spreadsheet's cell, except that whole numbers keep all
 * their fifteen digits, since those are as often identifiers as amounts.
 */
export function generalNumber(value: number): string {
  if (!Number.isFinite(value)) return '';
  const magnitude = Math.abs(value);
  const sign = value < 0 ? '-' : '';
  if (magnitude === 0) return '0';
  if (Number.isInteger(value) && magnitude < 1e15) return `${sign}${magnitude}`;
  if (magnitude >= 1e11 || magnitude < 1e-9) return sign + scientific(magnitude);
  const wholeDigits = magnitude >= 1 ? Math.floor(Math.log10(magnitude)) + 1 : 1;
  const text = fixedDigits(magnitude, Math.max(0, 10 - wholeDigits));
  const short = text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  return short === '0' ? sign + scientific(magnitude) : sign + short;
}

function scientific(magnitude: number): string {
  const [mantissa, exponent] = magnitude.toExponential(5).split('e') as [string, string];
  const power = Number(exponent);
  return `${mantissa.replace(/\.?0+$/, '')}E${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}
