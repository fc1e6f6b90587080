import type { Markup } from '../../../api/markup.ts';
import { brandMark } from '../../parts/layout.tsx';
import { UNSPELLED } from '../../parts/pieces.tsx';
import type { Arrival } from '../../visit.ts';

/** Where whoever sits at the terminal shows it: by the code that stands there. */
export function codePage({ t }: Pick<Arrival, 't'>, told: 'wrong' | 'ended' | null): Markup {
  const says = t.installer.signIn;
  return (
    <div class="narrow">
      <div class="card sign-in">
        <div class="crystal">{brandMark()}</div>
        <h1>{says.title}</h1>
        {told === null ? null : (
          <p class={told === 'wrong' ? 'told wrong' : 'told'} role="alert" id="told">
            {says[told]}
          </p>
        )}
        <form method="post" action="sign-in" class="fields">
          <p>{says.says}</p>
          <label for="code">{t.signIn.code}</label>
          <input
            id="code"
            name="code"
            autocomplete="one-time-code"
            autocapitalize="characters"
            {...UNSPELLED}
            maxlength={64}
            required
            aria-describedby={told === null ? 'code-hint' : 'told code-hint'}
          />
          <p class="hint" id="code-hint">
            {says.again}
          </p>
          <button type="submit" class="button">
            {t.signIn.title}
          </button>
        </form>
      </div>
    </div>
  );
}
