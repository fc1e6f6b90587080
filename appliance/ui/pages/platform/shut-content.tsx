import type { Markup } from '../../../api/markup.ts';
import type { Refusal } from '../../api.ts';
import { refused } from '../../parts/refused.tsx';
import type { Visit } from '../../visit.ts';
import { breakGlassForm } from './break-glass.tsx';

/** A tenant's content that an administrator was refused: why, and the way to open it. */
export function shutContent(visit: Visit, refusal: Refusal): Markup {
  const { request, t } = visit;
  const { pathname, search } = new URL(request.url);
  return (
    <div class="columns">
      {refused(t, refusal)}
      <div>{breakGlassForm(visit, `${pathname}${search}`, t.glass.offer)}</div>
    </div>
  );
}
