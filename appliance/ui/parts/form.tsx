import type { Markup } from '../../api/markup.ts';
import type { Refusal } from '../api.ts';
import type { Texts } from '../texts/language.ts';
import type { Visit } from '../visit.ts';
import { UNSPELLED } from './pieces.tsx';

/** Pieces of forms that change something. */

/** What a form sent in a field; empty where it has none. */
export function sent({ form }: Pick<Visit, 'form'>, field: string): string {
  return String(form.get(field) ?? '').trim();
}

/** By which a form says that a page of ours made it. */
export function markOf({ mark }: Pick<Visit, 'mark'>): Markup {
  return <input type="hidden" name="mark" value={mark} />;
}

/** Why: it stands in the audit log for good. `id` tells the reasons of one page apart. */
export function reasonField(t: Texts, id = 'reason'): Markup {
  return (
    <>
      <label for={id}>{t.tenant.reason}</label>
      <input id={id} name="reason" maxlength={500} required aria-describedby={`${id}-says`} />
      <p class="hint" id={`${id}-says`}>
        {t.tenant.reasonSays}
      </p>
    </>
  );
}

/** Where a one-time code is typed. `saidBy`: the element that says what was wrong with the last one. */
export function codeField(
  t: Texts,
  hint: string,
  { isWrong, saidBy = '' }: { isWrong: boolean; saidBy?: string },
): Markup {
  return (
    <>
      <label for="code">{t.signIn.code}</label>
      <input
        id="code"
        name="code"
        autocomplete="one-time-code"
        autocapitalize="characters"
        {...UNSPELLED}
        maxlength={64}
        required
        aria-describedby={`${saidBy} code-hint`.trim()}
        aria-invalid={isWrong ? 'true' : undefined}
      />
      <p class="hint" id="code-hint">
        {hint}
      </p>
    </>
  );
}

/** A choice of few. `name` is the field's and the element's id. */
export function choice(
  name: string,
  options: readonly (readonly [value: string, says: string])[],
  chosen: string,
): Markup {
  return (
    <select id={name} name={name}>
      {options.map(([value, says]) =>
        value === chosen ? (
          <option value={value} selected>
            {says}
          </option>
        ) : (
          <option value={value}>{says}</option>
        ),
      )}
    </select>
  );
}

/** A field that cannot stay as it is, and the rule that it breaks. */
export interface WrongField {
  field: string;
  constraint: string;
}

/** What keeps a form from being taken, above its fields; nothing where nothing does. */
export function wrongFields(says: string, wrong: readonly WrongField[]): Markup | null {
  if (wrong.length === 0) return null;
  return (
    <div class="told wrong" role="alert" id="wrong">
      <p>{says}</p>
      <ul lang="en">
        {wrong.map(({ field, constraint }) => (
          <li>
            <code>{field}</code> {constraint}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A refusal as fields that are wrong, where it is the sender's to correct; throws it on where it is not. */
export function wrongOf(refusal: Refusal): WrongField[] {
  if (refusal.status !== 400 && refusal.status !== 409) throw refusal;
  if (refusal.details.length === 0) return [{ field: refusal.code, constraint: refusal.message }];
  return refusal.details.map(({ field, constraint }) => ({ field, constraint }));
}
