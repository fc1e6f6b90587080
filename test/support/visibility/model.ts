import { type Content, wordsOf } from './contents.ts';

/**
 * What must be true of one tenant, written down as plainly as it can be said and without a look at how it is done: maps
 * of documents, batches, receipts, holds; what each action makes of them; and who may see which planted words.
 */

export interface Rules {
  version: number;
  pii_policy: 'redact' | 'flag' | 'block';
  injection_quarantine_scope: 'chunk' | 'document';
  classification_review_enabled: boolean;
  retention_days: number;
}

/** What the tenant's one custom field may be. */
export const DESKS = ['north', 'south'] as const;
export type Desk = (typeof DESKS)[number];

export type Start = 'parse' | 'policy' | 'embed';

/** A piece after the gates. */
interface Judged {
  isRedacted: boolean;
  isWithheld: boolean;
}

export interface Doc {
  id: string;
  content: Content;
  state: 'processing' | 'indexed' | 'held' | 'quarantined' | 'cancelled';
  reason: 'MALWARE_DETECTED' | 'PII_BLOCK_POLICY' | 'INJECTION_DETECTED' | null;
  /** The terms of its latest run, and where that begins. */
  rules: Rules;
  start: Start;
  isParsed: boolean;
  /** What the gates made of each piece when they last ran. */
  judged: Judged[] | null;
  /** Whether the gates let it through then. */
  hasPassed: boolean;
  /** What search and people find: the pieces of the last version that was published, null where none is. */
  served: (Judged | null)[] | null;
  /** The terms that it was published under. */
  servedBy: number;
  receiptId: string;
  receivedAt: number;
  batches: Set<string>;
  /** Its metadata: what the batch that brought its bytes last said. */
  desk: Desk | null;
  retentionUntil: number;
  isReviewed: boolean;
  released: Set<number>;
  releasedPii: 'redact' | 'flag' | null;
  rejected: Set<number>;
  isRejected: boolean;
}

export interface ReceiptNote {
  content: Content;
  docId: string;
  /** As it was answered first. */
  body: Record<string, unknown>;
  isBlanked: boolean;
}

export interface Batch {
  id: string;
  receipts: ReceiptNote[];
  status: 'processing' | 'held' | 'completed' | 'cancelled';
  isCancelled: boolean;
  /** It came to rest once, so there is a report. */
  isReported: boolean;
}

export interface ReprocessNote {
  /** Of a batch, or null: of all documents that go by older terms. */
  batchId: string | null;
  requestedAt: number;
  start: Start;
  rules: Rules;
}

export class TenantModel {
  readonly docs = new Map<string, Doc>();
  readonly batches = new Map<string, Batch>();
  /** By document: the receipt that the same bytes continue. */
  readonly erased = new Map<string, string>();
  erasures = 0;
  readonly holds = new Set<string>();
  requests: ReprocessNote[] = [];
  isSuspended = false;
  /** Grants by which administrators may look: whose, until when. */
  glass: { subject: string; until: number }[] = [];
  /** How often each event must be in the log, by `type resource`. */
  readonly events = new Map<string, number>();
  readonly id: string;
  rules: Rules;

  constructor(id: string, rules: Rules) {
    this.id = id;
    this.rules = rules;
  }

  tell(type: string, resource: string, times = 1): void {
    const key = `${type} ${resource}`;
    this.events.set(key, (this.events.get(key) ?? 0) + times);
  }

  // Arrival ---------------------------------------------------------------------------------------------------------

  /** What the receipt of one file must say; the document is as it is afterwards. */
  receive(
    batchId: string,
    content: Content,
    docId: string,
    now: number,
    desk: Desk | null,
  ): { status: 'accepted' | 'quarantined'; duplicate_of: string | null } {
    const until = now + this.rules.retention_days * 86_400_000;
    const known = this.docs.get(docId);
    if (known === undefined) {
      const duplicate_of = this.erased.get(docId) ?? null;
      this.docs.set(docId, {
        id: docId,
        content,
        state: content.isMalware ? 'quarantined' : 'processing',
        reason: content.isMalware ? 'MALWARE_DETECTED' : null,
        rules: this.rules,
        start: 'parse',
        isParsed: false,
        judged: null,
        hasPassed: false,
        served: null,
        servedBy: 0,
        receiptId: '',
        receivedAt: now,
        batches: new Set([batchId]),
        desk,
        retentionUntil: until,
        isReviewed: false,
        released: new Set(),
        releasedPii: null,
        rejected: new Set(),
        isRejected: false,
      });
      this.tell(content.isMalware ? 'DOCUMENT_QUARANTINED' : 'DOCUMENT_INGESTED', docId);
      return { status: content.isMalware ? 'quarantined' : 'accepted', duplicate_of };
    }
    known.retentionUntil = Math.max(known.retentionUntil, until);
    known.batches.add(batchId);
    known.desk = desk ?? known.desk;
    const isStopped = known.state === 'quarantined';
    this.tell(isStopped ? 'DOCUMENT_QUARANTINED' : 'DOCUMENT_INGESTED', docId);
    if (known.state === 'cancelled') this.begin(known, 'parse', this.rules);
    return { status: isStopped ? 'quarantined' : 'accepted', duplicate_of: known.receiptId };
  }

  // Runs ------------------------------------------------------------------------------------------------------------

  /** A new run: its batches are open again. */
  begin(doc: Doc, start: Start, rules: Rules = doc.rules): void {
    doc.state = 'processing';
    doc.reason = null;
    doc.rules = rules;
    doc.start = start;
    for (const batch of this.batchesOf(doc)) batch.status = 'processing';
  }

  /** Where a document can begin that shall run from a stage; what a run at work has yet to make is made. */
  startOf(doc: Doc, wanted: Start): Start {
    if (!doc.isParsed || (doc.state === 'processing' && doc.start === 'parse')) return 'parse';
    if (doc.state === 'processing' && doc.start === 'policy') return wanted === 'parse' ? 'parse' : 'policy';
    return wanted === 'embed' && !doc.hasPassed ? 'policy' : wanted;
  }

  /** A person's wish that one document runs again. */
  reprocess(doc: Doc, wanted: Start, rules: Rules): void {
    const start = this.startOf(doc, wanted);
    this.begin(doc, start, start === 'embed' ? doc.rules : rules);
    this.tell('REPROCESS_STARTED', doc.id);
  }

  mayRun(doc: Doc): boolean {
    return doc.reason !== 'MALWARE_DETECTED' && !doc.isRejected;
  }

  /** Everything that is under way comes to its end. */
  runToRest(): void {
    this.finishAll();
    for (let request = this.requests.shift(); request !== undefined; request = this.requests.shift()) {
      for (const doc of this.docs.values()) {
        if (!this.isWanted(doc, request) || !this.mayRun(doc)) continue;
        const isOlder = doc.rules.version <= request.rules.version || this.startOf(doc, request.start) === 'embed';
        if (isOlder) this.reprocess(doc, request.start, request.rules);
      }
      this.tell('REPROCESS_COMPLETED', request.batchId ?? this.id);
      this.settleAll();
      this.finishAll();
    }
  }

  private isWanted(doc: Doc, { batchId, requestedAt, rules }: ReprocessNote): boolean {
    if (batchId !== null) return doc.batches.has(batchId);
    // What people see counts, where something is served; a run at work will bring its own terms.
    const version = doc.state === 'processing' || doc.served === null ? doc.rules.version : doc.servedBy;
    return doc.receivedAt <= requestedAt && version < rules.version;
  }

  private finishAll(): void {
    for (const doc of this.docs.values()) {
      if (doc.state !== 'processing') continue;
      this.finish(doc);
    }
    this.settleAll();
  }

  /** One document runs through the stages from where its run begins. */
  private finish(doc: Doc): void {
    if (doc.start === 'parse') {
      doc.isParsed = true;
      this.tell('DOCUMENT_PARSED', doc.id);
    }
    if (doc.start !== 'embed') this.gates(doc);
    if (doc.state !== 'processing') {
      // The gates have judged anew: an earlier version must not outlive the verdict.
      doc.served = null;
      return;
    }
    doc.state = 'indexed';
    doc.served = doc.judged!.map((piece) => (piece.isWithheld ? null : piece));
    doc.servedBy = doc.rules.version;
    this.tell('DOCUMENT_EMBEDDED', doc.id);
    this.tell('INDEX_WRITTEN', doc.id);
  }

  private gates(doc: Doc): void {
    const { content, rules } = doc;
    const action = rules.pii_policy === 'block' ? (doc.releasedPii ?? 'block') : rules.pii_policy;
    const hasPii = content.pieces.some(({ secret }) => secret !== null);
    doc.judged = content.pieces.map(({ secret, isAttack }, i) => ({
      isRedacted: secret !== null && action === 'redact',
      isWithheld: doc.rejected.has(i) || (isAttack && !doc.released.has(i)),
    }));
    const withheld = doc.judged.filter(({ isWithheld }) => isWithheld).length;
    const isWhole = withheld > 0 && (rules.injection_quarantine_scope === 'document' || withheld === doc.judged.length);
    if (hasPii && action === 'block') doc.reason = 'PII_BLOCK_POLICY';
    else if (isWhole) doc.reason = 'INJECTION_DETECTED';
    if (doc.reason !== null) doc.state = 'quarantined';
    else if (content.isVague && !doc.isReviewed && rules.classification_review_enabled) doc.state = 'held';
    doc.hasPassed = doc.state === 'processing';
    // The first gate that stops it tells so; the others have let it pass.
    this.tell('POLICY_GATE_PASSED', doc.id, doc.hasPassed ? 3 : 2);
    if (!doc.hasPassed) this.tell('POLICY_GATE_FAILED', doc.id);
    if (hasPii) this.tell('PII_DETECTED', doc.id);
    if (doc.reason !== null || withheld > 0) this.tell('DOCUMENT_QUARANTINED', doc.id);
  }

  // Batches ---------------------------------------------------------------------------------------------------------

  batchesOf(doc: Doc): Batch[] {
    return [...doc.batches].map((id) => this.batches.get(id)!);
  }

  docsOf(batch: Batch): Doc[] {
    return [...this.docs.values()].filter(({ batches }) => batches.has(batch.id));
  }

  settle(batch: Batch): void {
    const docs = this.docsOf(batch);
    if (docs.some(({ state }) => state === 'processing')) return;
    const isToCome = ({ batchId, requestedAt }: ReprocessNote) =>
      batchId === null ? docs.some(({ receivedAt }) => receivedAt <= requestedAt) : batchId === batch.id;
    if (this.requests.some(isToCome)) return;
    const isHeld = docs.some(({ state }) => state === 'held');
    const status = batch.isCancelled ? 'cancelled' : isHeld ? 'held' : 'completed';
    if (batch.status === status) return;
    batch.status = status;
    batch.isReported = true;
    if (!isHeld) this.tell('BATCH_COMPLETED', batch.id);
  }

  settleAll(): void {
    for (const batch of this.batches.values()) this.settle(batch);
  }

  /** False where all of the batch is at rest. */
  cancel(batch: Batch): boolean {
    if (!batch.isCancelled && batch.status !== 'processing') return false;
    const waiting = this.docsOf(batch).filter(({ state }) => state === 'processing');
    const isWanted = (doc: Doc) =>
      this.batchesOf(doc).some((other) => other !== batch && !other.isCancelled && other.status === 'processing');
    const cancelled = waiting.filter((doc) => !isWanted(doc));
    const ended = this.requests.filter(({ batchId }) => batchId === batch.id);
    this.requests = this.requests.filter((request) => !ended.includes(request));
    if (ended.length > 0) this.tell('REPROCESS_COMPLETED', batch.id, ended.length);
    if (!batch.isCancelled || cancelled.length + ended.length > 0) this.tell('BATCH_CANCELLED', batch.id);
    for (const doc of cancelled) {
      doc.state = 'cancelled';
      // Of this run no gate has let it through.
      if (doc.start !== 'embed') doc.hasPassed = false;
      this.tell('DOCUMENT_CANCELLED', doc.id);
    }
    batch.isCancelled = true;
    for (const each of [batch, ...cancelled.flatMap((doc) => this.batchesOf(doc))]) this.settle(each);
    return true;
  }

  // Decisions -------------------------------------------------------------------------------------------------------

  /** What of a document is in quarantine. */
  entry(doc: Doc): 'document' | 'chunks' | null {
    if (doc.state === 'quarantined') return 'document';
    return doc.state === 'indexed' && this.suspects(doc).length > 0 ? 'chunks' : null;
  }

  private suspects(doc: Doc): number[] {
    return (doc.judged ?? []).flatMap(({ isWithheld }, i) => (isWithheld ? [i] : []));
  }

  /** Suspects that nobody refused for good. */
  undecided(doc: Doc): number[] {
    return this.suspects(doc).filter((i) => !doc.rejected.has(i));
  }

  mayRelease(doc: Doc): boolean {
    if (this.entry(doc) === null || !this.mayRun(doc)) return false;
    return doc.reason === 'PII_BLOCK_POLICY' || this.undecided(doc).length > 0;
  }

  release(doc: Doc, pii: 'redact' | 'flag'): void {
    if (doc.reason === 'PII_BLOCK_POLICY') doc.releasedPii = pii;
    else for (const i of this.undecided(doc)) doc.released.add(i);
    this.tell('QUARANTINE_RELEASED', doc.id);
    this.begin(doc, 'policy');
  }

  mayReject(doc: Doc): boolean {
    const entry = this.entry(doc);
    if (entry === 'document') return !doc.isRejected;
    return entry === 'chunks' && this.undecided(doc).length > 0;
  }

  reject(doc: Doc): void {
    this.tell('QUARANTINE_REJECTED', doc.id);
    if (this.entry(doc) === 'chunks') {
      for (const i of this.undecided(doc)) doc.rejected.add(i);
      return;
    }
    doc.isRejected = true;
    // Its batches are reported anew: what waited for a decision waits no more.
    for (const batch of this.batchesOf(doc)) batch.status = 'processing';
    for (const batch of this.batchesOf(doc)) this.settle(batch);
  }

  // Ends ------------------------------------------------------------------------------------------------------------

  isHeldByLaw(doc: Doc): boolean {
    const scopes = [`tenant ${this.id}`, `document ${doc.id}`, ...[...doc.batches].map((id) => `batch ${id}`)];
    return scopes.some((scope) => this.holds.has(scope));
  }

  erase(doc: Doc, isExpired = false): void {
    this.docs.delete(doc.id);
    this.erased.set(doc.id, doc.receiptId);
    this.erasures += 1;
    for (const batch of this.batches.values()) {
      for (const receipt of batch.receipts) if (receipt.docId === doc.id) receipt.isBlanked = true;
    }
    if (isExpired) this.tell('RETENTION_EXPIRED', doc.id);
    this.tell('DOCUMENT_DELETED', doc.id);
    this.tell('REFERENCES_ERASED', doc.id);
    for (const batch of this.batchesOf(doc)) this.settle(batch);
  }

  /** The daemon's round: open batches are settled, what has had its time goes. */
  maintain(now: number): void {
    this.settleAll();
    for (const doc of [...this.docs.values()]) {
      if (doc.retentionUntil <= now && !this.isHeldByLaw(doc)) this.erase(doc, true);
    }
  }

  // Who sees what ---------------------------------------------------------------------------------------------------

  /** The words of a document that are served. */
  servedWords(doc: Doc): string[] {
    return shown(doc, doc.served ?? []);
  }

  /** The words that a reviewer sees while it waits. */
  reviewWords(doc: Doc): string[] {
    return shown(
      doc,
      doc.judged!.map((piece) => (piece.isWithheld ? null : piece)),
    );
  }

  /** What redaction took out, by the latest verdict of the gates. */
  takenOut(doc: Doc): string[] {
    const { pieces } = doc.content;
    return (doc.judged ?? []).flatMap(({ isRedacted }, i) => (isRedacted ? [pieces[i]!.secret!] : []));
  }
}

function shown({ content }: Doc, pieces: readonly (Judged | null)[]): string[] {
  return pieces.flatMap((piece, i) => {
    if (piece === null) return [];
    const { marker, secret } = content.pieces[i]!;
    return secret === null || piece.isRedacted ? [marker] : wordsOf({ pieces: [content.pieces[i]!] });
  });
}
