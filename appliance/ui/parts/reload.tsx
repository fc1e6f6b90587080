import type { Markup } from '../../api/markup.ts';

/**
 * A page that shows something under way loads itself again: by the client while it is looked at, without script by the
 * browser.
 */
export function reloadMark(seconds: number): Markup {
  return <span data-reload={String(seconds)} hidden />;
}

/** The same for the head of the page. */
export function reloadHead(seconds: number): Markup {
  return (
    <noscript>
      <meta http-equiv="refresh" content={String(seconds)} />
    </noscript>
  );
}
