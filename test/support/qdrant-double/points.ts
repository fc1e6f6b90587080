import { refuse, unknown } from './answer.ts';
import { type Fields, fieldsOf, limitOf, listOf, malformed, textOf } from './body.ts';
import type { Collection, Point } from './collection.ts';
import { comparable, type Filter, readFilter } from './filter.ts';
import { dot, printed, shortest } from './float32.ts';
import { compareIds, type PointId, pointId } from './point-id.ts';

/** How a read shows a point. */
interface Shown {
  payload: (payload: Fields) => Fields | undefined;
  vector: boolean;
}

export function upsert(collection: Collection, body: unknown): number {
  const { points } = fieldsOf(body, 'PointsList', ['points']);
  const parsed = listOf(points, 'points').map((value) => {
    const { id, vector, payload } = fieldsOf(value, 'PointStruct', ['id', 'vector', 'payload']);
    return { id: pointId(id), vector: vectorOf(vector), payload: payloadOf(payload) };
  });
  if (parsed.length === 0) refuse(400, 'Bad request: Empty update request');
  // All or nothing: a wrong vector anywhere refuses the whole request.
  const ready = parsed.map((point) => ({ ...point, vector: collection.kept(point.vector) }));
  const version = collection.next();
  for (const point of ready) collection.points.set(point.id, { ...point, version });
  return version;
}

export function remove(collection: Collection, body: unknown): number {
  const chosen = select(collection, body, []);
  for (const { id } of chosen) collection.points.delete(id);
  return collection.next();
}

export function setPayload(collection: Collection, body: unknown): number {
  const { payload } = body as Fields;
  const chosen = select(collection, body, ['payload']);
  const change = payloadOf(payload);
  const version = collection.next();
  for (const point of chosen) {
    Object.assign(point.payload, change);
    point.version = version;
  }
  return version;
}

/** Several changes in one request, each with its own number. */
export function batch(collection: Collection, body: unknown): number[] {
  const { operations } = fieldsOf(body, 'UpdateOperations', ['operations']);
  return listOf(operations, 'operations').map((value) => {
    const operation = fieldsOf(value, 'UpdateOperation', ['upsert', 'delete', 'set_payload']);
    if (operation.upsert !== undefined) return upsert(collection, operation.upsert);
    if (operation.delete !== undefined) return remove(collection, operation.delete);
    return setPayload(collection, operation.set_payload);
  });
}

export function one(collection: Collection, id: PointId): unknown {
  const point = collection.points.get(id);
  if (point === undefined) refuse(404, `Not found: Point with id ${id} does not exists!`);
  return show(point, { payload: (payload) => payload, vector: true });
}

export function retrieve(collection: Collection, body: unknown): unknown[] {
  const { ids, ...how } = fieldsOf(body, 'PointRequest', ['ids', 'with_payload', 'with_vector']);
  const shown = shownBy(how, true);
  return listOf(ids, 'ids')
    .map(pointId)
    .flatMap((id) => collection.points.get(id) ?? [])
    .map((point) => show(point, shown));
}

export function scroll(collection: Collection, body: unknown): unknown {
  const fields = fieldsOf(body, 'ScrollRequest', [
    ...['limit', 'offset', 'filter', 'with_payload', 'with_vector', 'order_by'],
  ]);
  const limit = limitOf(fields.limit, 10, 'limit');
  const shown = shownBy(fields, true);
  const found = collection.sorted().filter(readFilter(fields.filter));
  if (fields.order_by !== undefined && fields.order_by !== null) {
    const key = orderKey(collection, fields.order_by);
    const points = found
      .filter(({ payload }) => comparable(payload[key]) !== null)
      .sort((a, b) => comparable(a.payload[key])! - comparable(b.payload[key])! || compareIds(a.id, b.id))
      .slice(0, limit)
      .map((point) => ({ ...show(point, shown), order_value: point.payload[key] }));
    return { points, next_page_offset: null };
  }
  const offset = fields.offset === undefined || fields.offset === null ? null : pointId(fields.offset);
  const rest = offset === null ? found : found.filter(({ id }) => compareIds(id, offset) >= 0);
  return {
    points: rest.slice(0, limit).map((point) => show(point, shown)),
    next_page_offset: rest[limit]?.id ?? null,
  };
}

export function count(collection: Collection, body: unknown): number {
  const { filter, exact = true } = fieldsOf(body, 'CountRequest', ['filter', 'exact']);
  if (typeof exact !== 'boolean') malformed('invalid type, expected a boolean in exact');
  return [...collection.points.values()].filter(readFilter(filter)).length;
}

export function facet(collection: Collection, body: unknown): unknown[] {
  const fields = fieldsOf(body, 'FacetRequest', ['key', 'limit', 'filter', 'exact']);
  const key = textOf(fields.key, 'key');
  if (!['keyword', 'uuid', 'integer', 'bool'].includes(collection.indexes.get(key) ?? ''))
    refuse(400, `Bad request: No appropriate index for faceting: \`${key}\``);
  const counts = new Map<unknown, number>();
  for (const { payload } of [...collection.points.values()].filter(readFilter(fields.filter)))
    if (payload[key] !== undefined) counts.set(payload[key], (counts.get(payload[key]) ?? 0) + 1);
  return [...counts]
    .map(([value, hits]) => ({ value, count: hits }))
    .sort((a, b) => b.count - a.count || (String(a.value) < String(b.value) ? -1 : 1))
    .slice(0, limitOf(fields.limit, 10, 'limit'));
}

const QUERY = [
  ...['query', 'vector', 'prefetch', 'lookup_from', 'filter', 'params', 'limit', 'offset'],
  ...['with_payload', 'with_vector', 'score_threshold'],
];

/** Names of other collections that a query reaches into. */
export function reaches(body: unknown): string[] {
  const { lookup_from, prefetch } = fieldsOf(body, 'QueryRequest', QUERY);
  const own =
    lookup_from === undefined
      ? []
      : [textOf(fieldsOf(lookup_from, 'LookupLocation', ['collection', 'vector']).collection, 'collection')];
  const deeper = prefetch === undefined ? [] : (Array.isArray(prefetch) ? prefetch : [prefetch]).flatMap(reaches);
  return [...own, ...deeper];
}

/** The nearest points, exactly whatever `params` say: an index that misses none is a lawful index. */
export function query(collection: Collection, body: unknown): unknown[] {
  const fields = fieldsOf(body, 'QueryRequest', QUERY);
  const limit = limitOf(fields.limit, 10, 'limit');
  if (fields.prefetch !== undefined || fields.lookup_from !== undefined) unknown('prefetch and lookup_from');
  const wanted = fields.query ?? fields.vector;
  if (typeof wanted === 'object' && wanted !== null && !Array.isArray(wanted)) unknown('queries that are no vector');
  const vector = collection.kept(vectorOf(wanted));
  if (vector === null) unknown('queries in a collection without vectors');
  if (fields.params !== undefined) {
    const { exact = false } = fieldsOf(fields.params, 'SearchParams', ['exact', 'hnsw_ef', 'indexed_only']);
    if (typeof exact !== 'boolean') malformed('invalid type, expected a boolean in exact');
  }
  const offset = typeof fields.offset === 'number' ? fields.offset : 0;
  const threshold = typeof fields.score_threshold === 'number' ? fields.score_threshold : -Infinity;
  const shown = shownBy(fields, false);
  return [...collection.points.values()]
    .filter(readFilter(fields.filter))
    .map((point) => ({ point, score: dot(vector, point.vector!) }))
    .filter(({ score }) => score >= threshold)
    .sort((a, b) => b.score - a.score)
    .slice(offset, offset + limit)
    .map(({ point, score }) => {
      const { id, ...rest } = show(point, shown);
      return { id, version: point.version, score: shortest(score), ...rest };
    });
}

function select(collection: Collection, body: unknown, also: string[]): Point[] {
  const { points, filter } = fieldsOf(body, 'PointsSelector', ['points', 'filter', ...also]);
  if ((points === undefined) === (filter === undefined))
    malformed('data did not match any variant of untagged enum PointsSelector');
  if (points !== undefined)
    return listOf(points, 'points')
      .map(pointId)
      .flatMap((id) => collection.points.get(id) ?? []);
  const fits: Filter = readFilter(filter);
  return [...collection.points.values()].filter(fits);
}

function vectorOf(value: unknown): Float32Array | null {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    if (Object.keys(value).length > 0) unknown('named vectors');
    return null;
  }
  if (!Array.isArray(value) || value.some((x) => typeof x !== 'number'))
    malformed('data did not match any variant of untagged enum VectorStruct');
  return Float32Array.from(value as number[]);
}

function payloadOf(value: unknown): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) malformed('invalid type, expected a map in payload');
  return { ...(value as Fields) };
}

function orderKey(collection: Collection, value: unknown): string {
  const key = typeof value === 'string' ? value : textOf(fieldsOf(value, 'OrderBy', ['key']).key, 'key');
  if (!['integer', 'float', 'datetime'].includes(collection.indexes.get(key) ?? ''))
    refuse(
      400,
      `Wrong input: No range index for \`order_by\` key: \`${key}\`. Please create one to use \`order_by\`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions`,
    );
  return key;
}

function shownBy({ with_payload, with_vector }: Fields, payloadByDefault: boolean): Shown {
  const wish = with_payload ?? payloadByDefault;
  if (with_vector !== undefined && typeof with_vector !== 'boolean') unknown('names in with_vector');
  const vector = with_vector === true;
  if (wish === true) return { payload: (payload) => payload, vector };
  if (wish === false) return { payload: () => undefined, vector };
  const names = listOf(wish, 'with_payload').map((name) => textOf(name, 'with_payload'));
  const chosen = (payload: Fields) =>
    Object.fromEntries(Object.entries(payload).filter(([name]) => names.includes(name)));
  return { payload: chosen, vector };
}

function show(point: Point, shown: Shown): { id: PointId; payload?: Fields; vector?: unknown } {
  const payload = shown.payload(point.payload);
  return {
    id: point.id,
    ...(payload === undefined ? {} : { payload }),
    ...(shown.vector ? { vector: point.vector === null ? {} : printed(point.vector) } : {}),
  };
}
