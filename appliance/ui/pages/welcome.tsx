import type { Markup } from '../../api/markup.ts';
import type { Visit } from '../visit.ts';

/** What a person sees first whose role has no page of its own yet: who they are here, and where the rest is. */
export function welcomePage({ t, caller }: Visit): Markup {
  const says = t.welcome;
  const role = t.roles[caller.role];
  return (
    <>
      <h1>{says.title(caller.subject)}</h1>
      <p class="lead">{caller.tenant_id === null ? says.roleSays(role) : says.roleSaysOf(role, caller.tenant_id)}</p>
      <div class="tiles">
        <section class="card">
          <h2>
            <a href="/api/v1/reference">{says.reference}</a>
          </h2>
          <p>{says.referenceSays}</p>
        </section>
        <section class="card">
          <h2>{says.commands}</h2>
          <p>{says.commandsSay}</p>
          <pre tabindex={0}>
            <code>frostbyte --help</code>
          </pre>
        </section>
      </div>
    </>
  );
}
