import type { MessagePort } from 'node:worker_threads';
import { carry } from '../../kernel/carry-error.ts';
import { systemClock } from '../../kernel/clock.ts';
import type { RecordStore } from '../../stores/record/port.ts';
import { openSqliteRecords } from '../../stores/record/sqlite.ts';
import type { VectorStore } from '../../stores/vector/port.ts';
import { openSqliteVectors } from '../../stores/vector/sqlite-vec.ts';
import type { SearchAnswer, SearchFiles, SearchRequest } from './search-protocol.ts';

/** One tenant's stores, opened for reading when they are first searched. */
interface Opened {
  records?: RecordStore;
  /** By file: a tenant has two indexes. */
  vectors: Map<string, VectorStore>;
}

const opened = new Map<string, Opened>();

/**
 * Answers what the daemon asks: it opens the stores of a tenant when they are first searched and keeps them until it is
 * told to close them.
 */
export function serveSearches(port: MessagePort): void {
  // One after another, in the order of arrival: a close comes behind the searches that were asked before it.
  let turn: Promise<void> = Promise.resolve();
  port.on('message', (request: SearchRequest) => {
    turn = turn.then(async () => port.postMessage(await answer(request)));
  });
}

async function answer({ id, files, call }: SearchRequest): Promise<SearchAnswer> {
  try {
    if (call.verb === 'close') return { id, value: await close(files.tenant_id) };
    if (call.verb === 'text') return { id, value: await records(files).searchText(call.query) };
    if (call.verb === 'documents') {
      return { id, value: await records(files).documentsWith(call.metadata, call.limit) };
    }
    return { id, value: await vectors(files).search(call.vector, call.options) };
  } catch (error) {
    return { id, error: carry(error, 'The search failed.') };
  }
}

function openedOf({ tenant_id }: SearchFiles): Opened {
  const known = opened.get(tenant_id) ?? { vectors: new Map() };
  opened.set(tenant_id, known);
  return known;
}

function records(files: SearchFiles): RecordStore {
  const { records: file, tenant_id } = files;
  if (file === null) throw new Error('These records are not in a file.');
  const open = openedOf(files);
  open.records ??= openSqliteRecords(file, { tenant_id, clock: systemClock(), readonly: true });
  return open.records;
}

function vectors(files: SearchFiles): VectorStore {
  const { vectors: known } = openedOf(files);
  const store = known.get(files.vectors) ?? openSqliteVectors(files.vectors, { readonly: true });
  known.set(files.vectors, store);
  return store;
}

async function close(tenantId: string): Promise<void> {
  const both = opened.get(tenantId);
  opened.delete(tenantId);
  await Promise.all([both?.records, ...(both?.vectors.values() ?? [])].map((store) => store?.close()));
}
