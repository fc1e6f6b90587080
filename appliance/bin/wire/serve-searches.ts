import type { MessagePort } from 'node:worker_threads';
import { carry } from '../../kernel/carry-error.ts';
import { systemClock } from '../../kernel/clock.ts';
import { openSqliteRecords } from '../../stores/record/sqlite.ts';
import { openSqliteVectors } from '../../stores/vector/sqlite-vec.ts';
import type { SearchAnswer, SearchFiles, SearchRequest } from './search-protocol.ts';

/** One tenant's stores, opened for reading. */
interface Opened {
  records: ReturnType<typeof openSqliteRecords>;
  vectors: ReturnType<typeof openSqliteVectors>;
}

const opened = new Map<string, Opened>();

/**
 * Answers what the daemon asks: it opens the stores of a tenant when they are first searched and keeps them, one pair a
 * tenant, until it is told to close them.
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
    const { records, vectors } = open(files);
    if (call.verb === 'text') return { id, value: await records.searchText(call.query) };
    if (call.verb === 'documents') return { id, value: await records.documentsWith(call.metadata, call.limit) };
    return { id, value: await vectors.search(call.vector, call.options) };
  } catch (error) {
    return { id, error: carry(error, 'The search failed.') };
  }
}

function open(files: SearchFiles): Opened {
  const known = opened.get(files.tenant_id);
  if (known !== undefined) return known;
  const records = openSqliteRecords(files.records, {
    tenant_id: files.tenant_id,
    clock: systemClock(),
    readonly: true,
  });
  try {
    const both = { records, vectors: openSqliteVectors(files.vectors, { readonly: true }) };
    opened.set(files.tenant_id, both);
    return both;
  } catch (error) {
    void records.close();
    throw error;
  }
}

async function close(tenantId: string): Promise<void> {
  const both = opened.get(tenantId);
  opened.delete(tenantId);
  await Promise.all([both?.records.close(), both?.vectors.close()]);
}
