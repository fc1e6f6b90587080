import type { SessionCaller } from '../control/verbs.ts';
import type { Api } from './api.ts';
import type { Assets } from './assets.ts';
import type { Language, Texts } from './texts/language.ts';

/** One request for a page: who looks, in which language, and how it asks the API on their behalf. */
export interface Visit {
  request: Request;
  /** Parts of the address, as the route names them. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** What a form sent; empty for what only reads. */
  form: FormData;
  language: Language;
  t: Texts;
  caller: SessionCaller;
  /** What every form of the page carries, so that no other site can send it. */
  mark: string;
  api: Api;
  assets: Assets;
  now: Date;
}

/** A visit before anybody signed in. */
export type Arrival = Pick<Visit, 'request' | 'query' | 'language' | 't' | 'assets' | 'now'>;
