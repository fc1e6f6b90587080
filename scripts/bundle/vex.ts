/**
 * What people have found out about known vulnerabilities of what ships (VEX): `manifests/vulnerabilities.json`, as CycloneDX
 * beside the bill of all. It says what somebody has judged, and nothing of what nobody has looked at.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { ROOT } from '../images/recipe.ts';
import type { Judged } from '../licences/policy.ts';
import { purlOf, type SbomSubject, writeCycloneDx } from '../licences/sbom.ts';

const text = z.string().min(1).max(2000);

const statement = z
  .strictObject({
    id: z.string().regex(/^(?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|GO-\d{4}-\d{4,}|DSA-\d+-\d+)$/),
    /** Its purl without a version. */
    component: z.string().startsWith('pkg:'),
    /** For this one it was judged: another is looked at anew. */
    version: text,
    state: z.enum(['resolved', 'exploitable', 'in_triage', 'false_positive', 'not_affected']),
    justification: z
      .enum([
        'code_not_present',
        'code_not_reachable',
        'requires_configuration',
        'requires_dependency',
        'requires_environment',
        'protected_by_compiler',
        'protected_at_runtime',
        'protected_at_perimeter',
        'protected_by_mitigating_control',
      ])
      .optional(),
    /** Why, in words that a security officer can follow. */
    detail: text,
  })
  .refine(({ state, justification }) => state !== 'not_affected' || justification !== undefined, {
    message: 'whoever is not affected says by which justification',
    path: ['justification'],
  });

const statements = z.strictObject({ statements: z.array(statement) });
export type Statement = z.output<typeof statement>;

/** The statements of this tree; throws an error that names each field that is wrong. */
export function readStatements(file = join(ROOT, 'manifests/vulnerabilities.json')): Statement[] {
  const read = statements.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (!read.success) throw new Error(`manifests/vulnerabilities.json: ${z.prettifyError(read.error)}`);
  return read.data.statements;
}

/**
 * `sbom/vex.cdx.json`. Throws one error that names every statement about a part, or a version of it, that does not ship: what was
 * said of another says nothing of this one.
 */
export function vexOf(
  judged: readonly Judged[],
  { version, built_at }: Pick<SbomSubject, 'version' | 'built_at'>,
  all: readonly Statement[] = readStatements(),
): Input {
  const purls = new Map(judged.map(({ component }) => [purlOf(component), component.version]));
  const refsOf = (one: Statement) =>
    [...purls].filter(([purl, is]) => purl.startsWith(`${one.component}@`) && is === one.version).map(([purl]) => purl);
  const stale = all.filter((one) => refsOf(one).length === 0);
  if (stale.length > 0) {
    const lines = stale.map((one) => `  ${one.id}: ${one.component} ${one.version} does not ship`);
    throw new Error(
      `${stale.length} statement(s) of manifests/vulnerabilities.json are of what is not there: judge anew what ships, or take them out:\n${lines.join('\n')}`,
    );
  }
  const vulnerabilities = all
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map((one) => {
      const { id, state, justification, detail } = one;
      const analysis = { state, ...(justification === undefined ? {} : { justification }), detail };
      return { id, analysis, affects: refsOf(one).map((ref) => ({ ref })) };
    });
  const subject = { type: 'application', name: 'frostbyte', version, built_at } as const;
  return { path: 'sbom/vex.cdx.json', from: Buffer.from(writeCycloneDx(subject, { vulnerabilities })) };
}
