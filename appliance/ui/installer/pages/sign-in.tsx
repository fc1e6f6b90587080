import type { Markup } from '../../../api/markup.ts';
import { codeField } from '../../parts/form.tsx';
import { brandMark } from '../../parts/layout.tsx';
import type { Arrival } from '../../visit.ts';

/** Where whoever sits at the terminal shows it: by the code that stands there. */
export function codePage({ t }: Pick<Arrival, 't'>, told: 'wrong' | 'ended' | 'signedOut' | null): Markup {
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
          {codeField(t, says.again, { isWrong: told === 'wrong', saidBy: told === null ? '' : 'told' })}
          <button type="submit" class="button">
            {t.signIn.title}
          </button>
        </form>
      </div>
    </div>
  );
}
