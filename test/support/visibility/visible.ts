import { type Content, wordsOf } from './contents.ts';
import type { Batch, Desk, Doc, TenantModel } from './model.ts';

/** Who may see which planted words: the heart of the model, one pure function over its maps. */

export interface Actor {
  subject: string;
  role: 'tenant_user' | 'tenant_admin' | 'admin' | 'auditor';
  /** The tenant of its token. */
  tenant: string | null;
  /** The reason that it sends along, where it is an administrator who names one. */
  reason: string | null;
}

/** Somebody's look at something of a tenant. */
export type Look =
  /** `desk`: only documents whose metadata say so. */
  | { view: 'search'; desk?: Desk }
  | { view: 'documents' | 'reviews' | 'quarantine' | 'batches' | 'erasures' | 'events' | 'letters' | 'uploads' }
  | { view: 'document' | 'review' | 'evidence' | 'bytes' | 'pii' | 'raw'; doc: string; content: Content }
  | { view: 'chunk'; doc: string; content: Content; piece: number }
  | { view: 'batch' | 'report'; batch: Batch };

export interface Sight {
  status: number;
  words: string[];
  /** Of a list: how many there are in all. */
  total?: number;
}

type Room = 'content' | 'queue' | 'review' | 'sealed' | 'files' | 'decided' | 'audit';

const ROOMS: Readonly<Record<Look['view'], Room>> = Object.freeze({
  search: 'content',
  documents: 'content',
  document: 'content',
  chunk: 'content',
  reviews: 'queue',
  quarantine: 'queue',
  evidence: 'queue',
  letters: 'queue',
  uploads: 'queue',
  review: 'review',
  bytes: 'sealed',
  pii: 'sealed',
  raw: 'sealed',
  batches: 'files',
  batch: 'files',
  report: 'files',
  erasures: 'decided',
  events: 'audit',
});

/** Who comes into which room, by role; an administrator into some of them only by break-glass. */
const KEYS: Readonly<Record<Room, { roles: readonly Actor['role'][]; breakGlass: boolean }>> = Object.freeze({
  content: { roles: ['tenant_user', 'tenant_admin', 'admin'], breakGlass: true },
  queue: { roles: ['tenant_admin', 'admin'], breakGlass: false },
  review: { roles: ['tenant_admin', 'admin'], breakGlass: true },
  sealed: { roles: ['admin'], breakGlass: true },
  files: { roles: ['tenant_user', 'tenant_admin', 'admin'], breakGlass: false },
  decided: { roles: ['tenant_admin', 'admin'], breakGlass: true },
  audit: { roles: ['tenant_admin', 'admin', 'auditor'], breakGlass: false },
});

export function needsGlass(view: Look['view']): boolean {
  return KEYS[ROOMS[view]].breakGlass;
}

/** What `who` must be answered on this look, `now`. */
export function visible(
  tenants: readonly TenantModel[],
  tenant: TenantModel,
  who: Actor,
  look: Look,
  now: number,
): Sight {
  // A suspension kills the tokens of that tenant's people, wherever they look.
  const isDead = tenants.some(({ id, isSuspended }) => id === who.tenant && isSuspended);
  const refused = isDead ? 401 : refusal(tenant, who, ROOMS[look.view], now);
  return refused === null ? sight(tenant, look) : { status: refused, words: [] };
}

function refusal(tenant: TenantModel, who: Actor, room: Room, now: number): number | null {
  const { roles, breakGlass } = KEYS[room];
  if (!roles.includes(who.role)) return 403;
  if (who.tenant !== null && who.tenant !== tenant.id) return 403;
  if (who.role === 'admin' && breakGlass && who.reason === null && !hasGlass(tenant, who, now)) return 403;
  return tenant.isSuspended && room !== 'audit' ? 403 : null;
}

export function hasGlass(tenant: TenantModel, { subject }: Actor, now: number): boolean {
  return tenant.glass.some((grant) => grant.subject === subject && grant.until > now);
}

const GONE: Sight = Object.freeze({ status: 404, words: [] });

function sight(tenant: TenantModel, look: Look): Sight {
  const docs = [...tenant.docs.values()];
  const list = (rows: readonly Doc[]): Sight => ({
    status: 200,
    words: rows.map(({ content }) => content.name),
    total: rows.length,
  });
  switch (look.view) {
    case 'search':
      return {
        status: 200,
        words: docs
          .filter(({ desk }) => look.desk === undefined || desk === look.desk)
          .flatMap((doc) => named(doc, tenant.servedWords(doc))),
      };
    case 'documents':
      return list(docs);
    case 'reviews':
      return list(docs.filter(({ state }) => state === 'held'));
    case 'quarantine':
      return list(docs.filter((doc) => tenant.entry(doc) !== null));
    case 'batches':
      return { status: 200, words: [] };
    case 'erasures':
      return { status: 200, words: [], total: tenant.erasures };
    case 'events':
      return { status: 200, words: [] };
    case 'letters':
      return { status: 200, words: [], total: tenant.letters.length };
    case 'uploads': {
      const uploads = [...tenant.uploads.values()];
      // What a batch took has its name from the batch; the upload forgets it.
      const named = uploads.filter(({ state }) => state !== 'taken');
      return { status: 200, words: named.map(({ content }) => content.name), total: uploads.length };
    }
    case 'batch':
      return { status: 200, words: fileNames(look.batch) };
    case 'report':
      return look.batch.isReported ? { status: 200, words: fileNames(look.batch) } : GONE;
    default: {
      const doc = tenant.docs.get(look.doc);
      return doc === undefined ? GONE : ofDocument(tenant, doc, look);
    }
  }
}

function ofDocument(tenant: TenantModel, doc: Doc, look: Extract<Look, { doc: string }>): Sight {
  const { content } = doc;
  const entry = tenant.entry(doc);
  switch (look.view) {
    case 'document':
      return { status: 200, words: [content.name, ...tenant.servedWords(doc)] };
    case 'chunk': {
      const { marker, secret } = content.pieces[look.piece]!;
      const words = tenant.servedWords(doc).filter((word) => word === marker || word === secret);
      return words.length === 0 ? GONE : { status: 200, words };
    }
    case 'review':
      return doc.state === 'held' ? { status: 200, words: [content.name, ...tenant.reviewWords(doc)] } : GONE;
    case 'evidence':
      return entry === null ? GONE : { status: 200, words: [content.name] };
    case 'bytes':
      if (entry === null) return GONE;
      return entry === 'document' ? { status: 200, words: wordsOf(content) } : { status: 409, words: [] };
    case 'pii':
      return { status: 200, words: tenant.takenOut(doc) };
    case 'raw':
      return content.isMalware ? { status: 409, words: [] } : { status: 200, words: wordsOf(content) };
  }
}

function named({ content }: Doc, words: string[]): string[] {
  return words.length === 0 ? [] : [content.name, ...words];
}

function fileNames({ receipts }: Batch): string[] {
  return receipts.filter(({ isBlanked }) => !isBlanked).map(({ content }) => content.name);
}
