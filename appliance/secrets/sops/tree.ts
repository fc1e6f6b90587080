/** What a SOPS file holds: maps in their order, lists and scalars. Whole numbers are `bigint`, others `number`. */
export type SopsScalar = string | bigint | number | boolean;
export type SopsValue = SopsScalar | null | SopsTree | SopsValue[];
export type SopsTree = Map<string, SopsValue>;

/** A value at its path. The places of a list share the path of the list, as SOPS has it. */
export type Visit = (value: SopsScalar, path: readonly string[]) => SopsValue | undefined;

/**
 * A copy of the tree with every scalar as `visit` answers it, in the order of the file; `undefined` leaves a list's
 * element out. Nulls are neither encrypted nor under the MAC, so they are not visited.
 */
export function mapTree(tree: SopsTree, visit: Visit, path: readonly string[] = []): SopsTree {
  return new Map([...tree].map(([key, value]) => [key, mapValue(value, visit, [...path, key]) ?? null]));
}

function mapValue(value: SopsValue, visit: Visit, path: readonly string[]): SopsValue | undefined {
  if (value === null) return null;
  if (value instanceof Map) return mapTree(value, visit, path);
  if (Array.isArray(value))
    return value.map((element) => mapValue(element, visit, path)).filter((element) => element !== undefined);
  return visit(value, path);
}

/** A scalar as it is encrypted and as it enters the MAC. */
export function scalarBytes(value: SopsScalar): Buffer {
  if (typeof value === 'boolean') return Buffer.from(value ? 'True' : 'False');
  return Buffer.from(typeof value === 'number' ? plainDecimal(value) : String(value));
}

/** The shortest decimal that reads back as the same number, without an exponent. */
function plainDecimal(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [mantissa = '', exponent] = String(value).split('e');
  if (exponent === undefined) return mantissa;
  const sign = mantissa.startsWith('-') ? '-' : '';
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return point >= digits.length
    ? sign + digits.padEnd(point, '0')
    : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
