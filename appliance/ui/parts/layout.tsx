import { type Markup, name, textOf } from '../../api/markup.ts';
import type { Assets } from '../assets.ts';
import { LANGUAGES, type Language, type Texts, textsIn } from '../texts/language.ts';
import type { Visit } from '../visit.ts';

/** A way that the bar at the top offers. */
export interface Way {
  path: string;
  says: string;
}

export interface PageParts {
  title: string;
  main: Markup;
  /** The way of the bar that leads to this page or its list. */
  current?: string;
  /** Other than 200: of a form that came back with what is wrong. */
  status?: number;
  /** Goes into the head: what browsers without script are told. */
  head?: Markup;
}

/** Who looks, as the bar says it; null before anybody signed in. */
export interface Shell {
  language: Language;
  t: Texts;
  assets: Assets;
  signedIn: Pick<Visit, 'caller' | 'mark'> | null;
  ways: readonly Way[];
  /** Where a change of the language leads back to. */
  here: string;
  /** What the foot says. */
  foot: string;
  /** Where the pages begin. */
  root?: string;
}

/** A whole page: head, bar, content. Everything that is not of the catalogue is escaped. */
export function layout(
  { language, t, assets, signedIn, ways, here, foot, root = '/' }: Shell,
  page: PageParts,
): string {
  const [style, script, icon] = [assets.address('style.css'), assets.address('page.js'), assets.address('mark.svg')];
  const whole = (
    <html lang={language}>
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{page.title} · Frostbyte</title>
        {icon === null ? null : <link rel="icon" href={icon} type="image/svg+xml" />}
        {style === null ? null : <link rel="stylesheet" href={style} />}
        {script === null ? null : <script type="module" src={script} />}
        {page.head ?? null}
      </head>
      <body data-language={language} data-copied={t.copied}>
        <a class="skip" href="#main">
          {t.skip}
        </a>
        <header class="top">
          <a class="brand" href={root}>
            {brandMark()}
            <span>Frostbyte</span>
          </a>
          {ways.length === 0 ? null : navigation(t, ways, page.current)}
          <div class="aside">
            {languageSwitch(language, t, here, root)}
            {signedIn === null ? null : whoIsIn(t, signedIn)}
          </div>
        </header>
        <main id="main" tabindex={-1}>
          {page.main}
        </main>
        <footer class="foot">
          <p>{foot}</p>
        </footer>
      </body>
    </html>
  );
  return `<!doctype html>${textOf(whole)}`;
}

function navigation(t: Texts, ways: readonly Way[], current: string | undefined): Markup {
  return (
    <nav aria-label={t.mainNavigation}>
      <ul>
        {ways.map(({ path, says }) =>
          path === current ? (
            <li>
              <a href={path} aria-current="page">
                {says}
              </a>
            </li>
          ) : (
            <li>
              <a href={path}>{says}</a>
            </li>
          ),
        )}
      </ul>
    </nav>
  );
}

function languageSwitch(language: Language, t: Texts, here: string, root: string): Markup {
  return (
    <form class="languages" method="post" action={`${root}language`}>
      <input type="hidden" name="next" value={here} />
      <fieldset>
        <legend class="unseen-label">{t.language}</legend>
        {LANGUAGES.map((one) => (
          <button
            type="submit"
            name="language"
            value={one}
            lang={one}
            title={textsIn(one).languageName}
            aria-pressed={String(one === language)}
          >
            {one === 'nb' ? 'no' : one}
            <span class="unseen-label"> {textsIn(one).languageName}</span>
          </button>
        ))}
      </fieldset>
    </form>
  );
}

function whoIsIn(t: Texts, { caller, mark }: Pick<Visit, 'caller' | 'mark'>): Markup {
  return (
    <form class="who" method="post" action="/sign-out">
      <input type="hidden" name="mark" value={mark} />
      <span class="unseen-label">{t.signedInAs}</span>
      <span class="person" title={t.roles[caller.role]}>
        {name(caller.subject)}
        {caller.tenant_id === null ? null : <small>{caller.tenant_id}</small>}
      </span>
      <button type="submit" class="quiet">
        {t.signOut}
      </button>
    </form>
  );
}

/** Six arms of a crystal. */
export function brandMark(): Markup {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true" focusable="false">
      <g fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round">
        <path d="M16 3v26M4.75 9.5l22.5 13M27.25 9.5l-22.5 13" />
        <path d="M12.6 5.6 16 9l3.4-3.4M12.6 26.4 16 23l3.4 3.4M5.3 13.9l4.6-1.2-1.2-4.6M26.7 18.1l-4.6 1.2 1.2 4.6M23.3 8.1l-1.2 4.6 4.6 1.2M8.7 23.9l1.2-4.6-4.6-1.2" />
      </g>
    </svg>
  );
}
