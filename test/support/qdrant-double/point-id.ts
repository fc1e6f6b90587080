import { malformed } from './body.ts';

/** An unsigned integer, or a UUID in its usual form. */
export type PointId = number | string;

const UUID = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/i;

export function pointId(value: unknown): PointId {
  const id = readPointId(value);
  if (id === null)
    malformed(`value ${String(value)} is not a valid point ID, valid values are either an unsigned integer or a UUID`);
  return id;
}

export function readPointId(value: unknown): PointId | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : null;
  if (typeof value !== 'string') return null;
  const parts = UUID.exec(value);
  return parts === null ? null : parts.slice(1).join('-').toLowerCase();
}

/** Integers come before UUIDs. */
export function compareIds(a: PointId, b: PointId): number {
  if (typeof a !== typeof b) return typeof a === 'number' ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
