import { createHash } from 'node:crypto';
import { momentsOf } from '../../../kernel/moments.ts';
import type { MetadataCondition, ValueRange } from '../port.ts';

/** Where a value of some document's metadata is found: a digest of what it is, and, where it has an order, its number. */
export interface MetadataValue {
  place: string;
  value: number;
}

type Kind = MetadataCondition['kind'];

/** The order of what has none: equal places mean the same. */
const ITSELF = 0;
const LARGEST = Number.MAX_VALUE;

/** As deep as the embedded store reads. */
const DEEPEST = 1000;

/**
 * Places of a document's metadata: scalars, and the scalars of arrays, each once; none where it is nested too deep.
 * O(metadata).
 */
export function valuesOf(metadata: Readonly<Record<string, unknown>>): MetadataValue[] {
  const found = new Map<string, MetadataValue>();
  const add = (field: string, of: MetadataCondition['of'], scalar: unknown) => {
    for (const value of placesOf(field, of, scalar)) found.set(`${value.place} ${value.value}`, value);
  };
  if (isDeeper(metadata, DEEPEST)) return [];
  for (const [field, value] of Object.entries(metadata)) {
    add(field, 'value', value);
    if (Array.isArray(value)) for (const item of value) add(field, 'item', item);
  }
  return [...found.values()];
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeper(part, levels - 1));
}

/** Values between two bounds, both included; `above` and `below` exclude theirs. */
export interface Range {
  place: string;
  least: number;
  most: number;
  above: number | null;
  below: number | null;
}

/** A condition as ranges, any of which may be met. */
export function rangesOf({ field, of, kind, any_of }: MetadataCondition): Range[] {
  return any_of.map((one: string | boolean | ValueRange) => {
    if (typeof one === 'string') return only(place(field, of, kind, one), ITSELF);
    const at = place(field, of, kind);
    if (typeof one === 'boolean') return only(at, Number(one));
    const { gte = -LARGEST, lte = LARGEST, gt = null, lt = null } = one;
    return { place: at, least: gte, most: lte, above: gt, below: lt };
  });
}

function only(at: string, value: number): Range {
  return { place: at, least: value, most: value, above: null, below: null };
}

/** A date is there twice: as the text it is, and as the moment it stands for. What JSON cannot write is nowhere. */
function placesOf(field: string, of: MetadataCondition['of'], scalar: unknown): MetadataValue[] {
  if (typeof scalar === 'boolean') return [{ place: place(field, of, 'boolean'), value: Number(scalar) }];
  if (typeof scalar === 'number') {
    return Number.isFinite(scalar) ? [{ place: place(field, of, 'number'), value: scalar }] : [];
  }
  if (typeof scalar !== 'string') return [];
  const text = { place: place(field, of, 'text', scalar), value: ITSELF };
  const moment = momentsOf(scalar)?.from;
  return moment === undefined ? [text] : [text, { place: place(field, of, 'moment'), value: moment }];
}

function place(field: string, of: MetadataCondition['of'], kind: Kind, text = ''): string {
  return createHash('sha256')
    .update(JSON.stringify([field, of, kind, text]))
    .digest('base64url')
    .slice(0, 22);
}
