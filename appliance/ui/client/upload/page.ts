import { Refused } from './call.ts';
import { type Chosen, fromDrop, fromInput } from './choose.ts';
import { fileList, type Shown } from './file-list.ts';
import { hasher } from './hasher.ts';
import { batchIdNow, draft, MANIFEST_NAME, type ManifestDraft, type Outgoing, ownManifest } from './manifest.ts';
import { sendBatch } from './send.ts';

/** The page on which a person sends documents: choose, hash, send, pause, go on. */
export interface UploadTexts {
  summary: string;
  one: string;
  leftBehind: string;
  hashing: string;
  ready: string;
  sending: string;
  sent: string;
  unreadable: string;
  paused: string;
  waits: string;
  goesOn: string;
  received: string;
  badManifest: string;
  language: string;
}

interface Kept {
  batch: string;
}

export function uploadPage(): void {
  const root = document.querySelector<HTMLElement>('[data-upload]');
  if (root === null) return;
  const { tenant = '', mark = '', worker = '', texts: told = '{}', batches = '' } = root.dataset;
  const texts = JSON.parse(told) as UploadTexts;
  const part = <E extends HTMLElement>(name: string) => root.querySelector<E>(`[data-part="${name}"]`)!;
  const [drop, chosen, note, refusal] = [part('drop'), part('chosen'), part('note'), part('refusal')];
  const [send, pause, again] = [
    part<HTMLButtonElement>('send'),
    part<HTMLButtonElement>('pause'),
    part<HTMLButtonElement>('again'),
  ];
  const batch = part<HTMLInputElement>('batch');
  const keep = `frostbyte-upload-${tenant}`;
  let base: Partial<ManifestDraft> = {};
  let list: Shown | null = null;
  let going: AbortController | null = null;

  // Whoever comes back goes on with the batch that was begun here, once the same folder is chosen.
  const keptHere = () => JSON.parse(localStorage.getItem(keep) ?? 'null') as Kept | null;
  const kept = keptHere();
  if (kept !== null) say('waiting', texts.goesOn.replace('{batch}', kept.batch));
  batch.value = kept?.batch ?? batchIdNow();
  drop.hidden = false;

  for (const input of root.querySelectorAll<HTMLInputElement>('input[type="file"]')) {
    input.addEventListener('change', () => void (input.files && choose(fromInput(input.files))));
  }
  drop.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  drop.addEventListener('dragleave', () => drop.classList.remove('over'));
  drop.addEventListener('drop', async (event) => {
    event.preventDefault();
    drop.classList.remove('over');
    if (event.dataTransfer) await choose(await fromDrop(event.dataTransfer));
  });
  send.addEventListener('click', () => void go());
  pause.addEventListener('click', () => going?.abort(new Paused()));
  again.addEventListener('click', () => {
    going?.abort(new Paused());
    localStorage.removeItem(keep);
    location.reload();
  });
  // Whoever closes the tab in the middle is asked whether they mean it.
  addEventListener('beforeunload', (event) => {
    if (going !== null) event.preventDefault();
  });

  async function choose({ files, leftBehind }: Chosen): Promise<void> {
    refusal.hidden = true;
    const manifest = files.find(({ path }) => path === MANIFEST_NAME);
    const others = files.filter((file) => file !== manifest);
    let outgoing: Outgoing[];
    if (manifest === undefined) {
      base = {};
      outgoing = draft(others);
    } else {
      const own = await ownManifest(manifest.file, others);
      if (own === null) return say('lost', texts.badManifest);
      base = own.manifest;
      outgoing = own.outgoing;
      if (kept === null && typeof own.manifest.batch_id === 'string') batch.value = own.manifest.batch_id;
    }
    if (outgoing.length === 0) return;
    drop.hidden = true;
    chosen.hidden = false;
    list = fileList(chosen, outgoing, texts);
    const behind = leftBehind + others.length - outgoing.length;
    if (behind > 0) say('waiting', texts.leftBehind.replace('{count}', String(behind)));
    send.disabled = true;
    const whole = await hasher(worker).all(outgoing, list);
    send.disabled = !whole;
    if (whole) send.focus();
  }

  async function go(): Promise<void> {
    if (list === null || going !== null) return;
    going = new AbortController();
    const { signal } = going;
    const shown = list;
    refusal.hidden = true;
    batch.readOnly = true;
    toggle(true);
    say('live', texts.sending);
    localStorage.setItem(keep, JSON.stringify({ batch: batch.value } satisfies Kept));
    try {
      await sendBatch({
        tenant,
        batch: batch.value,
        base,
        outgoing: shown.outgoing,
        headers: { 'x-frostbyte-page': mark },
        signal,
        sent(one, bytes) {
          shown.sent(one, bytes);
          say('live', texts.sending);
        },
        waits: (seconds) => say('lost', texts.waits.replace('{seconds}', String(seconds))),
      });
      going = null;
      // Another tab may have begun another one meanwhile, which is still to be gone on with.
      if (keptHere()?.batch === batch.value) localStorage.removeItem(keep);
      say('settled', texts.received);
      location.assign(`${batches}/${encodeURIComponent(batch.value)}`);
    } catch (error) {
      going = null;
      toggle(false);
      if (error instanceof Paused) return say('waiting', texts.paused);
      if (!(error instanceof Refused)) throw error;
      if (error.status === 401) return location.reload();
      say('waiting', texts.paused);
      refuse(error);
    }
  }

  function toggle(isGoing: boolean): void {
    send.hidden = isGoing;
    pause.hidden = !isGoing;
    (isGoing ? pause : send).focus();
  }

  function say(state: 'live' | 'lost' | 'settled' | 'waiting', text: string): void {
    note.hidden = false;
    note.className = `live ${state}`;
    if (note.textContent !== text) note.textContent = text;
  }

  /** What the API said, word for word, with each field and its mend. */
  function refuse({ message, code, details }: Refused): void {
    refusal.hidden = false;
    batch.readOnly = false;
    refusal.querySelector('[data-part="message"]')!.textContent = message;
    refusal.querySelector('[data-part="code"]')!.textContent = code;
    const lines = details.slice(0, 50).map(({ field, constraint, file, remediation }) => {
      const line = document.createElement('li');
      line.textContent = [file, field, constraint, remediation].filter(Boolean).join(': ');
      return line;
    });
    refusal.querySelector('ul')!.replaceChildren(...lines);
  }
}

class Paused extends Error {}
