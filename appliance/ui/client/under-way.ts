/** Shows that the next page is awaited, and sends a form once: whoever clicks again while something is done begins nothing twice. */
export function pageUnderWay(): void {
  const { documentElement: root } = document;
  addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    // What is answered with a file leaves this page as it is.
    if (event.defaultPrevented || form.dataset.saves !== undefined) return;
    root.dataset.waits = '';
    form.setAttribute('aria-busy', 'true');
    // In a later turn: a button that is disabled before is not sent with its form.
    setTimeout(() => {
      for (const button of form.querySelectorAll('button')) button.disabled = true;
    });
  });
  addEventListener('click', (event) => {
    const link = (event.target as Element).closest<HTMLAnchorElement>('a[href]');
    const isPlain = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link === null || !isPlain || event.defaultPrevented || link.hasAttribute('download') || link.target !== '')
      return;
    const { origin, pathname, search } = new URL(link.href);
    const isHere = pathname === location.pathname && search === location.search;
    if (origin === location.origin && !isHere) root.dataset.waits = '';
  });
  // A page that the back button brings is the one that was left.
  addEventListener('pageshow', ({ persisted }) => {
    if (!persisted) return;
    delete root.dataset.waits;
    for (const form of document.querySelectorAll('form[aria-busy]')) {
      form.removeAttribute('aria-busy');
      for (const button of form.querySelectorAll('button')) button.disabled = false;
    }
  });
}
