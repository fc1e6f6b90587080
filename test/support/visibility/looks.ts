import assert from 'node:assert/strict';
import { wordsOf } from './contents.ts';
import { DESKS, type TenantModel } from './model.ts';
import { EVERYBODY, PEOPLE, type Person, type Session } from './session.ts';
import type { Look } from './visible.ts';

/** Holds what people are answered against the model: statuses, totals, and each planted word that shows or does not. */

/** Looks at one document, batch or list by one person that follow each action. */
const LOOKS_A_STEP = 2;

/** The request that a look is. */
function requestOf({ id }: TenantModel, session: Session, look: Look): [method: string, path: string, body?: unknown] {
  const query = `/query/${id}`;
  const ingest = `/ingest/${id}`;
  switch (look.view) {
    case 'search':
      return [
        'POST',
        `${query}/search`,
        {
          query_text: 'invoice for the parcels and crates',
          top_k: 200,
          ...(look.desk === undefined ? {} : { filters: { metadata: { desk: look.desk } } }),
        },
      ];
    case 'documents':
      return ['GET', `${query}/documents?limit=500`];
    case 'document':
      return ['GET', `${query}/document/${look.doc}`];
    case 'chunk':
      return ['GET', `${query}/chunk/${session.chunkIds.get(chunkKey(id, look.content.pieces[look.piece]!.marker))}`];
    case 'pii':
    case 'raw':
      return ['GET', `${query}/document/${look.doc}/originals?what=${look.view}`];
    case 'reviews':
      return ['GET', `${ingest}/review`];
    case 'review':
      return ['GET', `${ingest}/review/${look.doc}`];
    case 'quarantine':
      return ['GET', `${ingest}/quarantine`];
    case 'evidence':
      return ['GET', `${ingest}/quarantine/${look.doc}`];
    case 'bytes':
      return ['GET', `${ingest}/quarantine/${look.doc}/bytes`];
    case 'batches':
      return ['GET', `${ingest}/batches?limit=500`];
    case 'batch':
      return ['GET', `${ingest}/batch/${look.batch.id}`];
    case 'report':
      return ['GET', `${ingest}/batch/${look.batch.id}/report`];
    case 'letters':
      return ['GET', `${ingest}/dlq?limit=500`];
    case 'uploads':
      return ['GET', `${ingest}/uploads?limit=500`];
    case 'erasures':
      return ['GET', `${query}/erasures`];
    case 'events':
      return ['GET', `/audit/${id}/events?limit=50`];
  }
}

const chunkKey = (tenant: string, marker: string) => `${tenant} ${marker}`;

/** One person takes one look; what is answered must be what the model says. */
export async function look(session: Session, tenant: TenantModel, who: Person, what: Look): Promise<void> {
  const told = `${who} looks at ${what.view} of ${tenant.id}${'content' in what ? ` (${what.content.kind})` : ''}`;
  const expected = session.expected(tenant, who, what);
  session.noteGlass(tenant, who, what.view);
  const { status, text, json } = await session.ask(who, ...requestOf(tenant, session, what));
  assert.equal(status, expected.status, `${told}: ${text.slice(0, 300)}`);
  if (expected.total !== undefined) assert.equal(json().meta.total, expected.total, `${told}: meta.total`);
  // An event may name a file until its references are erased, which is looked at when all is at rest.
  const names = what.view !== 'events';
  assert.deepEqual(wordsIn(session, text, names), [...new Set(expected.words)].sort(), told);
  if (status === 200) noteRead(session, tenant, who, what, text);
}

/** Planted words in a text, sorted. */
export function wordsIn({ contents }: Session, text: string, names = true): string[] {
  const all = contents.flatMap((content) => [...wordsOf(content), ...(names ? [content.name] : [])]);
  return all.filter((word) => text.includes(word)).sort();
}

/** Looks at content are in the log; and what a search shows teaches ids of chunks. */
function noteRead(session: Session, tenant: TenantModel, who: Person, what: Look, text: string): void {
  // Somebody from outside who sees the names has looked; the tenant's own list their documents all day.
  if (what.view === 'documents' && PEOPLE[who].role === 'admin') tenant.tell('CONTENT_READ', tenant.id);
  if (what.view === 'search') {
    tenant.tell('RETRIEVAL_EXECUTED', '*');
    const { chunks } = JSON.parse(text).data as { chunks: { chunk_id: string; text: string }[] };
    for (const { chunk_id, text: shown } of chunks) {
      const [marker] = wordsIn(session, shown, false).filter((word) => word.startsWith('quo'));
      if (marker !== undefined) session.chunkIds.set(chunkKey(tenant.id, marker), chunk_id);
    }
  }
  if (!('doc' in what)) return;
  if (what.view === 'pii' || what.view === 'raw') tenant.tell('PII_ORIGINAL_READ', what.doc);
  else if (what.view !== 'evidence') tenant.tell('CONTENT_READ', what.doc);
}

const VIEWS = ['document', 'chunk', 'review', 'evidence', 'bytes', 'pii', 'raw'] as const;
const LISTS = ['documents', 'reviews', 'quarantine', 'batches', 'erasures', 'events', 'letters', 'uploads'] as const;

/** All looks there are at a tenant now. */
function looksAt(session: Session, tenant: TenantModel): Look[] {
  const ofDocuments = session.contents.flatMap((content): Look[] => {
    const doc = session.docId(tenant, content);
    // What never came is not worth many looks.
    if (!tenant.docs.has(doc) && !tenant.erased.has(doc)) return [];
    return VIEWS.flatMap((view): Look[] => {
      if (view !== 'chunk') return [{ view, doc, content }];
      return content.pieces.flatMap(({ marker }, piece): Look[] =>
        session.chunkIds.has(chunkKey(tenant.id, marker)) ? [{ view, doc, content, piece }] : [],
      );
    });
  });
  const ofBatches = [...tenant.batches.values()].flatMap((batch): Look[] => [
    { view: 'batch', batch },
    { view: 'report', batch },
  ]);
  const ofDesks = DESKS.map((desk): Look => ({ view: 'search', desk }));
  return [...LISTS.map((view): Look => ({ view })), ...ofDesks, ...ofBatches, ...ofDocuments];
}

/** The readers of a search that can succeed take turns. */
const SEARCHERS = ['dana', 'ursula', 'frode', 'greta', 'bob', 'anna'] as const;

/** After an action: what search finds of the tenant, and some looks by some people, all of them in turn. */
export async function looksAfter(session: Session, tenant: TenantModel): Promise<void> {
  session.turn += 1;
  const desk = [undefined, ...DESKS][session.turn % (1 + DESKS.length)];
  // Those who may not see the whole learn no chunk ids; so the plain search comes first.
  await look(session, tenant, SEARCHERS[session.turn % SEARCHERS.length]!, { view: 'search' });
  if (desk !== undefined) await look(session, tenant, session.ownAdmin(tenant), { view: 'search', desk });
  const looks = looksAt(session, tenant);
  if (session.isThorough) {
    for (const what of looks) for (const who of EVERYBODY) await look(session, tenant, who, what);
    return;
  }
  for (let i = 0; i < LOOKS_A_STEP; i++) {
    const place = session.turn * LOOKS_A_STEP + i;
    // Steps without a common divisor reach every pair in time.
    const what = looks[(place * 7) % looks.length]!;
    await look(session, tenant, EVERYBODY[(place * 5 + session.turn) % EVERYBODY.length]!, what);
  }
}

/** At the end of a sequence: a search, and every fourth look by somebody who may have it; some by others. */
export async function lastLooks(session: Session, tenant: TenantModel): Promise<void> {
  session.turn += 1;
  const some = looksAt(session, tenant).filter((_, at) => session.isThorough || (at + session.turn) % 4 === 0);
  for (const [at, what] of [{ view: 'search' } as Look, ...some].entries()) {
    const allowed = EVERYBODY.filter((who) => session.expected(tenant, who, what).status !== 403);
    const refused = EVERYBODY.filter((who) => !allowed.includes(who));
    if (allowed.length > 0) await look(session, tenant, allowed[(session.turn + at) % allowed.length]!, what);
    if (at % 4 === 0 && refused.length > 0) {
      await look(session, tenant, refused[(session.turn + at) % refused.length]!, what);
    }
  }
}
