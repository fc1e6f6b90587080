import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { leafHash } from '../../../audit/leaf.ts';
import { verifyProvenance } from '../../../audit/provenance.ts';
import { readTar, type TarFile } from '../../../bundle/backup/read-tar.ts';
import {
  DOCUMENTS,
  type DocumentFacts,
  damagedExport,
  EXPORT_IDENTITY,
  EXPORT_NAMESPACE,
  type ExportManifest,
  KEY,
  LARGEST,
  LOG,
  MANIFEST,
  PARTS,
  README,
  RECEIPTS,
  REPORTS,
  readChunk,
  readFacts,
  readManifest,
  SIGNATURE,
  SUMS,
} from '../../../bundle/export/format.ts';
import { checkSignature } from '../../../bundle/sshsig/check-signature.ts';
import { fingerprint, readPublicLine } from '../../../bundle/sshsig/keys.ts';
import type { AuditEvent } from '../../../kernel/audit-event.ts';
import { systemClock } from '../../../kernel/clock.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import { DIMENSIONS } from '../../../models/embedder/port.ts';
import { openStream } from '../../../secrets/age-file.ts';
import { parseIdentityFile } from '../../../secrets/identities.ts';
import type { LogEntry } from '../../../stores/log/port.ts';
import { openSqliteLog } from '../../../stores/log/sqlite.ts';
import { proveLog } from '../backup/log-heads.ts';
import { bytesOf } from '../backup/unpack-tenant.ts';

export interface ExportOpeners {
  /** What the key that signed is known by: by another way than the file. */
  fingerprint: string;
  /** The text of an age identity file, where the export is sealed. */
  identity?: string;
  /** Where the log is looked through; the system's own folder unless it is said. */
  work?: string;
}

export interface VerifiedExport {
  manifest: ExportManifest;
  signer: string;
  size: number;
  sha256: string;
  sealed: boolean;
}

const AGE = Buffer.from('age-encryption.org/v1');
const VECTOR_BYTES = DIMENSIONS * 4;
/** Events that are appended at once. */
const AT_ONCE = 500;

/**
 * Verifies an export as a whole, without an appliance: every file is what the signed list says, and there is no other; the list is signed
 * by the key with this fingerprint; each document's file, canonical form, chunks and vectors are what it says; the log has the
 * tree that it says, and each document's chain holds in it. Throws `OBJECT_CORRUPTED`, `AUDIT_CHAIN_BROKEN`,
 * `KEY_UNAVAILABLE`, and as `checkSignature`. Memory: what one document is, and some hundred bytes for each.
 */
export async function verifyExportFile(file: string, openers: ExportOpeners): Promise<VerifiedExport> {
  if (!existsSync(file)) throw new FrostbyteError('VALIDATION_ERROR', `There is no file ${file}.`);
  const folder = mkdtempSync(join(openers.work ?? tmpdir(), 'frostbyte-export-'));
  try {
    const whole = createHash('sha256');
    let size = 0;
    const { plain, sealed } = await openedExport(file, openers, (bytes) => {
      whole.update(bytes);
      size += bytes.length;
    });
    const verifying = new Verifying(folder);
    for await (const entry of readTar(plain)) await verifying.entry(entry);
    const { manifest, signer } = await verifying.end(openers.fingerprint);
    return { manifest, signer, size, sha256: whole.digest('hex'), sealed };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The tar of an export, opened where it is an age file. `seen` is given the file's own bytes. */
export async function openedExport(
  file: string,
  { identity }: Pick<ExportOpeners, 'identity'>,
  seen: (bytes: Buffer) => void = () => undefined,
): Promise<{ plain: AsyncIterable<Uint8Array>; sealed: boolean }> {
  let first = Buffer.alloc(0);
  for await (const bytes of createReadStream(file, { end: AGE.length - 1 }))
    first = Buffer.concat([first, bytes as Buffer]);
  async function* bytesSeen() {
    for await (const bytes of createReadStream(file, { highWaterMark: 1 << 20 })) {
      seen(bytes as Buffer);
      yield bytes as Buffer;
    }
  }
  if (!first.equals(AGE)) return { plain: bytesSeen(), sealed: false };
  if (identity === undefined)
    throw new FrostbyteError(
      'KEY_UNAVAILABLE',
      'The export is sealed for a recipient: name its identity with --identity.',
    );
  const pair = await parseIdentityFile(Buffer.from(identity));
  return { plain: openStream([pair.identity], Readable.from(bytesSeen())), sealed: true };
}

class Verifying {
  readonly #folder: string;
  readonly #list = createHash('sha256');
  readonly #seen = new Set<string>();
  readonly #documents = new Map<string, Pick<DocumentFacts, 'raw_sha256' | 'canonical_sha256'>>();
  #open: { facts: DocumentFacts; parts: Set<string>; hashes: string[] } | null = null;
  #manifest: ExportManifest | null = null;
  #key = '';
  #sums: Buffer | null = null;
  #signature: string | null = null;
  #isLogThere = false;
  readonly #counts = { chunks: 0, receipts: 0, reports: 0 };

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** One file of the tar, taken to its end. */
  async entry(file: TarFile): Promise<void> {
    const { path } = file;
    if (this.#seen.has(path)) throw damagedExport(path, 'is there twice');
    this.#seen.add(path);
    if (this.#signature !== null) throw damagedExport(path, `lies behind ${SIGNATURE}`);
    if (path === SUMS) {
      this.#sums = await wholeOf(file, LARGEST.document);
      return;
    }
    if (path === SIGNATURE) {
      this.#signature = (await wholeOf(file, LARGEST.manifest)).toString('latin1');
      return;
    }
    if (this.#sums !== null) throw damagedExport(path, `lies behind ${SUMS}`);
    const hash = createHash('sha256');
    const hashed: TarFile = {
      ...file,
      async *content() {
        for await (const bytes of file.content()) {
          hash.update(bytes);
          yield bytes;
        }
      },
    };
    const takes = await this.#take(hashed);
    for await (const _ of takes ?? []);
    const sha256 = hash.digest('hex');
    this.#list.update(`${sha256}  ${path}\n`);
    if (path.startsWith(DOCUMENTS)) this.#hold(path, sha256);
  }

  /** Reads what is to be understood of a file; answers what is left of it. */
  async #take(file: TarFile): Promise<AsyncIterable<Buffer> | null> {
    const { path } = file;
    if (path.startsWith(DOCUMENTS)) return this.#part(file);
    if (path === LOG) {
      await this.#log(file);
      return null;
    }
    if (path === MANIFEST) {
      this.#manifest = readManifest(await wholeOf(file, LARGEST.manifest));
      return null;
    }
    if (path === KEY) {
      this.#key = (await wholeOf(file, LARGEST.manifest)).toString('utf8');
      return null;
    }
    if (path === RECEIPTS || path === REPORTS) {
      const name = path === RECEIPTS ? 'receipts' : 'reports';
      for await (const _ of linesOf(file)) this.#counts[name] += 1;
      return null;
    }
    if (path === README) return file.content();
    throw damagedExport(path, 'is in no export');
  }

  async #part(file: TarFile): Promise<AsyncIterable<Buffer> | null> {
    const [, docId = '', name = ''] = /^documents\/([^/]+)\/([^/]+)$/.exec(file.path) ?? [];
    if (name === PARTS.facts) {
      this.#closed();
      const facts = readFacts(await wholeOf(file, LARGEST.small), file.path);
      if (facts.doc_id !== docId) throw damagedExport(file.path, 'is of another document');
      this.#open = { facts, parts: new Set(), hashes: [] };
      return null;
    }
    if (this.#open?.facts.doc_id !== docId) throw damagedExport(file.path, 'is not in its place');
    if (!(Object.values(PARTS) as string[]).includes(name)) throw damagedExport(file.path, 'is in no export');
    this.#open.parts.add(name);
    if (name === PARTS.chunks) {
      for await (const line of linesOf(file)) {
        const chunk = readChunk(line, file.path);
        if (chunk.doc_id !== docId) throw damagedExport(file.path, 'has a chunk of another document');
        this.#open.hashes.push(chunk.vector_sha256);
      }
      return null;
    }
    if (name !== PARTS.vectors) return file.content();
    const { hashes } = this.#open;
    if (file.size !== hashes.length * VECTOR_BYTES)
      throw damagedExport(file.path, 'does not hold a vector for each chunk');
    const bytes = await wholeOf(file, LARGEST.document);
    for (const [i, wanted] of hashes.entries()) {
      const vector = bytes.subarray(i * VECTOR_BYTES, (i + 1) * VECTOR_BYTES);
      if (createHash('sha256').update(vector).digest('hex') !== wanted)
        throw damagedExport(file.path, `has another vector for chunk ${i} than search went by`);
    }
    return null;
  }

  /** Holds a part's hash against what the document says of it. */
  #hold(path: string, sha256: string): void {
    const { facts } = this.#open!;
    const wanted = path.endsWith(`/${PARTS.raw}`)
      ? facts.raw_sha256
      : path.endsWith(`/${PARTS.canonical}`)
        ? facts.canonical_sha256
        : sha256;
    if (sha256 !== wanted) throw damagedExport(path, 'is not what its document says');
  }

  /** That the last document has all of its parts. */
  #closed(): void {
    if (this.#open === null) return;
    const { facts, parts, hashes } = this.#open;
    if (parts.size !== Object.keys(PARTS).length - 1) throw damagedExport(facts.doc_id, 'lacks a part');
    if (hashes.length !== facts.chunks)
      throw damagedExport(facts.doc_id, `has ${hashes.length} chunks in place of ${facts.chunks}`);
    const { raw_sha256, canonical_sha256 } = facts;
    this.#documents.set(facts.doc_id, { raw_sha256, canonical_sha256 });
    this.#counts.chunks += hashes.length;
    this.#open = null;
  }

  /** The log is looked through in a file: it may be long. */
  async #log(file: TarFile): Promise<void> {
    let held: LogEntry[] = [];
    let log: ReturnType<typeof openSqliteLog> | null = null;
    try {
      for await (const line of linesOf(file)) {
        const event = eventIn(line);
        log ??= openSqliteLog(this.#logFile, { tenant_id: event.tenant_id, clock: systemClock() });
        held.push({ event, references: [], leaf_hash: leafHash(event) });
        if (held.length < AT_ONCE) continue;
        await log.append(held);
        held = [];
      }
      await log?.append(held);
    } finally {
      await log?.close();
    }
    this.#isLogThere = log !== null;
  }

  get #logFile(): string {
    return join(this.#folder, 'log.sqlite');
  }

  /** What holds of the whole; who signed it comes last. */
  async end(expected: string): Promise<{ manifest: ExportManifest; signer: string }> {
    this.#closed();
    const manifest = this.#manifest;
    if (manifest === null) throw damagedExport(MANIFEST, 'is missing');
    if (this.#sums === null) throw damagedExport(SUMS, 'is missing');
    if (createHash('sha256').update(this.#sums).digest('hex') !== this.#list.digest('hex'))
      throw damagedExport(SUMS, 'does not list these files as they are');
    const counted = { ...this.#counts, documents: this.#documents.size };
    for (const [name, count] of Object.entries(counted) as [keyof typeof counted, number][])
      if (manifest[name] !== count)
        throw damagedExport(MANIFEST, `says ${manifest[name]} ${name}, and there are ${count}`);
    await this.#chains(manifest);
    return { manifest, signer: this.#signed(expected) };
  }

  async #chains({ tenant_id, log: head }: ExportManifest): Promise<void> {
    if (!this.#isLogThere) throw damagedExport(LOG, 'is missing, or empty');
    const log = openSqliteLog(this.#logFile, { tenant_id, clock: systemClock(), readonly: true });
    try {
      if ((await log.size()) !== head.size) throw damagedExport(LOG, `has not the ${head.size} events that are said`);
      await proveLog(log, head);
      for (const [docId, { raw_sha256, canonical_sha256 }] of this.#documents) {
        const events = await log.resource('document', docId);
        const { valid, breaks } = verifyProvenance(events);
        const hashes = new Set(events.map(({ details }) => details.output_hash));
        const isNamed = [raw_sha256, canonical_sha256].every((hash) => hashes.has(`sha256:${hash}`));
        if (valid && isNamed) continue;
        throw new FrostbyteError(
          'AUDIT_CHAIN_BROKEN',
          `The chain of ${docId} does not hold in the log of the export (${breaks[0]?.problem ?? 'another file, or none'}).`,
        );
      }
    } finally {
      await log.close();
    }
  }

  #signed(expected: string): string {
    const key = readPublicLine(this.#key);
    const signer = fingerprint(key);
    if (signer !== expected.trim())
      throw new FrostbyteError(
        'BUNDLE_SIGNER_UNKNOWN',
        `The export is signed by another key than the one whose fingerprint was given (${signer}).`,
        { details: [{ field: 'fingerprint', value: expected, constraint: `the export’s is ${signer}` }] },
      );
    const only = { principals: [EXPORT_IDENTITY], key, namespaces: null, validAfter: null, validBefore: null };
    checkSignature(
      { name: SUMS, bytes: [this.#sums!], signature: this.#signature },
      { signers: [only], revoked: [], identity: EXPORT_IDENTITY, namespace: EXPORT_NAMESPACE, at: Date.now() },
    );
    return signer;
  }
}

function eventIn(line: string): AuditEvent {
  try {
    const { log_index: _, ...event } = JSON.parse(line) as AuditEvent & { log_index: number };
    if (typeof event.tenant_id === 'string' && typeof event.details === 'object') return event;
  } catch {
    // Told below.
  }
  throw damagedExport(LOG, 'has a line that is no event');
}

async function wholeOf(file: TarFile, most: number): Promise<Buffer> {
  if (file.size > most) throw damagedExport(file.path, 'is larger than one can be');
  return bytesOf(file);
}

/** Lines by their line feeds alone: a text may hold every other mark. */
async function* linesOf(file: TarFile): AsyncGenerator<string> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const bytes of file.content()) {
    let from = 0;
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, from)) {
      held.push(bytes.subarray(from, at));
      yield Buffer.concat(held).toString('utf8');
      held = [];
      length = 0;
      from = at + 1;
    }
    held.push(bytes.subarray(from));
    length += bytes.length - from;
    if (length > LARGEST.line) throw damagedExport(file.path, 'has a line that is longer than one can be');
  }
  if (length > 0) throw damagedExport(file.path, 'ends in the middle of a line');
}
