import { type Markup, size } from '../../../api/markup.ts';
import type { PageParts } from '../../parts/layout.tsx';
import { action, copyable, facts, number, pill } from '../../parts/pieces.tsx';
import type { InstallerVisit } from '../visit.ts';

/** What was verified, and what comes now. */
export async function releasePage({ t, language, installer }: InstallerVisit): Promise<PageParts> {
  const says = t.installer.release;
  const { release } = installer;
  const { operation } = await installer.progress();
  const main = (
    <>
      <div class="head">
        <div>
          <h1>
            {says.title(release.version)} {pill('good', says.verified)}
          </h1>
          <p class="lead">{says.says}</p>
        </div>
      </div>
      {operation === null || operation.result !== null ? null : (
        <section class="card" aria-labelledby="left">
          <h2 id="left">{says.left}</h2>
          <p>
            <span lang="en">{operation.title}</span>. {says.leftSays}
          </p>
          {action('progress', t.installer.ways.progress)}
        </section>
      )}
      <section class="card">
        {facts([
          [t.installer.evidence.what, t.installer.kinds[release.kind]],
          [says.counter, number(language, release.counter)],
          [says.arch, release.arch],
          [says.size, size(release.bytes)],
          [says.root, copyable(t, release.root)],
          [says.signer, copyable(t, release.signer)],
          [says.manifest, copyable(t, release.manifest_sha256)],
          [says.copy, <code>{release.copy}</code>],
        ])}
        <p class="soft">
          {says.byHand} <code>{`${release.copy}/README.txt`}</code>
        </p>
        <p class="soft">{says.medium}</p>
      </section>
      <section class="card" aria-labelledby="steps">
        <h2 id="steps">{says.steps}</h2>
        <ol class="steps">
          {step('preflight', t.installer.ways.preflight, says.preflightSays)}
          {step('plan', t.installer.ways.plan, says.planSays)}
          {step('progress', t.installer.ways.progress, says.progressSays)}
        </ol>
        {action('preflight', t.installer.ways.preflight)}
      </section>
    </>
  );
  return { title: says.title(release.version), main, current: '.' };
}

function step(path: string, name: string, says: string): Markup {
  return (
    <li>
      <a href={path}>{name}</a> <span class="soft">{says}</span>
    </li>
  );
}
