import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Role } from '../../../appliance/kernel/identity.ts';
import { type Content, contentsOf } from './contents.ts';
import { DESKS, type Rules, TenantModel, type UploadNote } from './model.ts';
import { type Actor, hasGlass, type Look, needsGlass, type Sight, visible } from './visible.ts';
import { openWorld, type World } from './world.ts';

/** One world, its two tenants and the people about them; and what one sequence of actions knows of it. */

const DAY_MS = 86_400_000;
const GLASS_MS = 15 * 60_000;
/** Tokens are made anew before they run out. */
const TOKENS_MS = 300 * DAY_MS;

export const START_RULES = Object.freeze({
  pii_policy: 'redact',
  injection_quarantine_scope: 'chunk',
  classification_review_enabled: true,
  retention_days: 30,
} satisfies Omit<Rules, 'version'>);

export const PEOPLE = Object.freeze({
  dana: { subject: 'dana', role: 'tenant_admin', tenant: 'acme', reason: null },
  ursula: { subject: 'ursula', role: 'tenant_user', tenant: 'acme', reason: null },
  bob: { subject: 'bob', role: 'tenant_admin', tenant: 'bravo', reason: null },
  frode: { subject: 'frode', role: 'admin', tenant: null, reason: 'ticket 17' },
  greta: { subject: 'greta', role: 'admin', tenant: null, reason: null },
  anna: { subject: 'anna', role: 'auditor', tenant: null, reason: null },
} satisfies Record<string, Actor>);
export type Person = keyof typeof PEOPLE;
export const EVERYBODY = Object.keys(PEOPLE) as Person[];

export interface Answer {
  status: number;
  text: string;
  headers: Headers;
  /** Parsed when it is asked for. */
  json(): { data: never; meta: { total: number } };
}

export class Session {
  readonly world: World;
  readonly contents: Content[];
  readonly salt: number;
  readonly tenants: readonly [TenantModel, TenantModel];
  /** Ids of chunks by the marker they were seen with. */
  readonly chunkIds = new Map<string, string>();
  /** Counts actions and looks, for choices that are the same when a sequence is run again. */
  turn = 0;
  batchCount = 0;
  readonly #stage: Stage;

  /** Everybody looks at everything after each action. */
  readonly isThorough: boolean;

  constructor(stage: Stage, salt: number, isThorough: boolean) {
    this.isThorough = isThorough;
    this.#stage = stage;
    this.world = stage.world;
    this.salt = salt;
    this.contents = contentsOf(salt);
    // What was opened before is closed by now.
    this.world.clock.advance(GLASS_MS);
    this.tenants = [stage.model('acme'), stage.model('bravo')];
  }

  newBatchId(): string {
    this.batchCount += 1;
    return `b-${this.salt}-${this.batchCount}`;
  }

  get now(): number {
    return this.world.clock.now();
  }

  tenant(at: number): TenantModel {
    return this.tenants[at]!;
  }

  /** The administrator of the tenant's own. */
  ownAdmin(tenant: TenantModel): Person {
    return tenant.id === 'acme' ? 'dana' : 'bob';
  }

  docId(tenant: TenantModel, { sha256 }: Content): string {
    return `doc_${createHash('sha256').update(`${tenant.id}\n${sha256}`).digest('hex').slice(0, 16)}`;
  }

  async ask(
    who: Person,
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const { reason } = PEOPLE[who];
    const isRaw = body instanceof FormData || body instanceof Uint8Array;
    const json = body !== undefined && !isRaw;
    const response = await this.world.fetch(method, path, {
      headers: {
        authorization: `Bearer ${this.#stage.tokens.get(who)}`,
        ...(reason === null ? {} : { 'x-break-glass-reason': reason }),
        ...(json ? { 'content-type': 'application/json' } : {}),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isRaw ? (body as FormData) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, text, headers: response.headers, json: () => JSON.parse(text) };
  }

  /** As `ask`, where the answer must have this status. */
  async must(status: number, ...asked: Parameters<Session['ask']>): Promise<Answer> {
    const [who, method, path] = asked;
    const answer = await this.ask(...asked);
    assert.equal(answer.status, status, `${who} ${method} ${path}: ${answer.text.slice(0, 300)}`);
    return answer;
  }

  /** What the model says that this person must see; an administrator's look opens break-glass, and is noted. */
  expected(tenant: TenantModel, who: Person, look: Look): Sight {
    return visible(this.tenants, tenant, PEOPLE[who], look, this.now);
  }

  /** An administrator who names a reason opens break-glass by it, once for a quarter of an hour. */
  noteGlass(tenant: TenantModel, who: Person, view: Look['view']): void {
    if (PEOPLE[who].reason === null || !needsGlass(view) || tenant.isSuspended) return;
    if (hasGlass(tenant, PEOPLE[who], this.now)) return;
    this.openGlass(tenant, who);
  }

  openGlass(tenant: TenantModel, subject: Person): void {
    tenant.glass.push({ subject, until: this.now + GLASS_MS });
    tenant.tell('BREAK_GLASS_OPENED', tenant.id);
  }

  issueTokens(tenant: string | null): Promise<void> {
    return this.#stage.issueTokens(tenant);
  }

  async passTime(ms: number): Promise<void> {
    this.world.clock.advance(ms);
    await this.#stage.renewTokens();
  }
}

/** A world that several sequences use, one after the other; each leaves it empty. */
export class Stage {
  readonly world: World;
  readonly tokens = new Map<Person, string>();
  /** What stays behind when all documents are erased. */
  readonly #remains = new Map<string, { erasures: number; version: number; uploads: UploadNote[] }>();
  #issuedAt = 0;

  private constructor(world: World) {
    this.world = world;
  }

  static async open(): Promise<Stage> {
    const stage = new Stage(await openWorld());
    for (const tenant of ['acme', 'bravo']) await stage.#makeTenant(tenant);
    await stage.#issueAll();
    return stage;
  }

  async #makeTenant(tenant_id: string): Promise<void> {
    const { control } = this.world;
    await control.createTenant(
      {
        tenant_id,
        tenant_name: tenant_id,
        contact_email: `dana@${tenant_id}.example`,
        tier: 'standard',
        config: {
          ...START_RULES,
          classification_threshold: 0.9,
          retrieval_top_k_max: 200,
          custom_fields: {
            schema_version: '1.0',
            fields: [{ name: 'desk', type: 'string', required: true, validation: { enum: [...DESKS] } }],
          },
        },
      },
      'frode',
    );
    await control.idle();
    assert.equal((await control.tenant(tenant_id)).state, 'ACTIVE');
    this.#remains.set(tenant_id, { erasures: 0, version: 1, uploads: [] });
  }

  model(tenant: string): TenantModel {
    const { erasures, version, uploads } = this.#remains.get(tenant)!;
    const model = new TenantModel(tenant, { ...START_RULES, version });
    model.erasures = erasures;
    for (const upload of uploads) model.uploads.set(upload.id, upload);
    return model;
  }

  /** Remembers what a sequence left: deletion receipts, the number of its terms, rows of uploads that batches took. */
  keep({ id, erasures, rules, uploads }: TenantModel): void {
    this.#remains.set(id, { erasures, version: rules.version, uploads: [...uploads.values()] });
  }

  async issueTokens(tenant: string | null): Promise<void> {
    for (const [name, actor] of Object.entries(PEOPLE) as [Person, Actor][]) {
      if (actor.tenant !== tenant) continue;
      const { token } = await this.world.control.issueToken(
        {
          subject: actor.subject,
          role: actor.role satisfies Role,
          ...(actor.tenant === null ? {} : { tenant_id: actor.tenant }),
          ttl_seconds: 366 * 86_400,
        },
        'frode',
      );
      this.tokens.set(name, token);
    }
  }

  async #issueAll(): Promise<void> {
    this.#issuedAt = this.world.clock.now();
    for (const tenant of [null, 'acme', 'bravo']) await this.issueTokens(tenant);
  }

  async renewTokens(): Promise<void> {
    if (this.world.clock.now() - this.#issuedAt < TOKENS_MS) return;
    this.#issuedAt = this.world.clock.now();
    for (const tenant of [null, 'acme', 'bravo']) {
      if (tenant !== null && (await this.world.control.gate(tenant)).state !== 'ACTIVE') continue;
      await this.issueTokens(tenant);
    }
  }
}
