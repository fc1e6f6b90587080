/** The texts of the licences of all that ships, and the gate for what has none: most licences ask that theirs comes along. */
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { type Component, type Judged, textOf } from './policy.ts';
import { purlOf } from './sbom.ts';

/** What programs and models of others are under whose text is the same for everybody. */
const STANDARD: Readonly<Record<string, string>> = {
  'Apache-2.0': 'Apache-2.0.txt',
  'AGPL-3.0-only': 'AGPL-3.0-only.txt',
};
const KINDS: readonly [Component['ecosystem'], string][] = [
  ['deb', 'Debian packages'],
  ['apk', 'Alpine packages'],
  ['golang', 'Go modules'],
  ['npm', 'npm packages'],
  ['generic', 'programs, models and parts inside packages'],
];
const LINE = '='.repeat(100);

/**
 * A file for each kind of part, each text once with all that it is for. Throws one error that names every part without a
 * text: it does not ship.
 */
export function licenceTexts(judged: readonly Judged[]): Input[] {
  const bare = judged.filter((one) => textsOf(one).length === 0).map((one) => purlOf(one.component));
  if (bare.length > 0)
    throw new Error(
      `${bare.length} part(s) come without the text of their licence; find it, and name it in manifests/licences.json (texts):\n  ${bare.sort().join('\n  ')}`,
    );
  return KINDS.flatMap(([kind, title]): Input[] => {
    const own = judged.filter(({ component }) => component.ecosystem === kind);
    if (own.length === 0) return [];
    return [{ path: `sources/licences/${kind}.txt`, from: Buffer.from(fileOf(title, own)) }];
  });
}

function textsOf({ component, licences }: Judged): string[] {
  const own = (component.texts ?? []).map((text) => text.replaceAll('\r', '').trim()).filter(Boolean);
  if (own.length > 0 || component.ecosystem !== 'generic') return own;
  const standard = licences.map((licence) => STANDARD[licence]);
  return standard.some((file) => file === undefined) ? [] : standard.map((file) => textOf(file!).trim());
}

function fileOf(title: string, judged: readonly Judged[]): string {
  const about = new Map<string, string[]>();
  for (const one of judged) {
    const { component, licences } = one;
    const line = `${component.name} ${component.version}: ${licences.join(', ')}`;
    const text = textsOf(one).join(`\n\n${'-'.repeat(100)}\n\n`);
    about.set(text, [...(about.get(text) ?? []), line]);
  }
  const sections = [...about].map(([text, lines]) => ({ text, lines: [...new Set(lines)].sort() }));
  sections.sort((a, b) => (a.lines[0]! < b.lines[0]! ? -1 : 1));
  return [
    `Licences of the ${title} in this bundle. Each text stands below the names of all that it is for.`,
    ...sections.map(({ lines, text }) => `${LINE}\n${lines.join('\n')}\n${LINE}\n\n${text}`),
  ]
    .join('\n\n')
    .concat('\n');
}
