import { type Markup, size } from '../../../api/markup.ts';
import type { InstallationAnswer } from '../../../api/schemas/host.ts';
import type { z } from '../../../api/zod.ts';
import { evidenceTable } from '../../parts/evidence-table.tsx';
import type { PageParts } from '../../parts/layout.tsx';
import { scrolledTable } from '../../parts/lists.tsx';
import { action, copyable, facts, number, pill, wholeMoment } from '../../parts/pieces.tsx';
import { reloadHead, reloadMark } from '../../parts/reload.tsx';
import type { Visit } from '../../visit.ts';

type Installation = z.infer<typeof InstallationAnswer>;
interface Status {
  version: string;
  mode: string;
  uptime_seconds: number;
}

const RELOAD_S = 60;
const HERE = { current: '/appliance' } as const;
/** What takes or makes files of the host, and so is no page's to run. */
const COMMANDS = [
  ['verify', 'frostbyte verify'],
  ['evidence', 'frostbyte evidence export ./evidence'],
] as const;

/** The appliance itself: each of its parts with how it is, the release, what runs of it, and what was done to its host. */
export async function boxPage(visit: Visit): Promise<PageParts> {
  const { t, api, language, now } = visit;
  const says = t.box;
  const [{ data: status }, parts, { data: installation }] = await Promise.all([
    api.get<Status>('/status'),
    api.readiness(),
    api.get<Installation>('/admin/appliance'),
  ]);
  const unwell = parts.filter(({ ok }) => !ok).length;
  const since = new Date(now.getTime() - status.uptime_seconds * 1000).toISOString();
  const main = (
    <>
      {reloadMark(RELOAD_S)}
      <div class="head">
        <div>
          <h1>
            {says.title} {unwell === 0 ? pill('good', says.well) : pill('bad', says.unwell(unwell))}
          </h1>
          <p class="lead">{says.says}</p>
        </div>
        <div class="actions">
          {action('/doctor', says.ask)}
          <a class="button second" href="/boundary">
            {says.boundary}
          </a>
          <a class="button second" href="/support">
            {says.support}
          </a>
        </div>
      </div>
      <section class="card">
        {facts([
          [says.version, <code>{status.version}</code>],
          [says.mode, says.modes[status.mode] ?? status.mode],
          [says.since, wholeMoment(language, since, now)],
        ])}
      </section>
      <section class="card" aria-labelledby="parts">
        <h2 id="parts">{says.parts}</h2>
        {scrolledTable(
          [says.part, says.state, says.remark],
          parts.map(({ name, ok, message }) => (
            <tr>
              <th scope="row" lang="en">
                {name}
              </th>
              <td>{pill(ok ? 'good' : 'bad', ok ? says.ok : says.bad)}</td>
              <td lang="en">{message}</td>
            </tr>
          )),
        )}
      </section>
      {release(visit, installation)}
      {running(visit, installation)}
      {evidence(visit, installation)}
      {atTheBox(visit)}
    </>
  );
  return { title: says.title, main, ...HERE, head: reloadHead(RELOAD_S) };
}

function release({ t, language }: Visit, { release: installed, images }: Installation): Markup {
  const says = t.box;
  const words = t.installer.release;
  return (
    <section class="card" aria-labelledby="release">
      <h2 id="release">{says.install}</h2>
      {installed === null ? (
        <p class="soft">{says.notInstalled}</p>
      ) : (
        <>
          {facts([
            [says.version, <code>{installed.version}</code>],
            [words.counter, number(language, installed.counter)],
            [words.arch, installed.arch],
            [words.signer, installed.signer === null ? '–' : copyable(t, installed.signer)],
            [words.manifest, copyable(t, installed.manifest_sha256)],
          ])}
          <h3>{says.images}</h3>
          {scrolledTable(
            [says.image, says.digest, { number: words.size }],
            images.map(({ name, digest, bytes }) => (
              <tr>
                <th scope="row">
                  <code>{name}</code>
                </th>
                <td>{copyable(t, digest)}</td>
                <td class="n">{size(bytes)}</td>
              </tr>
            )),
          )}
        </>
      )}
    </section>
  );
}

/** Nothing of it where there are no containers, as in one process on files. */
function running({ t, language }: Visit, { containers, networks }: Installation): Markup | null {
  const says = t.box;
  if (containers === null || networks === null) {
    return (
      <section class="card">
        <p role="status">{says.silent}</p>
      </section>
    );
  }
  if (containers.length === 0 && networks.length === 0) return null;
  return (
    <>
      <section class="card" aria-labelledby="networks">
        <h2 id="networks">{says.networks}</h2>
        {scrolledTable(
          [says.network, says.leads, says.addresses, { number: says.members }],
          networks.map(({ name, internal, subnets, members }) => (
            <tr>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{internal ? pill('good', says.nowhere) : pill('bad', says.out)}</td>
              <td>
                <code>{subnets.join(' ')}</code>
              </td>
              <td class="n">{number(language, members)}</td>
            </tr>
          )),
        )}
      </section>
      <section class="card" aria-labelledby="containers">
        <h2 id="containers">{says.containers}</h2>
        {scrolledTable(
          [says.container, says.state, says.image, says.imageId],
          containers.map(({ name, image, image_id, running: isRunning }) => (
            <tr>
              <th scope="row">
                <code>{name}</code>
              </th>
              <td>{isRunning ? pill('good', says.runs) : pill('quiet', says.ended)}</td>
              <td>
                <code>{image}</code>
              </td>
              <td>
                <code title={image_id}>{image_id.replace('sha256:', '').slice(0, 12)}</code>
              </td>
            </tr>
          )),
        )}
      </section>
    </>
  );
}

function evidence(visit: Visit, { release: installed, evidence: record }: Installation): Markup | null {
  const says = visit.t.box;
  if (installed === null) return null;
  return (
    <section class="card" aria-labelledby="evidence">
      <h2 id="evidence">{says.evidence}</h2>
      {record === null ? (
        <p class="told wrong" role="alert">
          {says.evidenceBroken}
        </p>
      ) : (
        <>
          <p class="soft">{says.evidenceSays(record.count)}</p>
          {evidenceTable(visit, record.records.toReversed())}
        </>
      )}
    </section>
  );
}

function atTheBox({ t }: Visit): Markup {
  const says = t.box;
  return (
    <section class="card" aria-labelledby="at-the-box">
      <h2 id="at-the-box">{says.atTheBox}</h2>
      <p class="soft">{says.atTheBoxSays}</p>
      {COMMANDS.map(([of, command]) => (
        <>
          <p>{says.commands[of]}</p>
          <pre tabindex={0}>
            <code>{command}</code>
          </pre>
        </>
      ))}
    </section>
  );
}
