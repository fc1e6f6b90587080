import { fail, pass, type Verdict } from '../../../../bundle/preflight/check.ts';
import { overlap, within } from '../../../../bundle/preflight/subnets.ts';
import { networkPlan } from '../../../../control/stack/addresses.ts';
import { type Check, listed, of } from '../check.ts';
import type { EgressFacts } from '../facts.ts';
import { inWords, type ProbeTry } from '../probe-tries.ts';

const CLOSE =
  'Let nobody use this appliance. Put the input rule in force, take the container off what leads there, and find out who changed it.';
const WORDS: Readonly<Record<ProbeTry['way'], string>> = { tcp: 'TCP', udp: 'UDP', dns: 'DNS', icmp: 'ICMP' };

/** That nothing gets out of any container: by trying, with somebody on the host who would hear it. */
export const WAY_OUT_CHECKS: readonly Check[] = [
  {
    name: 'listener',
    group: 'Ways out',
    title: 'The host would hear it',
    judge: ({ egress }) =>
      of(egress, ({ proven, deaf, doors }) => {
        const silent = proven.filter(({ reached }) => !reached);
        const untried = (['tcp', 'udp', 'dns', 'icmp'] as const).filter(
          (way) => !proven.some((one) => one.way === way),
        );
        const problems = [
          ...untried.map((way) => `nothing was sent by ${WORDS[way]}`),
          ...silent.map(
            (one) => `${inWords(one)} was not heard${one.said === 'NO_TOOL' ? ', nothing here sends it' : ''}`,
          ),
          ...deaf.map(({ address, why }) => `no resolver could listen at ${address} (${why})`),
          ...(doors === 0 ? ['no service of ours is reached by the host itself'] : []),
        ];
        if (problems.length === 0) return pass(`${proven.length} tries of the host itself were heard, by each way`);
        return fail(
          listed(problems),
          'What follows proves nothing until this holds. ICMP needs ping or perl; port 53 of the host’s loopback must be free while this runs.',
        );
      }),
  },
  closed('egress-tcp', 'tcp'),
  closed('egress-udp', 'udp'),
  closed('egress-dns', 'dns'),
  closed('egress-icmp', 'icmp'),
  {
    name: 'routes',
    group: 'Ways out',
    title: 'Routes of containers',
    judge: ({ egress, engine }) =>
      of(egress, ({ probed }) =>
        of(engine, ({ described, subnet }) => {
          const networks = new Map(
            described.networks.map(({ name, number }) => [name, networkPlan(subnet, number).cidr]),
          );
          const wrong = probed.flatMap(({ container, routes, devices, six }) => {
            if (routes === null) return [`${container} ended meanwhile`];
            const wanted = described.containers.find(({ name }) => name === container)?.networks;
            if (wanted !== undefined && 'of' in wanted) return [];
            const own = [...(wanted?.keys() ?? [])].flatMap((name) => networks.get(name) ?? []);
            const leading = routes.filter(({ subnet: to, gateway }) =>
              gateway === null
                ? !own.some((one) => within(to, one))
                : !own.some((one) => overlap(`${gateway}/32`, one)),
            );
            return [
              ...leading.map(({ subnet: to, gateway, device }) => `${container}: ${to} by ${gateway ?? device}`),
              ...(devices.length > own.length ? [`${container}: interfaces ${devices.join(', ')}`] : []),
              ...six.map((device) => `${container}: IPv6 on ${device}`),
            ];
          });
          if (wrong.length === 0) return pass(`${probed.length} containers, into their own networks alone`);
          return fail(listed(wrong), CLOSE);
        }),
      ),
  },
];

function closed(name: string, way: ProbeTry['way']): Check {
  return {
    name,
    group: 'Ways out',
    title: `No way out by ${WORDS[way]}`,
    judge: ({ egress }) => of(egress, (facts) => judgeWay(facts, way)),
  };
}

function judgeWay({ probed, proven, deaf }: EgressFacts, way: ProbeTry['way']): Verdict {
  const untried = probed.flatMap(({ container, error, answers }) => {
    if (error !== null) return [`${container} (${error})`];
    const mine = answers.filter((one) => one.way === way);
    if (mine.length === 0) return [`${container} (nothing was sent)`];
    return mine.some(({ said }) => said === 'NO_TOOL') ? [`${container} (nothing here sends it)`] : [];
  });
  const out = probed.flatMap(({ container, answers }) => {
    const [first, ...more] = answers.filter((one) => one.way === way && one.reached);
    if (first === undefined) return [];
    return [`${container} gets out: ${inWords(first)}${more.length === 0 ? '' : `, and by ${more.length} more`}`];
  });
  if (out.length > 0) return fail(listed(out), CLOSE);
  if (probed.length === 0) return fail('no container of ours runs, so nothing was tried', 'Start the appliance.');
  if (untried.length > 0) return fail(`not tried from ${listed(untried)}`, 'Verify again; frostbyte doctor says more.');
  const heard = proven.filter((one) => one.way === way);
  if (heard.length === 0 || heard.some(({ reached }) => !reached) || (way === 'dns' && deaf.length > 0))
    return fail('the host would not have heard it: see “The host would hear it”', 'Mend that, and verify again.');
  const tries = probed.reduce((sum, { answers }) => sum + answers.filter((one) => one.way === way).length, 0);
  return pass(`${tries} tries from ${probed.length} containers, none was heard`);
}
