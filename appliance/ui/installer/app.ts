import { randomBytes } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { toHttpError } from '../../api/errors.ts';
import { forgeryMark, isFromHere, sessionOf } from '../../gateway/session-cookie.ts';
import { codeFrames, FrostbyteError } from '../../kernel/errors.ts';
import { newId } from '../../kernel/ids.ts';
import type { Logger } from '../../kernel/telemetry.ts';
import { assetAnswer, formOf, languageAnswer, PAGE_HEADERS } from '../answering.ts';
import { Refusal } from '../api.ts';
import { ASSET_PATH, type Assets } from '../assets.ts';
import { layout, type PageParts, type Way } from '../parts/layout.tsx';
import { nowhere, refused } from '../parts/refused.tsx';
import { languageOf, type Texts, textsIn } from '../texts/language.ts';
import type { Entrance } from './entrance.ts';
import { evidenceFile, evidencePage } from './pages/evidence.tsx';
import { endedPage, leavePage } from './pages/leave.tsx';
import { planPage, startPage } from './pages/plan.tsx';
import { choosePage, preflightPage } from './pages/preflight.tsx';
import {
  answerPage,
  challengeFile,
  firstCodePage,
  progressPage,
  resumePage,
  rollBackPage,
  stopPage,
} from './pages/progress.tsx';
import { releasePage } from './pages/release.tsx';
import { codePage } from './pages/sign-in.tsx';
import { supportFile, supportPage } from './pages/support.tsx';
import type { Choices, Installer } from './port.ts';
import type { InstallerPage, InstallerVisit, SaveAs } from './visit.ts';

/** The one table of the installer's pages. */
const PAGES: readonly InstallerPage[] = Object.freeze([
  { method: 'get', path: '', show: releasePage },
  { method: 'get', path: 'preflight', show: preflightPage },
  { method: 'post', path: 'preflight', show: choosePage },
  { method: 'get', path: 'plan', show: planPage },
  { method: 'post', path: 'plan', show: startPage },
  { method: 'get', path: 'progress', show: progressPage },
  { method: 'post', path: 'resume', show: resumePage },
  { method: 'post', path: 'roll-back', show: rollBackPage },
  { method: 'post', path: 'stop', show: stopPage },
  { method: 'get', path: 'challenge.age', show: challengeFile },
  { method: 'post', path: 'answer', show: answerPage },
  { method: 'post', path: 'first-code', show: firstCodePage },
  { method: 'get', path: 'evidence', show: evidencePage },
  { method: 'post', path: 'evidence', show: evidenceFile },
  { method: 'get', path: 'support', show: supportPage },
  { method: 'post', path: 'support', show: supportFile },
  { method: 'get', path: 'leave', show: leavePage },
]);

export interface InstallerAppOptions {
  installer: Installer;
  entrance: Entrance;
  /** What was typed beside `install.sh` already. */
  choices: Choices;
  assets: Assets;
  logger: Logger;
  /** Ends the installer, once the last page is on its way. */
  end(): void;
  now?: () => Date;
}

/** Told from the appliance's own: cookies go to every port of a host. */
const COOKIE = 'frostbyte-installer';

/** What the sign-in says to whoever was led there. */
const NOTES: ReadonlyMap<string, 'ended' | 'signedOut'> = new Map([
  ['ended', 'ended'],
  ['signed-out', 'signedOut'],
]);

/** By these names alone a browser on the host reaches it, directly or through SSH: no site elsewhere may use one. */
const HOSTS = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/**
 * The installer as pages (spec 7): for whoever typed the code that stands on the terminal, on loopback, under a name of
 * loopback. What they do is done by the command line.
 */
export function createInstallerApp(options: InstallerAppOptions): Hono {
  const { installer, entrance, assets, logger, end, now = () => new Date() } = options;
  let choices: Choices = { ...options.choices };
  // A browser sends the cookie to no address but those below it, which nobody learns who is not in: not to the appliance's
  // gateway on the next port, which is no root.
  const root = `/${randomBytes(18).toString('base64url')}/`;
  const app = new Hono();

  app.use(async (c, next) => {
    c.header('x-content-type-options', 'nosniff');
    // A name that somebody else's site has made lead here is no name of ours.
    if (!HOSTS.test(c.req.header('host') ?? '')) {
      return c.text('This address leads to an installer. Ask for it as 127.0.0.1 or localhost.\n', 421);
    }
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD' && !isFromHere(c.req.raw)) return notFromHere(c);
    return next();
  });
  app.get(`${ASSET_PATH}/:file`, (c) => assetAnswer(assets, c.req.param('file')));
  for (const from of ['/', root]) app.post(`${from}language`, async (c) => languageAnswer(await formOf(c.req.raw)));
  app.get('/', (c) => c.redirect('/sign-in', 303));
  app.get('/sign-in', (c) => signIn(c, NOTES.get(c.req.query('note') ?? '') ?? null));
  app.post('/sign-in', async (c) => {
    const secret = entrance.enter(String((await formOf(c.req.raw)).get('code') ?? '').slice(0, 200));
    if (secret === null) return signIn(c, 'wrong');
    // It ends with the browser; the process is gone long before.
    c.header('set-cookie', `${COOKIE}=${secret}; Path=${root}; HttpOnly; SameSite=Strict`);
    return c.redirect(root, 303);
  });
  app.post(`${root}sign-out`, async (c) => {
    const secret = await leaver(c);
    if (secret === null) return notFromHere(c);
    entrance.leave(secret);
    c.header('set-cookie', `${COOKIE}=; Path=${root}; HttpOnly; SameSite=Strict; Max-Age=0`);
    return c.redirect('/sign-in?note=signed-out', 303);
  });
  app.post(`${root}end`, async (c) => {
    if ((await leaver(c)) === null) return notFromHere(c);
    const { t } = spokenIn(c);
    const { url } = await installer.progress();
    const last = answer(c, { title: t.installer.leave.ended, main: endedPage({ t }, url) }, []);
    end();
    return last;
  });
  for (const page of PAGES) app.on(page.method.toUpperCase(), `${root}${page.path}`, (c) => show(c, page));
  app.notFound((c) => {
    const { t } = spokenIn(c);
    return answer(c, { title: t.errors.notFound, main: nowhere(t), status: 404 }, []);
  });
  app.onError((error, c) => {
    const { t } = spokenIn(c);
    const refusal = asRefusal(error);
    const ways = c.req.path.startsWith(root) ? waysIn(t) : [];
    return answer(c, { title: t.errors.title, main: refused(t, refusal), status: refusal.status }, ways);
  });
  return app;

  async function show(c: Context, page: InstallerPage): Promise<Response> {
    const secret = sessionOf(c.req.raw, COOKIE);
    if (secret === null || !entrance.isIn(secret)) {
      return c.redirect(secret === null ? '/sign-in' : '/sign-in?note=ended', 303);
    }
    const mark = forgeryMark(secret);
    const form = page.method === 'post' ? await formOf(c.req.raw) : new FormData();
    if (page.method === 'post' && form.get('mark') !== mark) return notFromHere(c);
    const { t, language } = spokenIn(c);
    const visit: InstallerVisit = {
      ...{ t, language, form, mark, installer, choices },
      now: now(),
      choose(changed) {
        choices = { ...choices, ...changed };
        visit.choices = choices;
      },
    };
    const shown = await page.show(visit);
    if ('goTo' in shown) return c.redirect(shown.goTo, 303);
    if ('save' in shown) return saved(shown.save);
    return answer(c, shown, waysIn(t));
  }

  /** The secret of whoever is in and sent the form of a page of ours; null: nobody did. */
  async function leaver(c: Context): Promise<string | null> {
    const secret = sessionOf(c.req.raw, COOKIE);
    if (secret === null || !entrance.isIn(secret)) return null;
    return (await formOf(c.req.raw)).get('mark') === forgeryMark(secret) ? secret : null;
  }

  function signIn(c: Context, told: Parameters<typeof codePage>[1]): Response {
    const { t } = spokenIn(c);
    return answer(
      c,
      { title: t.installer.signIn.title, main: codePage({ t }, told), status: told === 'wrong' ? 403 : 200 },
      [],
    );
  }

  function notFromHere(c: Context): Response {
    const { t } = spokenIn(c);
    const says = 'This form was not sent by a page of this installer. Load the page again, then repeat it there.';
    const refusal = new Refusal({ status: 403, code: 'INSUFFICIENT_PERMISSIONS', message: says });
    return answer(c, { title: t.errors.title, main: refused(t, refusal), status: 403 }, []);
  }

  function answer(c: Context, page: PageParts, ways: readonly Way[]): Response {
    const { t, language } = spokenIn(c);
    const isIn = c.req.path.startsWith(root);
    const here = c.req.method === 'GET' ? c.req.path : isIn ? root : '/';
    const shell = { language, t, assets, signedIn: null, ways, here, foot: t.installer.offline };
    const text = layout({ ...shell, root: isIn ? root : '/' }, page);
    return c.html(text, (page.status ?? 200) as 200, { ...PAGE_HEADERS, 'cache-control': 'no-store' });
  }

  function asRefusal(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    const requestId = newId();
    if (!(error instanceof FrostbyteError)) logger.error('page failed', codeFrames(error));
    const { status, code, body } = toHttpError(error, requestId);
    const { message, details } = body.error;
    return new Refusal({ status, code, message, details, requestId });
  }
}

function spokenIn(c: Context): { t: Texts; language: ReturnType<typeof languageOf> } {
  const language = languageOf(c.req.raw);
  return { language, t: textsIn(language) };
}

function waysIn(t: Texts): Way[] {
  const says = t.installer.ways;
  return [
    { path: '.', says: says.release },
    { path: 'preflight', says: says.preflight },
    { path: 'plan', says: says.plan },
    { path: 'progress', says: says.progress },
    { path: 'evidence', says: says.evidence },
    { path: 'support', says: says.support },
    { path: 'leave', says: says.leave },
  ];
}

function saved({ name, type, bytes }: SaveAs): Response {
  return new Response(bytes, {
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename="${name}"`,
      'cache-control': 'no-store',
    },
  });
}
