/** Shows the buttons that copy an id, and lets them. */
export function copyButtons(root: ParentNode = document): void {
  const { copied = '' } = document.body.dataset;
  for (const button of root.querySelectorAll<HTMLButtonElement>('button.copy')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      await write(button.dataset.copy ?? '');
      const before = button.getAttribute('aria-label') ?? '';
      button.classList.add('done');
      button.setAttribute('aria-label', copied);
      setTimeout(() => {
        button.classList.remove('done');
        button.setAttribute('aria-label', before);
      }, 1500);
    });
  }
}

/** The clipboard is there on loopback and over TLS; elsewhere the text is selected and copied as by hand. */
async function write(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement('textarea');
  field.value = text;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
