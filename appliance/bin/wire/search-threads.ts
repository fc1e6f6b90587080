import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { carried } from '../../kernel/carry-error.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import type { RecordStore } from '../../stores/record/port.ts';
import type { VectorStore } from '../../stores/vector/port.ts';
import { entryOf } from '../entry.ts';
import type { SearchAnswer, SearchCall, SearchFiles, SearchRequest } from './search-protocol.ts';

/** The searching verbs of a tenant's stores. */
export interface Searcher {
  searchText: RecordStore['searchText'];
  documentsWith: RecordStore['documentsWith'];
  search: VectorStore['search'];
}

/** Threads that search, so that the daemon goes on answering meanwhile. Started when first asked. */
export interface SearchThreads {
  of(files: SearchFiles): Searcher;
  /** Closes a tenant's stores in every thread, once what was asked of them is answered. */
  close(tenantId: string): Promise<void>;
  closeAll(): Promise<void>;
}

/** One core is left to the daemon; more threads than this would only share the disk. */
const MOST_THREADS = 4;

interface Thread {
  worker: Worker;
  waiting: Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>;
  /** Tenants whose stores it may have open. */
  tenants: Map<string, SearchFiles>;
}

export function searchThreads(most = Math.max(1, Math.min(MOST_THREADS, availableParallelism() - 1))): SearchThreads {
  const threads = new Set<Thread>();
  let calls = 0;

  function start(): Thread {
    const worker = new Worker(entryOf('search-thread'), { env: {} });
    // Nothing waits for a thread that nobody asks.
    worker.unref();
    const thread: Thread = { worker, waiting: new Map(), tenants: new Map() };
    worker.on('message', (answer: SearchAnswer) => {
      const call = thread.waiting.get(answer.id);
      thread.waiting.delete(answer.id);
      if ('error' in answer) call?.reject(carried(answer.error));
      else call?.resolve(answer.value);
    });
    // A thread that ended answers nobody: whoever waits is told, and the next search starts another.
    const ended = () => {
      threads.delete(thread);
      for (const { reject } of thread.waiting.values()) {
        reject(new FrostbyteError('STORE_UNAVAILABLE', 'The search was broken off.'));
      }
      thread.waiting.clear();
    };
    worker.on('error', ended);
    worker.on('exit', ended);
    threads.add(thread);
    return thread;
  }

  /** The thread with the least to do; another one while there may be more. */
  function next(): Thread {
    const idlest = [...threads].sort((a, b) => a.waiting.size - b.waiting.size)[0];
    if (idlest !== undefined && (idlest.waiting.size === 0 || threads.size >= most)) return idlest;
    return start();
  }

  function ask(thread: Thread, files: SearchFiles, call: SearchCall): Promise<unknown> {
    const id = ++calls;
    return new Promise((resolve, reject) => {
      thread.waiting.set(id, { resolve, reject });
      thread.worker.postMessage({ id, files, call } satisfies SearchRequest);
    });
  }

  async function search(files: SearchFiles, call: SearchCall): Promise<unknown> {
    const thread = next();
    thread.tenants.set(files.tenant_id, files);
    return ask(thread, files, call);
  }

  return {
    of: (files) => ({
      searchText: (query) => search(files, { verb: 'text', query }) as ReturnType<RecordStore['searchText']>,
      documentsWith: (metadata, limit) =>
        search(files, { verb: 'documents', metadata, limit }) as ReturnType<RecordStore['documentsWith']>,
      search: (vector, options) =>
        search(files, { verb: 'vectors', vector, options }) as ReturnType<VectorStore['search']>,
    }),
    async close(tenantId) {
      await Promise.allSettled(
        [...threads].map(async (thread) => {
          const files = thread.tenants.get(tenantId);
          thread.tenants.delete(tenantId);
          if (files !== undefined) await ask(thread, files, { verb: 'close' });
        }),
      );
    },
    async closeAll() {
      await Promise.all([...threads].map(({ worker }) => worker.terminate()));
    },
  };
}

/** A record store whose search by words and by metadata runs elsewhere. */
export function recordsSearchedBy(records: RecordStore, { searchText, documentsWith }: Searcher): RecordStore {
  return { ...records, searchText, documentsWith };
}

/** A vector store whose search runs elsewhere. */
export function vectorsSearchedBy(vectors: VectorStore, { search }: Searcher): VectorStore {
  return {
    search,
    upsert: (points) => vectors.upsert(points),
    read: (chunkIds) => vectors.read(chunkIds),
    remove: (chunkIds) => vectors.remove(chunkIds),
    removeDocument: (docId, keep) => vectors.removeDocument(docId, keep),
    clear: () => vectors.clear(),
    count: () => vectors.count(),
    countDocument: (docId) => vectors.countDocument(docId),
    scrub: () => vectors.scrub(),
    usage: () => vectors.usage(),
    check: () => vectors.check(),
    close: () => vectors.close(),
  };
}
