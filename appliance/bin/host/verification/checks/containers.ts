import { fail, pass, type Verdict } from '../../../../bundle/preflight/check.ts';
import { containerDrift, type Drift, placeDrift } from '../../../../control/drift/container-drift.ts';
import type { Described } from '../../../../control/drift/described.ts';
import { nameOf, type ObservedContainer, type ObservedImage } from '../../../../control/drift/observed.ts';
import { type Check, listed, of } from '../check.ts';
import type { EngineFacts } from '../facts.ts';

const REMAKE =
  'docker rm -f it: control makes it anew as it is described, within a minute. Find out who changed it before.';

/** That containers are those that were described, made of the images that were delivered, and held to what all are held to. */
export const CONTAINER_CHECKS: readonly Check[] = [
  {
    name: 'images',
    group: 'Images',
    title: 'Images equal the lock',
    judge: ({ images }) =>
      of(images, ({ lacking, of: all }) =>
        lacking.length === 0
          ? pass(`${all}, each by its digest`)
          : fail(
              `not as delivered: ${listed(lacking)}`,
              'Run install.sh again: it loads what is not as the release has it.',
            ),
      ),
  },
  {
    name: 'images-run',
    group: 'Images',
    title: 'Made of those images',
    judge: ({ engine }) => drifted(engine, (drift) => drift.what === 'image', 'made of the image of its name', REMAKE),
  },
  {
    name: 'containers-described',
    group: 'Containers',
    title: 'Containers there are',
    judge: ({ engine }) =>
      of(engine, ({ described, containers }) => {
        const wanted = new Map(described.containers.map((one) => [one.name, one]));
        const there = new Set(containers.map(nameOf));
        const strange = [...there].filter((name) => !wanted.has(name)).map((name) => `${name} is nobody’s`);
        const missing = [...wanted.values()]
          .filter(({ name, stands }) => stands === 'runs' && !there.has(name))
          .map(({ name }) => `${name} is missing`);
        if (strange.length + missing.length === 0) return pass(`${there.size}, each described`);
        return fail(
          listed([...strange, ...missing]),
          'One that is nobody’s has no business in our networks: docker rm -f. Control makes what is missing.',
        );
      }),
  },
  {
    name: 'containers-stand',
    group: 'Containers',
    title: 'Containers run, or rest',
    judge: ({ engine }) =>
      of(engine, (facts) => {
        const wrong = pairs(facts).flatMap(([{ name, stands }, { State }]) => {
          if (stands === 'runs' && !State.Running) return [`${name} does not run`];
          if (stands === 'rests' && State.Running) return [`${name} runs although its tenant is suspended`];
          if (stands === 'runs' && State.Health?.Status === 'unhealthy') return [`${name} is not healthy`];
          return [];
        });
        const running = facts.containers.filter(({ State }) => State.Running);
        // One that was started a moment ago was not asked yet; whether it works is for `ready` to say.
        const young = running.filter(({ State }) => State.Health?.Status === 'starting').length;
        if (wrong.length === 0)
          return pass(`${running.length} run, none unhealthy${young === 0 ? '' : `, ${young} not asked yet`}`);
        return fail(listed(wrong), 'docker logs NAME and journalctl -u frostbyte-control say why.');
      }),
  },
  {
    name: 'containers-confined',
    group: 'Containers',
    title: 'Containers are confined',
    judge: ({ engine }) => drifted(engine, (drift) => drift.what !== 'image', 'as all of them are described', REMAKE),
  },
  {
    name: 'containers-placed',
    group: 'Containers',
    title: 'Who sits in which network',
    judge: ({ engine }) =>
      of(engine, (facts) => {
        const wrong = pairs(facts).flatMap(([wanted, found]) => placeDrift(wanted, found).map(inWords(wanted.name)));
        if (wrong.length === 0) return pass('each at its own address, in its own networks alone');
        return fail(listed(wrong), 'docker network disconnect what does not belong; control attaches what is missing.');
      }),
  },
];

/** Every container that is there and described, with its description. */
function pairs({ described, containers }: EngineFacts): [Described, ObservedContainer][] {
  const found = new Map(containers.map((one) => [nameOf(one), one]));
  return described.containers.flatMap((wanted): [Described, ObservedContainer][] => {
    const one = found.get(wanted.name);
    return one === undefined ? [] : [[wanted, one]];
  });
}

function drifted(
  engine: Parameters<typeof of<EngineFacts>>[0],
  counts: (drift: Drift) => boolean,
  right: string,
  mend: string,
): Verdict {
  return of(engine, (facts) => {
    const all = pairs(facts);
    const wrong = all.flatMap(([wanted, found]) => {
      const image: ObservedImage | null = facts.images[wanted.image] ?? null;
      if (image === null) return [`${wanted.name}: there is no image ${wanted.image} to hold it against`];
      return containerDrift(wanted, found, image).filter(counts).map(inWords(wanted.name));
    });
    if (all.length === 0) return fail('there is none', 'Start the appliance.');
    return wrong.length === 0 ? pass(`${all.length}, each ${right}`) : fail(listed(wrong), mend);
  });
}

const MOST_CHARACTERS = 120;
const short = (text: string) => (text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text);

const inWords =
  (name: string) =>
  ({ what, is, should }: Drift): string =>
    `${name}: ${what} is ${short(is)} (described: ${short(should)})`;
