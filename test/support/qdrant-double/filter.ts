import { unknown } from './answer.ts';
import { type Fields, fieldsOf, listOf, malformed, textOf } from './body.ts';
import { type PointId, pointId } from './point-id.ts';

export interface Filterable {
  id: PointId;
  payload: Fields;
}
export type Filter = (point: Filterable) => boolean;

const EVERYTHING: Filter = () => true;

/** Reads a filter. What it does not know it refuses. */
export function readFilter(value: unknown): Filter {
  if (value === undefined || value === null) return EVERYTHING;
  const { must, should, must_not } = fieldsOf(value, 'Filter', ['must', 'should', 'must_not']);
  const [all, some, none] = [must, should, must_not].map((list) =>
    list === undefined || list === null ? [] : conditionsOf(list),
  ) as [Filter[], Filter[], Filter[]];
  return (point) =>
    all.every((condition) => condition(point)) &&
    (some.length === 0 || some.some((condition) => condition(point))) &&
    !none.some((condition) => condition(point));
}

function conditionsOf(value: unknown): Filter[] {
  return (Array.isArray(value) ? value : [value]).map(readCondition);
}

function readCondition(value: unknown): Filter {
  const condition = fieldsOf(value, 'Condition', [
    ...['key', 'match', 'range', 'has_id', 'is_empty', 'must', 'should', 'must_not'],
  ]);
  if (condition.has_id !== undefined) {
    const ids = new Set(listOf(condition.has_id, 'has_id').map(pointId));
    return ({ id }) => ids.has(id);
  }
  if (condition.is_empty !== undefined) {
    const { key } = fieldsOf(condition.is_empty, 'IsEmptyCondition', ['key']);
    return ({ payload }) => valuesAt(payload, textOf(key, 'key')).length === 0;
  }
  if (condition.key === undefined) return readFilter(condition);
  const key = textOf(condition.key, 'key');
  if ((condition.match === undefined) === (condition.range === undefined))
    malformed('data did not match any variant of untagged enum Condition');
  const fits = condition.match === undefined ? readRange(condition.range) : readMatch(condition.match);
  return ({ payload }) => valuesAt(payload, key).some(fits);
}

/** A payload's values under a key: one, each of a list, or none. */
function valuesAt(payload: Fields, key: string): unknown[] {
  if (/[.[\]]/.test(key)) unknown('nested keys');
  const value = payload[key];
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function readMatch(value: unknown): (value: unknown) => boolean {
  const match = fieldsOf(value, 'Match', ['value', 'any', 'except', 'text']);
  if (Object.keys(match).length !== 1) malformed('data did not match any variant of untagged enum Match');
  if (match.any !== undefined) {
    const any = new Set(listOf(match.any, 'any'));
    return (each) => any.has(each);
  }
  if (match.except !== undefined) {
    const except = new Set(listOf(match.except, 'except'));
    return (each) => !except.has(each);
  }
  if (match.text !== undefined) {
    const text = textOf(match.text, 'text');
    return (each) => typeof each === 'string' && each.includes(text);
  }
  if (!['string', 'number', 'boolean'].includes(typeof match.value))
    malformed('data did not match any variant of untagged enum Match');
  return (each) => each === match.value;
}

function readRange(value: unknown): (value: unknown) => boolean {
  const range = fieldsOf(value, 'Range', ['gt', 'gte', 'lt', 'lte']);
  const bounds = Object.entries(range).filter(([, bound]) => bound !== null);
  const numbers = bounds.map(([name, bound]) => [name, comparable(bound)] as const);
  if (numbers.some(([, bound]) => bound === null))
    malformed('data did not match any variant of untagged enum RangeInterface');
  return (each) => {
    const at = comparable(each);
    return (
      at !== null &&
      numbers.every(([name, bound]) =>
        name === 'gt' ? at > bound! : name === 'gte' ? at >= bound! : name === 'lt' ? at < bound! : at <= bound!,
      )
    );
  };
}

/** A number, or a time as one. */
export function comparable(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}/.test(value)) return null;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : time;
}
