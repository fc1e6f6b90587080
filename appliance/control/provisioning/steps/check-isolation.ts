import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Step } from '../step.ts';

/** The isolation check; a door that is open, or an own one that is shut, fails the plan. */
export const checkIsolation: Step = Object.freeze({
  name: 'isolation',
  do: async ({ checkIsolation: check, tenantId, actor }) => {
    const report = await check(tenantId, actor);
    if (!report.overall_pass) throw new FrostbyteError('ISOLATION_VIOLATED', 'The isolation check did not pass.');
  },
  verify: async () => undefined,
  undo: async () => undefined,
} satisfies Step);
