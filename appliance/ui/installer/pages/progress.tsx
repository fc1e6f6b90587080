import { code, type Markup } from '../../../api/markup.ts';
import { markOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { copyable, emptyState, pageHead, pill, type Tone, UNSPELLED, wholeMoment } from '../../parts/pieces.tsx';
import { reloadHead, reloadMark } from '../../parts/reload.tsx';
import type { OperationView, PhaseState, Progress } from '../port.ts';
import { type InstallerVisit, line, type SaveAs } from '../visit.ts';

const RELOAD_S = 2;
const HERE = { current: 'progress' } as const;
type Standing = 'running' | 'back' | 'waiting' | 'done' | 'rolled-back';
const TONES: Readonly<Record<Standing, Tone>> = Object.freeze({
  running: 'running',
  back: 'apart',
  waiting: 'bad',
  done: 'good',
  'rolled-back': 'quiet',
});
const PHASE_TONES: Readonly<Record<PhaseState, Tone>> = Object.freeze({
  pending: 'quiet',
  begun: 'running',
  done: 'good',
  found: 'good',
  undoing: 'apart',
  undone: 'quiet',
});

/** How far the operation is, and the ways that it leaves. */
export async function progressPage(visit: InstallerVisit): Promise<PageParts> {
  const { t, installer } = visit;
  const says = t.installer.progress;
  const progress = await installer.progress();
  const { operation, running } = progress;
  const isBusy = running || progress.elsewhere !== null;
  if (operation === null) {
    const main = (
      <>
        {running ? reloadMark(RELOAD_S) : null}
        {pageHead(says.title, '')}
        {refusal(visit, progress)}
        <div class="card">{emptyState(says.none, says.noneSays)}</div>
      </>
    );
    return { title: says.title, main, ...HERE, ...(running && { head: reloadHead(RELOAD_S) }) };
  }
  const stands = standing(operation, isBusy);
  const main = (
    <>
      {isBusy ? reloadMark(RELOAD_S) : null}
      <div class="head">
        <div>
          <h1>
            <span lang="en">{operation.title}</span> {pill(TONES[stands], says.states[stands])}
          </h1>
          <p class="lead">
            {says.since} {wholeMoment(visit.language, operation.started_at, visit.now)}
          </p>
        </div>
        {running ? stop(visit) : null}
      </div>
      {bar(visit, progress, operation)}
      {refusal(visit, progress)}
      {progress.challenge === null || isBusy ? null : challenge(visit, progress.challenge)}
      {progress.elsewhere === null ? null : elsewhere(visit, progress.elsewhere)}
      {isBusy || operation.result !== null ? null : left(visit, operation, progress.challenge !== null)}
      {operation.result === 'done' && progress.url !== null ? installed(visit, progress.url) : null}
      <section class="card">
        <ol class="phases">{operation.phases.map((phase) => phaseRow(visit, phase, progress))}</ol>
      </section>
      {notes(visit, progress)}
    </>
  );
  return { title: operation.title, main, ...HERE, ...(isBusy && { head: reloadHead(RELOAD_S) }) };
}

export async function resumePage({ installer }: InstallerVisit): Promise<{ goTo: string }> {
  await installer.resume();
  return { goTo: 'progress' };
}

export async function rollBackPage(visit: InstallerVisit): Promise<{ goTo: string }> {
  await visit.installer.rollBack(line(visit, 'because'));
  return { goTo: 'progress' };
}

export async function stopPage({ installer }: InstallerVisit): Promise<{ goTo: string }> {
  void installer.stop();
  return { goTo: 'progress' };
}

export async function answerPage(visit: InstallerVisit): Promise<{ goTo: string }> {
  await visit.installer.answer(String(visit.form.get('answer') ?? ''));
  return { goTo: 'progress' };
}

/** The challenge as a file for the stick. */
export async function challengeFile({ installer }: InstallerVisit): Promise<{ save: SaveAs } | { goTo: string }> {
  const { challenge: asked } = await installer.progress();
  if (asked === null) return { goTo: 'progress' };
  return {
    save: {
      name: 'challenge.age',
      type: 'text/plain; charset=utf-8',
      bytes: new TextEncoder().encode(asked.challenge),
    },
  };
}

/** Made when it is asked for, and shown once. */
export async function firstCodePage({ t, installer, language, now }: InstallerVisit): Promise<PageParts> {
  const says = t.installer.progress;
  const { code: made, expires_at } = await installer.firstCode();
  const main = (
    <section class="card">
      <h1>{says.installed}</h1>
      <p>{says.code}</p>
      <p class="code-shown">{copyable(t, made)}</p>
      <p class="soft">
        {says.until} {wholeMoment(language, expires_at, now)}
      </p>
    </section>
  );
  return { title: says.installed, main, ...HERE };
}

function standing({ result, direction }: OperationView, running: boolean): Standing {
  if (result !== null) return result;
  if (!running) return 'waiting';
  return direction === 'back' ? 'back' : 'running';
}

/** All phases as one bar: what is over in full, the one under way by its own share. */
function bar({ t }: InstallerVisit, { live, running }: Progress, { phases, direction }: OperationView): Markup {
  const says = t.installer.progress;
  const isOver = ({ state }: OperationView['phases'][number]) =>
    direction === 'back' ? state === 'undone' || state === 'pending' : state === 'done' || state === 'found';
  const over = phases.filter(isOver).length;
  const share = live?.done !== null && live?.done !== undefined && live.total ? Math.min(1, live.done / live.total) : 0;
  const width = phases.length === 0 ? 100 : ((over + (running ? share : 0)) / phases.length) * 100;
  return (
    <div class="overall">
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" focusable="false">
        <rect class="f-good" width={width.toFixed(2)} height="10" />
      </svg>
      <p class="soft">
        {`${over} / ${phases.length}`}
        {live === null || !running ? null : ` · ${says.left(inWords(live.eta_seconds))}`}
      </p>
    </div>
  );
}

function inWords(seconds: number): string {
  return seconds < 60 ? `${Math.max(0, Math.round(seconds))} s` : `${Math.ceil(seconds / 60)} min`;
}

function phaseRow(
  { t }: InstallerVisit,
  { name, title, state }: OperationView['phases'][number],
  { live, operation, running }: Progress,
): Markup {
  const says = t.installer.progress;
  const hasFailed = operation?.failure?.phase === name && !running;
  const isNow = running && live?.phase === name && (state === 'begun' || state === 'undoing');
  return (
    <li class={`p-${hasFailed ? 'failed' : state}`}>
      <span lang="en">{title}</span>{' '}
      {hasFailed ? pill('bad', says.states.waiting) : pill(PHASE_TONES[state], says.phases[state])}
      {isNow && live.done !== null && live.total ? (
        <small class="soft"> {Math.floor(Math.min(1, live.done / live.total) * 100)} %</small>
      ) : null}
    </li>
  );
}

function refusal(
  { t }: InstallerVisit,
  { refusal: last, operation, running, challenge: asked }: Progress,
): Markup | null {
  // What kept the last try from beginning is newer than whatever an operation ended with.
  const why = running ? null : (last ?? (operation?.result === null ? operation.failure : null));
  if (why === null) return null;
  // That an answer is waited for is no failure, and is said below; a wrong one is.
  if (asked !== null && why.code === 'OPERATION_FAILED') return null;
  return (
    <section class="refused" role="alert" aria-labelledby="failed">
      <h2 id="failed">{t.installer.progress.failed}</h2>
      <p class="what" lang="en">
        {why.message} {code(why.code)}
      </p>
    </section>
  );
}

function challenge(
  visit: InstallerVisit,
  { recipient, challenge: text, expires_at }: NonNullable<Progress['challenge']>,
): Markup {
  const { t, language, now } = visit;
  const says = t.installer.progress;
  return (
    <section class="card" aria-labelledby="challenge">
      <h2 id="challenge">{says.challenge}</h2>
      <p>{says.challengeSays(recipient)}</p>
      <pre tabindex={0}>
        <code>{text}</code>
      </pre>
      <p>
        <a href="challenge.age" download="challenge.age">
          {says.download}
        </a>
      </p>
      <pre tabindex={0}>
        <code>age -d -i recovery.key challenge.age</code>
      </pre>
      <form method="post" action="answer" class="fields one-column">
        {markOf(visit)}
        <label for="answer">{says.answer}</label>
        <textarea id="answer" name="answer" rows={3} maxlength={2000} required {...UNSPELLED} />
        <p class="hint">
          {says.until} {wholeMoment(language, expires_at, now)}
        </p>
        <button type="submit" class="button">
          {says.hand}
        </button>
      </form>
    </section>
  );
}

function left(visit: InstallerVisit, { phases, direction }: OperationView, isAsked: boolean): Markup {
  const { t } = visit;
  const says = t.installer.progress;
  const barred = direction === 'back' || phases.some(({ reversible, state }) => !reversible && state !== 'pending');
  return (
    <section class="card">
      {/* Without the answer it would only stop at the same place. */}
      {isAsked ? null : (
        <form method="post" action="resume">
          {markOf(visit)}
          <button type="submit" class="button">
            {says.resume}
          </button>
        </form>
      )}
      {barred ? null : (
        <details>
          <summary>{says.rollBack}</summary>
          <form method="post" action="roll-back" class="fields one-column">
            {markOf(visit)}
            <p>{says.rollBackSays}</p>
            <label for="because">{says.because}</label>
            <input id="because" name="because" maxlength={500} required />
            <button type="submit" class="button second">
              {says.rollBack}
            </button>
          </form>
        </details>
      )}
    </section>
  );
}

/** Somebody works on the host without these pages: at a terminal, or in other pages. */
function elsewhere({ t }: InstallerVisit, by: string): Markup {
  return (
    <section class="card">
      <p role="status">
        {t.installer.busy} <code>{by}</code>
      </p>
    </section>
  );
}

function stop(visit: InstallerVisit): Markup {
  const says = visit.t.installer.progress;
  return (
    <form method="post" action="stop" class="actions">
      {markOf(visit)}
      <button type="submit" class="button second" title={says.stopSays}>
        {says.stop}
      </button>
    </form>
  );
}

function installed(visit: InstallerVisit, url: string): Markup {
  const says = visit.t.installer.progress;
  return (
    <section class="card" aria-labelledby="installed">
      <h2 id="installed">{says.installed}</h2>
      <p>
        {says.installedSays} <a href={url}>{url}</a>
      </p>
      <form method="post" action="first-code">
        {markOf(visit)}
        <p class="soft">{says.firstCodeSays}</p>
        <button type="submit" class="button">
          {says.firstCode}
        </button>
      </form>
    </section>
  );
}

function notes({ t }: InstallerVisit, { notes: all }: Progress): Markup | null {
  if (all.length === 0) return null;
  return (
    <details class="spaced">
      <summary>{t.installer.progress.notes}</summary>
      <ol class="notes" lang="en">
        {all.map((note) => (
          <li>{note}</li>
        ))}
      </ol>
    </details>
  );
}
