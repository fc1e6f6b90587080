import type { Markup } from '../../../api/markup.ts';
import { markOf } from '../../parts/form.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { pageHead } from '../../parts/pieces.tsx';
import type { InstallerVisit } from '../visit.ts';

/** Two ways out: whoever sits here goes, and the installer waits for the next; or it ends. */
export async function leavePage(visit: InstallerVisit): Promise<PageParts> {
  const { t, installer } = visit;
  const says = t.installer.leave;
  const { running } = await installer.progress();
  const main = (
    <>
      {pageHead(says.title, says.says)}
      <div class="tiles">
        <section class="card" aria-labelledby="sign-out">
          <h2 id="sign-out">{t.signOut}</h2>
          <p>{says.signOutSays}</p>
          {wayOut(visit, 'sign-out', t.signOut, 'button second')}
        </section>
        <section class="card" aria-labelledby="end">
          <h2 id="end">{says.end}</h2>
          <p>{says.endSays}</p>
          {running ? <p class="told wrong">{says.endRunning}</p> : null}
          {wayOut(visit, 'end', says.end, running ? 'button danger' : 'button')}
        </section>
      </div>
    </>
  );
  return { title: says.title, main, current: 'leave' };
}

function wayOut(visit: InstallerVisit, to: string, says: string, looks: string): Markup {
  return (
    <form method="post" action={to} class="spaced">
      {markOf(visit)}
      <button type="submit" class={looks}>
        {says}
      </button>
    </form>
  );
}

/** What is shown last: nothing answers behind it. */
export function endedPage({ t }: Pick<InstallerVisit, 't'>, url: string | null): Markup {
  const says = t.installer.leave;
  return (
    <div class="narrow">
      <div class="card">
        <h1>{says.ended}</h1>
        <p>{says.endedSays}</p>
        {url === null ? null : (
          <p>
            {t.installer.progress.installedSays} <a href={url}>{url}</a>
          </p>
        )}
      </div>
    </div>
  );
}
