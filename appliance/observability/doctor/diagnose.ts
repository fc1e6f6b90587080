import { FAILURES } from './catalogue.ts';
import type { Failure } from './failure.ts';
import type { Observed } from './observed.ts';

export interface Finding extends Pick<Failure, 'code' | 'group' | 'title' | 'why' | 'mend' | 'severity'> {
  /** Each time that it is there. */
  found: readonly string[];
}

export interface Diagnosis {
  mode: Observed['mode'];
  version: string | null;
  /** Known failures that were looked for. */
  looked_for: number;
  findings: readonly Finding[];
  blind: Observed['blind'];
  /** Nothing is wrong, and all that there is to see was seen; warnings do not count. */
  ok: boolean;
}

/** What is wrong. Pure: the same is found for what is the same. */
export function diagnose(observed: Observed): Diagnosis {
  const findings = FAILURES.flatMap((failure): Finding[] => {
    const found = failure.recognise(observed);
    if (found.length === 0) return [];
    const { code, group, title, why, mend, severity } = failure;
    return [{ code, group, title, why, mend, severity, found }];
  });
  const { mode, blind, installation } = observed;
  return {
    mode,
    version: installation.version,
    looked_for: FAILURES.length,
    findings,
    blind,
    ok: blind.length === 0 && findings.every(({ severity }) => severity === 'warning'),
  };
}
