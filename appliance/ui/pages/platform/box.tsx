import type { Markup } from '../../../api/markup.ts';
import type { PageParts } from '../../parts/layout.tsx';
import { facts, pill, wholeMoment } from '../../parts/pieces.tsx';
import { reloadHead, reloadMark } from '../../parts/reload.tsx';
import type { Visit } from '../../visit.ts';

interface Status {
  version: string;
  mode: string;
  uptime_seconds: number;
}

const RELOAD_S = 60;
/** What looks at the host itself, and so is no page's to run. */
const COMMANDS = [
  ['doctor', 'frostbyte doctor'],
  ['verify', 'frostbyte verify'],
  ['boundary', 'frostbyte boundary --out ./boundary'],
  ['evidence', 'frostbyte evidence export ./evidence'],
  ['support', 'frostbyte support-bundle'],
] as const;

/** The appliance itself: its version, and each of its parts with how it is. */
export async function boxPage(visit: Visit): Promise<PageParts> {
  const { t, api, language, now } = visit;
  const says = t.box;
  const [{ data: status }, parts] = await Promise.all([api.get<Status>('/status'), api.readiness()]);
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
        <table class="rows list">
          <thead>
            <tr>
              <th scope="col">{says.part}</th>
              <th scope="col">{says.state}</th>
              <th scope="col">{says.remark}</th>
            </tr>
          </thead>
          <tbody>
            {parts.map(({ name, ok, message }) => (
              <tr>
                <th scope="row" lang="en">
                  {name}
                </th>
                <td>{pill(ok ? 'good' : 'bad', ok ? says.ok : says.bad)}</td>
                <td lang="en">{message}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {atTheBox(visit)}
    </>
  );
  return { title: says.title, main, current: '/appliance', head: reloadHead(RELOAD_S) };
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
