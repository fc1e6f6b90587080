import { fail, pass, type Verdict, warn } from '../../../../bundle/preflight/check.ts';
import { type Check, listed, of } from '../check.ts';
import type { Facts } from '../facts.ts';

const LOGS = 'journalctl -u frostbyte-control -u frostbyte-gateway says why.';

/** That it serves, and that what it does can be trusted: by asking, and by using it. */
export const SERVICE_CHECKS: readonly Check[] = [
  {
    name: 'services',
    group: 'Services',
    title: 'Services run',
    judge: ({ services }) =>
      of(services, ({ manager, units }) => {
        if (manager === null)
          return warn('nothing here starts services', 'Whoever starts them confines them; our units do not.');
        const wrong = units
          .filter(({ active, enabled }) => active !== 'active' || enabled !== 'enabled')
          .map(({ name, active, enabled }) => `${name} is ${active}, ${enabled}`);
        if (units.length === 0) return fail('there are none', 'Run install.sh from the medium again.');
        return wrong.length === 0
          ? pass(`${units.map(({ name }) => name).join(', ')}: now and after a boot`)
          : fail(listed(wrong), `systemctl enable --now frostbyte-control frostbyte-gateway. ${LOGS}`);
      }),
  },
  {
    name: 'control',
    group: 'Services',
    title: 'Control answers',
    judge: ({ services }) =>
      of(services, ({ control }) => (control ? pass('on its socket') : fail('not on its socket', LOGS))),
  },
  {
    name: 'gateway',
    group: 'Services',
    title: 'The gateway answers',
    judge: ({ services }) =>
      of(services, ({ gateway }) => (gateway ? pass('where it listens') : fail('not where it should listen', LOGS))),
  },
  {
    name: 'ready',
    group: 'Services',
    title: 'All that it depends on',
    judge: ({ ready }) =>
      of(ready, ({ of: all, missing }) => {
        if (all === 0) return fail('it names nothing that it depends on', LOGS);
        return missing.length === 0
          ? pass(`${all} of ${all} are ready`)
          : fail(listed(missing.map(({ name, message }) => `${name}: ${message}`)), LOGS);
      }),
  },
  {
    name: 'vectors',
    group: 'Services',
    title: 'Where vectors lie',
    judge: ({ vectors }) =>
      of(vectors, ({ mode, brought }) => {
        if (mode === 'sqlite-vec') return pass('sqlite-vec: a file for each tenant, seen by its data plane alone');
        return brought
          ? pass('Qdrant: a collection for each tenant, and a token that opens it alone')
          : fail(
              'Qdrant, which this release does not bring',
              'Set stack.vectors to sqlite-vec, or install a bundle that has it.',
            );
      }),
  },
  {
    name: 'smoke',
    group: 'Use',
    title: 'A document all the way',
    judge: ({ smoke }) => used(smoke, 'sent through all stages, found by search, erased'),
  },
  {
    name: 'isolation',
    group: 'Use',
    title: 'From tenant to tenant',
    judge: ({ isolation }) => used(isolation, 'nobody got at what is another’s'),
  },
];

function used(fact: Facts['smoke'], right: string): Verdict {
  if (fact === null) return warn('left out (--quick)', 'frostbyte verify without --quick tries it.');
  return of(fact, (notes) => pass(notes.at(-1) ?? right));
}
