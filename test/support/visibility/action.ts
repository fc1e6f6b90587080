import type fc from 'fast-check';
import type { Content } from './contents.ts';
import { looksAfter } from './looks.ts';
import type { Batch, Doc, TenantModel } from './model.ts';
import type { Session } from './session.ts';

/** What people and time do, each as what is asked of the appliance and what the model makes of it. */

/** The state that fast-check's commands pass along; the session holds the model, too. */
export interface Shared {
  session: Session;
}

/** Answers what it was about, `NOTHING` where there was nothing that it could be about. */
export type Run = (session: Session, tenant: TenantModel) => Promise<unknown>;
export const NOTHING = 'nothing';

/** A command of fast-check: printed as the action and whose tenant it is about. */
export class Action implements fc.AsyncCommand<object, Shared> {
  /** `…` stands for what it is about. */
  readonly #told: string;
  #about = '…';
  readonly #at: number;
  readonly #run: Run;

  constructor(told: string, at: number, run: Run) {
    this.#told = told;
    this.#at = at;
    this.#run = run;
  }

  check(): boolean {
    return true;
  }

  async run(_model: object, { session }: Shared): Promise<void> {
    const tenant = session.tenant(this.#at);
    this.#about = '…';
    session.world.clock.advance(1000);
    const about = await this.#run(session, tenant);
    if (about === NOTHING) return;
    if (typeof about === 'string') this.#about = about;
    await looksAfter(session, tenant);
  }

  toString(): string {
    return `${['acme', 'bravo'][this.#at]}: ${this.#told.replace('…', this.#about)}`;
  }
}

export const REASON = Object.freeze({ reason: 'because' });

/** The refusal that a suspended tenant's own people, or an administrator, get from its data plane; 0 where there is none. */
export function closed({ isSuspended }: TenantModel, who: 'own' | 'admin'): number {
  if (!isSuspended) return 0;
  return who === 'own' ? 401 : 403;
}

/** Files that came to the tenant so far, there or erased. */
export function cameTo(session: Session, tenant: TenantModel): Content[] {
  return session.contents.filter((content) => {
    const id = session.docId(tenant, content);
    return tenant.docs.has(id) || tenant.erased.has(id);
  });
}

type ActOn = (session: Session, tenant: TenantModel, docId: string, doc: Doc | undefined) => Promise<unknown>;

/**
 * An action on one of the documents that came so far, there or erased; mostly on one that it `suits`, so that much
 * happens, else on any, so that it is refused where it should be.
 */
export const onDocument =
  (nth: number, act: ActOn, suits: (tenant: TenantModel, doc: Doc) => boolean = () => true): Run =>
  async (session, tenant) => {
    const came = cameTo(session, tenant);
    const suited = came.filter((content) => {
      const doc = tenant.docs.get(session.docId(tenant, content));
      return doc !== undefined && suits(tenant, doc);
    });
    const content = oneOf(nth % 4 === 3 || suited.length === 0 ? came : suited, nth);
    if (content === undefined) return NOTHING;
    const docId = session.docId(tenant, content);
    await act(session, tenant, docId, tenant.docs.get(docId));
    return content.kind;
  };

/** An action on one of the batches that came so far, mostly on one that it suits. */
export const onBatch =
  (
    nth: number,
    act: (session: Session, tenant: TenantModel, batch: Batch) => Promise<unknown>,
    suits: (batch: Batch) => boolean = () => true,
  ): Run =>
  async (session, tenant) => {
    const came = [...tenant.batches.values()];
    const suited = came.filter(suits);
    const batch = oneOf(nth % 4 === 3 || suited.length === 0 ? came : suited, nth);
    if (batch === undefined) return NOTHING;
    await act(session, tenant, batch);
    return batch.id;
  };

export function oneOf<T>(all: readonly T[], nth: number): T | undefined {
  return all[nth % Math.max(all.length, 1)];
}
