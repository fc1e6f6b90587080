import { FAILED_STATE, type WorkStage } from '../../../appliance/kernel/pipeline.ts';
import { type Content, wordsOf } from './contents.ts';
import { fails, type Trouble } from './doubles.ts';

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
  state:
    | 'processing'
    | 'indexed'
    | 'held'
    | 'quarantined'
    | 'cancelled'
    | 'parse_failed'
    | 'policy_failed'
    | 'embed_failed'
    | 'index_failed';
  reason: 'MALWARE_DETECTED' | 'PII_BLOCK_POLICY' | 'INJECTION_DETECTED' | 'GATE_UNAVAILABLE' | null;
  /** The terms of its latest run, and where that begins. */
  rules: Rules;
  start: WorkStage;
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

export interface LetterNote {
  docId: string;
  stage: WorkStage;
  status: 'pending_review' | 'resolved' | 'abandoned';
  resolution: 'reprocessed' | 'skipped' | 'manual_fix' | null;
}

export interface UploadNote {
  id: string;
  content: Content;
  received: number;
  state: 'open' | 'finished' | 'taken';
  /** When it is swept. */
  until: number;
}

/** A batch that lies in the inbox. */
export interface DroppedNote {
  batchId: string;
  contents: readonly Content[];
  desk: Desk;
  isTaken: boolean;
}

export interface ReprocessNote {
  id: string;
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
  /** Requests that came to their end, and whether they were cancelled. */
  readonly pastRequests: { id: string; isCancelled: boolean }[] = [];
  /** Newest last. */
  letters: LetterNote[] = [];
  readonly uploads = new Map<string, UploadNote>();
  readonly dropped: DroppedNote[] = [];
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
    if (known.state === 'cancelled' || isFailed(known)) this.begin(known, 'parse', this.rules);
    return { status: isStopped ? 'quarantined' : 'accepted', duplicate_of: known.receiptId };
  }

  // Runs ------------------------------------------------------------------------------------------------------------

  /** A new run: its batches are open again. */
  begin(doc: Doc, start: WorkStage, rules: Rules = doc.rules): void {
    this.closeLetters(doc, 'resolved', 'reprocessed');
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

  /** Everything that is under way comes to its end, with a stage in trouble or none. */
  runToRest(trouble: Trouble | null = null): void {
    this.finishAll(trouble);
    for (let request = this.requests.shift(); request !== undefined; request = this.requests.shift()) {
      for (const doc of this.docs.values()) {
        if (!this.isWanted(doc, request) || !this.mayRun(doc)) continue;
        const isOlder = doc.rules.version <= request.rules.version || this.startOf(doc, request.start) === 'embed';
        if (isOlder) this.reprocess(doc, request.start, request.rules);
      }
      this.tell('REPROCESS_COMPLETED', request.batchId ?? this.id);
      this.pastRequests.push({ id: request.id, isCancelled: false });
      this.settleAll();
      this.finishAll(trouble);
    }
  }

  private isWanted(doc: Doc, { batchId, requestedAt, rules }: ReprocessNote): boolean {
    if (batchId !== null) return doc.batches.has(batchId);
    // No gate could judge it: whatever terms it went by, it is below.
    if (doc.state === 'policy_failed') return doc.receivedAt <= requestedAt;
    // What people see counts, where something is served; a run at work will bring its own terms.
    const version = doc.state === 'processing' || doc.served === null ? doc.rules.version : doc.servedBy;
    return doc.receivedAt <= requestedAt && version < rules.version;
  }

  private finishAll(trouble: Trouble | null): void {
    for (const doc of this.docs.values()) {
      if (doc.state === 'processing') this.finish(doc, trouble);
    }
    this.settleAll();
  }

  /** One document runs through the stages from where its run begins, as far as it comes. */
  private finish(doc: Doc, trouble: Trouble | null): void {
    const comesThrough = (stage: WorkStage) => !fails(trouble, stage, doc.id) || this.giveUp(doc, stage);
    if (doc.start === 'parse') {
      if (!comesThrough('parse')) return;
      doc.isParsed = true;
      this.tell('DOCUMENT_PARSED', doc.id);
    }
    if (doc.start === 'parse' || doc.start === 'policy') {
      if (!comesThrough('policy')) return;
      this.gates(doc);
    }
    if (doc.state !== 'processing') {
      // The gates have judged anew: an earlier version must not outlive the verdict.
      doc.served = null;
      return;
    }
    if (doc.start !== 'index') {
      if (!comesThrough('embed')) return;
      this.tell('DOCUMENT_EMBEDDED', doc.id);
    }
    if (!comesThrough('index')) return;
    doc.state = 'indexed';
    doc.served = doc.judged!.map((piece) => (piece.isWithheld ? null : piece));
    doc.servedBy = doc.rules.version;
    this.tell('INDEX_WRITTEN', doc.id);
  }

  /** The stage gives it up: a dead letter. What was served stays, but where no gate could judge. Answers false. */
  private giveUp(doc: Doc, stage: WorkStage): false {
    doc.state = FAILED_STATE[stage] as Doc['state'];
    if (stage === 'parse') this.tell('DOCUMENT_PARSE_FAILED', doc.id);
    else if (stage !== 'policy') this.tell('EMBEDDING_FAILED', doc.id);
    else {
      this.tell('POLICY_GATE_FAILED', doc.id);
      this.tell('DOCUMENT_QUARANTINED', doc.id);
      doc.reason = 'GATE_UNAVAILABLE';
      doc.served = null;
    }
    if (stage === 'parse' || stage === 'policy') doc.hasPassed = false;
    this.letters.push({ docId: doc.id, stage, status: 'pending_review', resolution: null });
    return false;
  }

  private closeLetters(doc: Doc, status: 'resolved' | 'abandoned', resolution: LetterNote['resolution']): void {
    for (const letter of this.letters) {
      if (letter.docId !== doc.id || letter.status !== 'pending_review') continue;
      Object.assign(letter, { status, resolution });
      this.tell('DLQ_RESOLVED', doc.id);
    }
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
    this.pastRequests.push(...ended.map(({ id }) => ({ id, isCancelled: true })));
    if (!batch.isCancelled || cancelled.length + ended.length > 0) this.tell('BATCH_CANCELLED', batch.id);
    for (const doc of cancelled) {
      doc.state = 'cancelled';
      // Of this run no gate has let it through.
      if (doc.start === 'parse' || doc.start === 'policy') doc.hasPassed = false;
      this.tell('DOCUMENT_CANCELLED', doc.id);
    }
    batch.isCancelled = true;
    for (const each of [batch, ...cancelled.flatMap((doc) => this.batchesOf(doc))]) this.settle(each);
    return true;
  }

  /** A request that still had its way before it. */
  cancelRequest(request: ReprocessNote): void {
    this.requests = this.requests.filter((other) => other !== request);
    this.pastRequests.push({ id: request.id, isCancelled: true });
    this.tell('REPROCESS_COMPLETED', request.batchId ?? this.id);
    this.settleAll();
  }

  // Decisions -------------------------------------------------------------------------------------------------------

  /** What of a document is in quarantine. */
  entry(doc: Doc): 'document' | 'chunks' | null {
    if (doc.state === 'quarantined' || doc.state === 'policy_failed') return 'document';
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
    if (this.entry(doc) === null || !this.mayRun(doc) || doc.reason === 'GATE_UNAVAILABLE') return false;
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
    doc.state = 'quarantined';
    doc.served = null;
    this.closeLetters(doc, 'abandoned', 'skipped');
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
    this.letters = this.letters.filter(({ docId }) => docId !== doc.id);
    this.erased.set(doc.id, doc.receiptId);
    this.erasures += 1;
    for (const batch of this.batches.values()) {
      // What was refused of the same bytes is forgotten with them.
      for (const receipt of batch.receipts) if (receipt.content === doc.content) receipt.isBlanked = true;
    }
    for (const batch of this.batchesOf(doc)) {
      // Nor is a refused file remembered longer than the last document of its batch.
      if (this.docsOf(batch).length === 0) for (const receipt of batch.receipts) receipt.isBlanked = true;
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
    for (const { id, state, until } of [...this.uploads.values()]) {
      if (until > now) continue;
      this.uploads.delete(id);
      // What a batch took has become documents: that its row goes is nothing to tell.
      if (state !== 'taken') this.tell('UPLOAD_DELETED', id);
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

function isFailed({ state }: Doc): boolean {
  return state.endsWith('_failed');
}

function shown({ content }: Doc, pieces: readonly (Judged | null)[]): string[] {
  return pieces.flatMap((piece, i) => {
    if (piece === null) return [];
    const { marker, secret } = content.pieces[i]!;
    return secret === null || piece.isRedacted ? [marker] : wordsOf({ pieces: [content.pieces[i]!] });
  });
}
