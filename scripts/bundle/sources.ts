/** `sources/`: what the licences of shipped programs oblige us to hand over, or the written offer of it. */
import { execFileSync } from 'node:child_process';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { ROOT } from '../images/recipe.ts';
import type { Judged } from '../licences/policy.ts';
import { vendorOf } from '../licences/sbom.ts';

/** Whoever is served by such a program over a network may ask for its source. */
const NETWORK = /^AGPL-/;
/** Whoever gets such a program may ask for its source. */
const COPYLEFT = /^(?:A|L)?GPL-|^MPL-|^EPL-|^Sleepycat$/;

/**
 * The sources of Go modules under the AGPL, as the modules' own archives, and the offer for all others: of what is linked into
 * such a program too, since that is a part of its source.
 */
export function sources(judged: readonly Judged[]): Input[] {
  const handed = judged.filter(isHandedOver);
  const inputs = handed.map(({ component: { name, version } }): Input => {
    return { path: pathOf(name, version), from: archiveOf(`${name}@${version}`) };
  });
  return [...inputs, { path: 'sources/OFFER.txt', from: Buffer.from(offer(judged, handed)) }];
}

const isHandedOver = ({ component, licences }: Judged) =>
  component.ecosystem === 'golang' && licences.some((one) => NETWORK.test(one));

const pathOf = (name: string, version: string) => `sources/${name.replaceAll('/', '_')}@${version}.zip`;

function archiveOf(module: string): string {
  const told = execFileSync('go', ['mod', 'download', '-json', module], { cwd: ROOT, encoding: 'utf8' });
  return (JSON.parse(told) as { Zip: string }).Zip;
}

function offer(judged: readonly Judged[], handed: readonly Judged[]): string {
  const offered = judged.filter(
    (one) => one.licences.some((licence) => COPYLEFT.test(licence)) && !handed.includes(one),
  );
  const network = offered.filter(({ licences }) => licences.some((licence) => NETWORK.test(licence)));
  const linked = handed.length === 0 ? [] : judged.filter((one) => one.component.ecosystem === 'golang');
  const rest = offered.filter((one) => !network.includes(one));
  const parts = (list: readonly Judged[]) => [...new Set(list.map(lineOf))].sort().join('\n') || '  (none)';
  return `Sources

1. These programs under the GNU Affero General Public License come with their source, unmodified, in this folder:

${handed.map(({ component: { name, version } }) => `  ${pathOf(name, version)}`).join('\n') || '  (none)'}

2. For all parts below we make this offer: for three years from the date of this bundle we give to anyone who asks, for no more
than the cost of sending it, the complete corresponding source, in machine-readable form, as it was used to make this bundle.
Write to whoever gave you the bundle and name its version. The parts are unmodified: the same sources are published by the
projects themselves, a distribution's package's under the name and version that stand behind it.

Programs under the GNU Affero General Public License whose source does not lie here (of several licences that such a program is
offered under, it is passed on under this one):

${parts(network)}

All others whose licence asks for it:

${parts(rest)}

3. The same holds for all modules that the Go programs of this bundle are linked from, those of 1 among them. Their licences
stand in sources/licences/golang.txt:

${parts(linked.filter((one) => !handed.includes(one)))}
`;
}

function lineOf({ component, licences }: Judged): string {
  const { name, version, source } = component;
  const vendor = vendorOf(component) ?? '';
  const from = source === undefined ? '' : ` (${vendor[0]?.toUpperCase()}${vendor.slice(1)} source ${source})`;
  return `  ${name} ${version}${from}: ${licences.join(', ')}`;
}
