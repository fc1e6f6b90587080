import type { PageParts } from '../parts/layout.tsx';
import { pageHead, UNSPELLED } from '../parts/pieces.tsx';
import type { Visit } from '../visit.ts';
import { tenantPath } from './paths.ts';

/** Where documents are sent from the browser. All of it is the client's work; without it, the command line is named. */
export async function uploadPage({ t, params, mark, assets, language }: Visit): Promise<PageParts> {
  const says = t.upload;
  const tenant = params.tenant_id!;
  const batches = tenantPath(tenant, 'batches');
  const texts = JSON.stringify({ ...says.told, language });
  const main = (
    <div
      data-upload
      data-tenant={tenant}
      data-mark={mark}
      data-batches={batches}
      data-worker={assets.address('hash-files.js') ?? ''}
      data-texts={texts}
    >
      {pageHead(says.title, says.says)}
      <noscript>
        <section class="card">
          <p>{says.noScript}</p>
          <pre tabindex={0}>
            <code>frostbyte ingest ./outgoing --tenant {tenant}</code>
          </pre>
        </section>
      </noscript>
      <p class="live" role="status" data-part="note" hidden />
      <section class="refused" role="alert" data-part="refusal" hidden>
        <h2>{says.refused}</h2>
        <p class="what">
          <span lang="en" data-part="message" /> <code data-part="code" />
        </p>
        <ul lang="en" />
      </section>
      <section class="drop" data-part="drop" hidden>
        <h2>{says.drop}</h2>
        <p>{says.dropSays}</p>
        <div class="pickers">
          <label class="picker button">
            {says.folder}
            <input type="file" webkitdirectory multiple />
          </label>
          <label class="picker button second">
            {says.files}
            <input type="file" multiple />
          </label>
        </div>
      </section>
      <section class="card outgoing" data-part="chosen" hidden>
        <div class="head">
          <div class="batch-name">
            <label for="batch">{says.batch}</label>
            <input
              id="batch"
              data-part="batch"
              maxlength={128}
              pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*"
              {...UNSPELLED}
              aria-describedby="batch-says"
            />
            <p class="hint" id="batch-says">
              {says.batchSays}
            </p>
          </div>
          <div class="actions">
            <button type="button" class="button" data-part="send">
              {says.send}
            </button>
            <button type="button" class="button" data-part="pause" hidden>
              {says.pause}
            </button>
            <button type="button" class="button second" data-part="again">
              {says.again}
            </button>
          </div>
        </div>
        <p class="whole">
          <span data-part="tally" />
          <progress value="0" aria-label={says.whole} />
        </p>
        <table class="rows sending">
          <thead>
            <tr>
              <th scope="col">{says.file}</th>
              <th scope="col" class="n">
                {says.size}
              </th>
              <th scope="col">{says.progress}</th>
            </tr>
          </thead>
          <tbody />
        </table>
      </section>
    </div>
  );
  return { title: says.title, main, current: tenantPath(tenant, 'upload') };
}
