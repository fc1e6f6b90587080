import { type Context, Hono } from 'hono';
import { toHttpError } from '../api/errors.ts';
import { honoPath } from '../api/routes.ts';
import type { ControlVerbs, SignIn } from '../control/verbs.ts';
import type { PagesEnv } from '../gateway/app.tsx';
import { forgeryMark, isFromHere, sessionCookie, sessionOf } from '../gateway/session-cookie.ts';
import { sourceOf } from '../gateway/source.ts';
import { codeFrames, FrostbyteError, isFrostbyteError } from '../kernel/errors.ts';
import { type Endpoint, shaped } from '../kernel/log-fields.ts';
import type { Logger } from '../kernel/telemetry.ts';
import { assetAnswer, formOf, languageAnswer, ownPath, PAGE_HEADERS } from './answering.ts';
import { type Ask, apiFor, Refusal } from './api.ts';
import { ASSET_PATH, type Assets } from './assets.ts';
import { PAGES, type Page, waysFor } from './pages/page.ts';
import { shutContent } from './pages/platform/shut-content.tsx';
import { type SignInState, signInPage } from './pages/sign-in.tsx';
import { layout, type PageParts } from './parts/layout.tsx';
import { nowhere, refused } from './parts/refused.tsx';
import { languageOf, textsIn } from './texts/language.ts';
import type { Arrival, Visit } from './visit.ts';

/**
 * The user interface (spec 1): pages made here, without any asset from elsewhere. It holds nothing and may do nothing of its
 * own: what a page shows or changes it asks of the API, with the session of whoever looks.
 */
export interface UiOptions {
  control: Pick<ControlVerbs, 'signIn' | 'session' | 'signOut' | 'authenticationFailed'>;
  ask: Ask;
  assets: Assets;
  logger: Logger;
  now?: () => Date;
}

type C = Context<PagesEnv>;

/** What may stand for a name or an id in an address: the characters of all of ours, and not only dots. */
const SEGMENT = /^(?!\.+$)[\w.:@-]{1,200}$/;
/** The pages as an app of its own, to be mounted behind the API. */
export function createUi(options: UiOptions): Hono<PagesEnv> {
  const { control, assets, ask, logger, now = () => new Date() } = options;
  const app = new Hono<PagesEnv>();
  const named = (c: C, endpoint: Endpoint) => c.set('endpoint', endpoint);

  app.get(`${ASSET_PATH}/:file`, (c) => {
    named(c, `${ASSET_PATH}/{file}`);
    return assetAnswer(assets, c.req.param('file'));
  });

  app.post('/language', async (c) => {
    named(c, '/language');
    if (!isFromHere(c.req.raw)) return notFromHere(c);
    return languageAnswer(await formOf(c.req.raw));
  });

  app.get('/sign-in', async (c) => {
    named(c, '/sign-in');
    const arrival = arrivalOf(c);
    const note = arrival.query.get('note');
    if (note === 'ended') c.header('set-cookie', sessionCookie(c.req.raw, null));
    return signIn(c, arrival, {
      next: ownPath(arrival.query.get('next')),
      refusal: null,
      username: '',
      note: note === 'signed-out' || note === 'ended' ? note : null,
      byCode: false,
    });
  });

  app.post('/sign-in', async (c) => {
    named(c, '/sign-in');
    if (!isFromHere(c.req.raw)) return notFromHere(c);
    const form = await formOf(c.req.raw);
    const text = (field: string) => String(form.get(field) ?? '');
    const byCode = form.has('code');
    const how: SignIn = byCode
      ? { code: text('code').trim().slice(0, 200) }
      : { username: text('username').trim().slice(0, 200), password: text('password').slice(0, 1000) };
    try {
      const opened = await control.signIn(how, sourceOf(c));
      c.header('set-cookie', sessionCookie(c.req.raw, opened));
      return c.redirect(ownPath(form.get('next')), 303);
    } catch (error) {
      if (isFrostbyteError(error, 'AUTHENTICATION_REQUIRED')) control.authenticationFailed(sourceOf(c), error.code);
      const refusal = noted(c, error);
      const username = text('username').slice(0, 128);
      return signIn(c, arrivalOf(c), { next: ownPath(form.get('next')), refusal, username, note: null, byCode });
    }
  });

  app.post('/sign-out', async (c) => {
    named(c, '/sign-out');
    const secret = sessionOf(c.req.raw);
    if (secret !== null) {
      const form = await formOf(c.req.raw);
      if (!isFromHere(c.req.raw) || form.get('mark') !== forgeryMark(secret)) return notFromHere(c);
      // A session that is over already has nothing left to end.
      await control.signOut(secret).catch((error: unknown) => {
        if (!isFrostbyteError(error, 'AUTHENTICATION_REQUIRED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED')) throw error;
      });
    }
    c.header('set-cookie', sessionCookie(c.req.raw, null));
    return c.redirect('/sign-in?note=signed-out', 303);
  });

  for (const page of PAGES) {
    app.on(page.method.toUpperCase(), honoPath(page.path), async (c) => {
      named(c, page.path);
      // Pages build the API's addresses of these: what is more than one segment of a path would be another address.
      const places: string[] = Object.values(c.req.param() as Record<string, string>);
      return places.every((place) => SEGMENT.test(place)) ? show(c, page) : astray(c);
    });
  }

  // Whoever follows a wrong address in a browser is answered as a person; programs get the API's envelope.
  app.get('*', async (c, next) => {
    if (c.req.path.startsWith('/api/') || !/\btext\/html\b/.test(c.req.header('accept') ?? '')) return next();
    return astray(c);
  });

  app.onError((error, c) => {
    const arrival = arrivalOf(c);
    const refusal = noted(c, error);
    const parts = { title: arrival.t.errors.title, main: refused(arrival.t, refusal) };
    return answer(c, arrival, null, parts, refusal.status);
  });
  return app;

  function astray(c: C): Response {
    const arrival = arrivalOf(c);
    return answer(c, arrival, null, { title: arrival.t.errors.notFound, main: nowhere(arrival.t) }, 404);
  }

  async function show(c: C, page: Page): Promise<Response> {
    const arrival = arrivalOf(c);
    const secret = sessionOf(c.req.raw);
    const entrance = (note: string) => {
      // A form that was sent too late leads back to where one can be filled in again.
      const next = page.method === 'get' ? `${c.req.path}${new URL(c.req.url).search}` : '/';
      return c.redirect(`/sign-in?${new URLSearchParams({ ...(note ? { note } : {}), next })}`, 303);
    };
    if (secret === null) return entrance('');
    let visit: Visit;
    try {
      const caller = await control.session(secret);
      visit = {
        ...arrival,
        params: c.req.param() as Record<string, string>,
        form: page.method === 'post' ? await formOf(c.req.raw) : new FormData(),
        caller,
        mark: forgeryMark(secret),
        api: apiFor(ask, c.req.raw),
      };
    } catch (error) {
      if (!isFrostbyteError(error, 'AUTHENTICATION_REQUIRED', 'TOKEN_EXPIRED', 'TOKEN_REVOKED')) throw error;
      control.authenticationFailed(sourceOf(c), error.code);
      // The cookie goes when a person is told: a page that asks by itself must not take the answer from them.
      return entrance('ended');
    }
    try {
      if (!page.roles.includes(visit.caller.role)) {
        throw new FrostbyteError('INSUFFICIENT_PERMISSIONS', `The role ${visit.caller.role} may not do this.`);
      }
      const shown = await page.show(visit);
      if ('goTo' in shown) return c.redirect(shown.goTo, 303);
      if ('save' in shown) return shown.save;
      return answer(c, arrival, visit, shown, shown.status ?? 200);
    } catch (error) {
      const refusal = noted(c, error);
      // The session ended between the two looks.
      if (refusal.status === 401) return entrance('ended');
      const isShut = page.content === true && visit.caller.role === 'admin' && refusal.status === 403;
      const main = isShut ? shutContent(visit, refusal) : refused(visit.t, refusal);
      return answer(c, arrival, visit, { title: visit.t.errors.title, main }, refusal.status);
    }
  }

  /** An error as the page shows it; one of ours is in the log, where its request is found again. */
  function noted(c: C, error: unknown): Refusal {
    const refusal = asRefusal(error, c.get('requestId'));
    if (refusal.status === 500 && error !== refusal) {
      const request = shaped({ request_id: c.get('requestId') });
      logger.error('page failed', { ...request, route: c.get('endpoint'), ...codeFrames(error) });
    }
    return refusal;
  }

  function arrivalOf(c: C): Arrival {
    const language = languageOf(c.req.raw);
    const query = new URL(c.req.url).searchParams;
    return { request: c.req.raw, query, language, t: textsIn(language), assets, now: now() };
  }

  function signIn(c: C, arrival: Arrival, state: SignInState): Response {
    const main = signInPage(arrival, state);
    const status = state.refusal?.status ?? 200;
    // As a page, a refused try to sign in is a page to sign in.
    return answer(c, arrival, null, { title: arrival.t.signIn.title, main }, status === 401 ? 403 : status);
  }

  function answer(c: C, arrival: Arrival, visit: Visit | null, page: PageParts, status: number): Response {
    const here = c.req.method === 'GET' ? `${c.req.path}${new URL(c.req.url).search}` : '/';
    const ways = visit === null ? [] : waysFor(visit);
    const { language, t } = arrival;
    const text = layout({ language, t, assets, signedIn: visit, ways, here, foot: t.offline }, page);
    return c.html(text, status as 200, PAGE_HEADERS as Record<string, string>);
  }

  function notFromHere(c: C): Response {
    const says = 'This form was not sent by a page of this appliance. Load the page again, then repeat it there.';
    const refusal = new Refusal({ status: 403, code: 'INSUFFICIENT_PERMISSIONS', message: says });
    const arrival = arrivalOf(c);
    return answer(c, arrival, null, { title: arrival.t.errors.title, main: refused(arrival.t, refusal) }, 403);
  }
}

function asRefusal(error: unknown, requestId: string): Refusal {
  if (error instanceof Refusal) return error;
  const { status, code, headers, body } = toHttpError(error, requestId);
  const { message, details } = body.error;
  const retryAfter = Number(headers['retry-after']) || null;
  return new Refusal({ status, code, message, details, requestId, retryAfter });
}
