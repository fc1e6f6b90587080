import type { Markup } from '../../api/markup.ts';
import type { Refusal } from '../api.ts';
import { codeField } from '../parts/form.tsx';
import { brandMark } from '../parts/layout.tsx';
import { UNSPELLED } from '../parts/pieces.tsx';
import type { Arrival } from '../visit.ts';

const WRONG = { 'aria-describedby': 'wrong', 'aria-invalid': 'true' } as const;

export interface SignInState {
  /** Where it leads on to: a path of ours. */
  next: string;
  /** The last try. */
  refusal: Refusal | null;
  /** Who tried. */
  username: string;
  note: 'signed-out' | 'ended' | null;
  /** The last try was by code. */
  byCode: boolean;
}

/** Where a person signs in: by name and password, or by a one-time code. */
export function signInPage({ t }: Pick<Arrival, 't'>, { next, refusal, username, note, byCode }: SignInState): Markup {
  const says = t.signIn;
  const told = note === null ? null : note === 'ended' ? says.ended : says.signedOut;
  return (
    <div class="narrow">
      <div class="card sign-in">
        <div class="crystal">{brandMark()}</div>
        <h1>{says.title}</h1>
        {told === null || refusal !== null ? null : (
          <p class="told" role="status">
            {told}
          </p>
        )}
        {refusal === null ? null : (
          <p class="told wrong" role="alert" id="wrong">
            <span lang="en">{refusal.message}</span>
          </p>
        )}
        <form method="post" action="/sign-in" class="fields">
          <h2>{says.byPassword}</h2>
          <input type="hidden" name="next" value={next} />
          <label for="username">{says.username}</label>
          <input
            id="username"
            name="username"
            autocomplete="username"
            autocapitalize="none"
            {...UNSPELLED}
            maxlength={128}
            required
            value={username}
            {...(byCode || refusal === null ? null : WRONG)}
          />
          <label for="password">{says.password}</label>
          <input
            id="password"
            name="password"
            type="password"
            autocomplete="current-password"
            maxlength={256}
            required
            {...(byCode || refusal === null ? null : WRONG)}
          />
          <button type="submit" class="button">
            {says.title}
          </button>
        </form>
        <details open={byCode}>
          <summary>{says.byCode}</summary>
          <form method="post" action="/sign-in" class="fields">
            <input type="hidden" name="next" value={next} />
            {codeField(t, says.codeHint, { isWrong: byCode && refusal !== null })}
            <button type="submit" class="button">
              {says.title}
            </button>
          </form>
        </details>
        <div class="hint first-time">
          <p>{says.noAccount}</p>
          <pre tabindex={0}>
            <code>frostbyte user add dana --role tenant_admin --tenant nordlaw frostbyte token once --role admin</code>
          </pre>
        </div>
      </div>
    </div>
  );
}
