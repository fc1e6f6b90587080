import type { z } from '@hono/zod-openapi';
import type { ErrorDetail } from '../kernel/errors.ts';
import {
  type FieldWords,
  MANIFEST_FIELDS,
  MANIFEST_FILE_FIELDS,
  METADATA_WORDS,
  unknownManifestField,
} from '../kernel/manifest-remedies.ts';
import { nearest } from '../kernel/nearest.ts';
import { shownValue } from './validate.ts';

/** Problems of a manifest in words for whoever wrote it: which file, what it must be, how to mend it. */

/** Problems that one answer lists; a manifest that is wrong throughout needs no longer list. */
export const MOST_PROBLEMS = 100;
/** Unknown fields of one place that are named, and characters of each. */
const MOST_UNKNOWN = 20;
const LONGEST_NAME = 100;
/** Characters of the way to a value, as an answer names it. */
const LONGEST_FIELD = 200;

type Path = readonly PropertyKey[];

/** One problem of a manifest, at the place where a path leads. */
export function manifestProblem(
  path: Path,
  manifest: unknown,
  { rule, remediation }: FieldWords,
  value?: unknown,
): ErrorDetail {
  return {
    field: path.map(String).join('.').slice(0, LONGEST_FIELD) || 'manifest',
    ...(value === undefined ? {} : { value }),
    ...fileOf(path, manifest),
    constraint: rule,
    remediation,
  };
}

/** What the schema found, problem by problem. O(issues). */
export function manifestProblems(issues: readonly z.core.$ZodIssue[], manifest: unknown): ErrorDetail[] {
  return issues
    .slice(0, MOST_PROBLEMS)
    .flatMap((issue) => problemsOf(issue, manifest))
    .slice(0, MOST_PROBLEMS);
}

function problemsOf(issue: z.core.$ZodIssue, manifest: unknown): ErrorDetail[] {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const what = path.length === 0 ? 'manifest' : 'file';
    const known = Object.keys(what === 'manifest' ? MANIFEST_FIELDS : MANIFEST_FILE_FIELDS).filter(
      (name) => name !== what,
    );
    return issue.keys.slice(0, MOST_UNKNOWN).map((key) => {
      const name = key.slice(0, LONGEST_NAME);
      return manifestProblem([...path, name], manifest, unknownManifestField(nearest(name, known), what));
    });
  }
  const words = wordsFor(issue);
  if (issue.code !== 'invalid_type') return [manifestProblem(path, manifest, words, shownValue(manifest, path))];
  const found = at(manifest, path);
  if (found === undefined && path.length > 0) {
    const missing = { rule: `is missing; it ${words.rule}`, remediation: `Add it. ${words.remediation}` };
    return [manifestProblem(path, manifest, missing)];
  }
  const rule = `${words.rule}; it is ${kindOf(found)}`;
  return [manifestProblem(path, manifest, { ...words, rule }, shownValue(manifest, path))];
}

function wordsFor({ path, code }: z.core.$ZodIssue): FieldWords {
  const ofFile = path[0] === 'files' && path.length > 1;
  const [name = ofFile ? 'file' : 'manifest', ...inner] = (ofFile ? path.slice(2) : path).map(String);
  if (name === 'metadata' && inner.length > 0)
    return code === 'invalid_key' ? METADATA_WORDS.name : METADATA_WORDS.value;
  const table = ofFile ? MANIFEST_FILE_FIELDS : MANIFEST_FIELDS;
  return table[name] ?? MANIFEST_FIELDS.manifest!;
}

/** What the sender calls the file that a path leads into: its name, else its id, else its place in the list. */
function fileOf(path: Path, manifest: unknown): { file?: string } {
  const [list, index] = path;
  if (list !== 'files' || index === undefined) return {};
  for (const name of ['filename', 'file_id']) {
    const value = at(manifest, ['files', index, name]);
    if (typeof value === 'string' && value !== '' && value.isWellFormed())
      return { file: value.slice(0, LONGEST_NAME) };
  }
  return { file: `file ${Number(index) + 1} of the list` };
}

function at(value: unknown, path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined;
    found = (found as Record<PropertyKey, unknown>)[step];
  }
  return found;
}

function kindOf(value: unknown): string {
  if (value === null) return 'empty (null)';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a number with a fraction';
  return typeof value === 'boolean' ? 'true or false' : 'values by name';
}
