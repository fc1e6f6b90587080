/** `sources/`: what the licences of shipped programs oblige us to hand over, or the written offer of it. */
import { execFileSync } from 'node:child_process';
import type { Input } from '../../appliance/bundle/build/write-bundle.ts';
import { ROOT } from '../images/recipe.ts';
import type { Judged } from '../licences/policy.ts';

/** Whoever is served by such a program over a network may ask for its source: it comes along. */
const HANDED_OVER = /^AGPL-/;
/** Whoever gets such a program may ask for its source: it is offered. */
const OFFERED = /^(?:A|L)?GPL-|^MPL-|^EPL-|^Sleepycat$/;

/** The sources of modules under the AGPL, as the module's own archives, and the offer for all others. */
export function sources(judged: readonly Judged[]): Input[] {
  const inputs = judged
    .filter(
      ({ component, licences }) => component.ecosystem === 'golang' && licences.some((one) => HANDED_OVER.test(one)),
    )
    .map(({ component: { name, version } }): Input => {
      const path = `sources/${name.replaceAll('/', '_')}@${version}.zip`;
      return { path, from: archiveOf(`${name}@${version}`) };
    });
  return [...inputs, { path: 'sources/OFFER.txt', from: Buffer.from(offer(judged, inputs)) }];
}

function archiveOf(module: string): string {
  const told = execFileSync('go', ['mod', 'download', '-json', module], { cwd: ROOT, encoding: 'utf8' });
  return (JSON.parse(told) as { Zip: string }).Zip;
}

function offer(judged: readonly Judged[], inputs: readonly Input[]): string {
  const offered = judged
    .filter(({ licences }) => licences.some((licence) => OFFERED.test(licence)))
    .map(({ component: { name, version }, licences }) => `  ${name} ${version}: ${licences.join(', ')}`);
  return `Sources

Programs under the GNU Affero General Public License come with their source, in this folder:

${inputs.map(({ path }) => `  ${path}`).join('\n')}

For three years from the date of this bundle we give to anyone who asks, for no more than the cost of sending it, the complete
corresponding source, in machine-readable form, of every part below, as it was used to make this bundle. Write to whoever gave
you the bundle and name its version. The packages are unmodified: the same sources are published by the projects themselves.

${[...new Set(offered)].sort().join('\n')}
`;
}
