/** Loads a page again that shows something under way: not while it is hidden, and not under a person's typing. */
export function reloadingPage(): void {
  const mark = document.querySelector<HTMLElement>('[data-reload]');
  if (mark === null) return;
  const ms = Number(mark.dataset.reload) * 1000;
  const look = () => {
    const isTyping = document.activeElement?.matches('input, select, textarea') ?? false;
    if (document.hidden || isTyping) setTimeout(look, ms);
    else location.reload();
  };
  setTimeout(look, ms);
}
