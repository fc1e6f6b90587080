import { SHARES, STANDING_TONES, sharesOf, standingOf } from '../standing.ts';

const SVG = 'http://www.w3.org/2000/svg';
const [FIRST_WAIT_MS, LONGEST_WAIT_MS] = [1000, 30_000];
const STAGES = ['intake', 'parse', 'policy', 'embed', 'index'] as const;
const BATCH_TONES: Readonly<Record<string, string>> = Object.freeze({
  held: 'waiting',
  completed: 'good',
  cancelled: 'quiet',
});

interface FileTold {
  file_id: string;
  status: string;
  state: string | null;
  stages: Record<(typeof STAGES)[number], string>;
}

interface SummaryTold {
  status: string;
  summary: Record<string, number>;
}

interface LiveTexts {
  live: string;
  lost: string;
  settled: string;
  showReport: string;
  language: string;
  done: string;
  stages: Record<string, string>;
  stageStatuses: Record<string, string>;
  standings: Record<string, string>;
  batchStates: Record<string, string>;
}

/** Keeps the page of a batch true while it is under way, by its stream of events; where that breaks, it is taken up again. */
export function liveBatch(): void {
  const root = document.querySelector<HTMLElement>('[data-live]');
  if (root === null) return;
  const texts = JSON.parse(root.dataset.texts ?? '{}') as LiveTexts;
  const note = root.querySelector<HTMLElement>('[data-live-note]')!;
  const page = batchOnPage(root, texts);
  let wait = FIRST_WAIT_MS;
  tell('live', texts.live);
  follow();

  function follow(): void {
    const source = new EventSource(root!.dataset.live!);
    source.addEventListener('open', () => {
      wait = FIRST_WAIT_MS;
      tell('live', texts.live);
    });
    source.addEventListener('file', ({ data }) => page.file(JSON.parse(data) as FileTold));
    source.addEventListener('summary', ({ data }) => page.summary(JSON.parse(data) as SummaryTold));
    source.addEventListener('done', ({ data }) => {
      source.close();
      page.summary(JSON.parse(data) as SummaryTold);
      settle();
    });
    // The server's last word of a stream that it breaks off, or a line that broke: both are tried again, more and more
    // patiently.
    source.addEventListener('error', () => {
      source.close();
      tell('lost', texts.lost);
      void leaveWhereOver();
      setTimeout(follow, wait);
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    });
  }

  /** The session may be over, or the tenant suspended: then the page itself says so. */
  async function leaveWhereOver(): Promise<void> {
    const answer = await fetch(location.href, { redirect: 'manual' }).catch(() => null);
    if (answer?.type === 'opaqueredirect' || answer?.status === 403 || answer?.status === 404) location.reload();
  }

  function tell(state: 'live' | 'lost' | 'settled', text: string): void {
    const says = `live ${state}`;
    if (note.className === says && !note.hidden) return;
    note.hidden = false;
    note.className = says;
    note.textContent = text;
  }

  /** Nobody is in the middle of something: the page shows what came of the batch. Else it says where that is. */
  function settle(): void {
    if (document.activeElement === document.body && getSelection()?.isCollapsed !== false) {
      location.reload();
      return;
    }
    tell('settled', `${texts.settled} `);
    const link = document.createElement('a');
    link.href = location.href;
    link.textContent = texts.showReport;
    note.append(link);
  }
}

/** The parts of the page that follow the batch. Changes are drawn once a frame, however many events come. */
function batchOnPage(root: HTMLElement, texts: LiveTexts) {
  const rows = new Map<string, HTMLElement>();
  for (const row of root.querySelectorAll<HTMLElement>('tr[data-file]')) rows.set(row.dataset.file!, row);
  const files = new Map<string, FileTold>();
  const changed = new Set<FileTold>();
  const format = new Intl.NumberFormat(texts.language);
  let summary: SummaryTold | null = null;
  let asked = 0;

  const draw = () => {
    asked = 0;
    for (const file of changed) {
      const row = rows.get(file.file_id);
      if (row !== undefined) drawFile(row, file, texts);
    }
    changed.clear();
    if (summary === null) return;
    drawRail(root, [...files.values()], summary.summary.total_files ?? files.size, texts);
    for (const [count, value] of Object.entries(summary.summary)) {
      const place = root.querySelector<HTMLElement>(`[data-count="${CSS.escape(count)}"]`);
      if (place === null) continue;
      place.className = value === 0 ? 'zero' : count;
      place.querySelector('dd')!.textContent = format.format(value);
    }
    const state = root.querySelector<HTMLElement>('[data-batch-state] .pill');
    if (state === null) return;
    state.className = `pill t-${BATCH_TONES[summary.status] ?? 'running'}`;
    state.textContent = texts.batchStates[summary.status] ?? summary.status;
  };
  const drawSoon = () => {
    if (asked === 0) asked = requestAnimationFrame(draw);
  };
  return {
    file(file: FileTold): void {
      files.set(file.file_id, file);
      changed.add(file);
      drawSoon();
    },
    summary(told: SummaryTold): void {
      summary = told;
      drawSoon();
    },
  };
}

function drawFile(row: HTMLElement, file: FileTold, texts: LiveTexts): void {
  const bar = row.querySelector<HTMLElement>('.stages')!;
  for (const [at, stage] of STAGES.entries()) bar.children[at]!.className = `s-${file.stages[stage]}`;
  const words = STAGES.map((stage) => `${texts.stages[stage]} ${texts.stageStatuses[file.stages[stage]]}`);
  bar.setAttribute('aria-label', words.join(', '));
  const standing = standingOf(file);
  const pill = row.querySelector<HTMLElement>('[data-standing] .pill')!;
  pill.className = `pill t-${STANDING_TONES[standing]}`;
  pill.textContent = texts.standings[standing] ?? standing;
}

function drawRail(root: HTMLElement, files: readonly FileTold[], total: number, texts: LiveTexts): void {
  for (const stage of STAGES) {
    const item = root.querySelector<HTMLElement>(`li[data-stage="${stage}"]`);
    if (item === null) continue;
    const shares = sharesOf(files.map(({ stages }) => stages[stage]));
    const rects = item.getElementsByTagNameNS(SVG, 'rect');
    let at = 0;
    for (const [place, share] of SHARES.entries()) {
      const width = total === 0 ? 0 : (shares[share] / total) * 100;
      rects[place]?.setAttribute('x', at.toFixed(3));
      rects[place]?.setAttribute('width', width.toFixed(3));
      at += width;
    }
    const says = texts.done.replace('{done}', String(shares.good)).replace('{total}', String(total));
    item.querySelector('.tally')!.textContent = says;
  }
}
