import { type Wrapper, type WrapperParts, wrapperCandidates } from './command.ts';
import type { ChildEntry } from './entry.ts';
import { type ProbeResult, runProbe } from './probe.ts';
import { limitValues, type ParserBudget } from './resource-limits.ts';
import { lookAround, type Surroundings } from './surroundings.ts';
import { findTool } from './tools.ts';

/** The layers of the sandbox (spec 2 B), outermost last. */
export const LAYER_NAMES = [
  'permission_model',
  'empty_environment',
  'resource_limits',
  'network_namespace',
  'dropped_privileges',
  'no_secrets',
] as const;
/** `parser_role` only where a parser of its own is silent. */
export type LayerName = (typeof LAYER_NAMES)[number] | 'parser_role';

export interface SandboxLayer {
  name: LayerName;
  state: 'active' | 'missing';
  /** True when parsing stops without it in this mode. */
  required: boolean;
  /** What holds, or what is missing and how to mend it. */
  message: string;
}

export interface SandboxLayers {
  /**
   * `contained`: the container around it takes the place of a network namespace of its own, which containers refuse; it
   * has no network, no privilege and no secret, and that is looked at, not believed. `reduced`: whatever holds.
   */
  mode: 'full' | 'contained' | 'reduced';
  /** True when no required layer is missing. */
  ok: boolean;
  layers: SandboxLayer[];
}

/** The layers, and the command line prefix that makes them; null when a parser cannot be started at all. */
export interface SandboxPlan {
  layers: SandboxLayers;
  wrapper: Wrapper | null;
}

const REQUIRED: Readonly<Record<SandboxLayers['mode'], readonly LayerName[]>> = Object.freeze({
  full: ['permission_model', 'empty_environment', 'resource_limits', 'network_namespace'],
  contained: LAYER_NAMES,
  reduced: ['permission_model', 'empty_environment'],
});

/**
 * Finds the best way to wrap a parser on this host and checks each layer for real: a probe with a parser's own flags
 * runs inside and tries to read, to start programs and to connect. At most eight starts of Node, one where all is well.
 * What was found is held against the first of `modes`, and where that misses something against the next.
 */
export async function checkLayers(
  modes: readonly SandboxLayers['mode'][],
  entry: ChildEntry,
  budget: ParserBudget,
  parts: WrapperParts = hostParts(),
  around: () => Surroundings = lookAround,
): Promise<SandboxPlan> {
  const { wrapper, found } = await bestWrapper(entry, budget, parts);
  let layers: SandboxLayers | undefined;
  for (const mode of modes) {
    layers = judge(mode, { wrapper, found, budget, around: mode === 'contained' ? around() : null });
    if (layers.ok) break;
  }
  return { layers: layers!, wrapper };
}

async function bestWrapper(entry: ChildEntry, budget: ParserBudget, parts: WrapperParts) {
  for (const wrapper of wrapperCandidates(parts, process.getuid?.() === 0, budget)) {
    const found = await runProbe(wrapper, entry, budget);
    if (found?.entry === true) return { wrapper, found };
  }
  return { wrapper: null, found: null };
}

/** The programs of this host that make the layers. */
function hostParts(): WrapperParts {
  return { prlimit: findTool('prlimit'), setpriv: findTool('setpriv'), unshare: findTool('unshare') };
}

interface Findings {
  wrapper: Wrapper | null;
  found: ProbeResult | null;
  budget: ParserBudget;
  /** Looked at where the container is the wall. */
  around: Surroundings | null;
}

function judge(mode: SandboxLayers['mode'], { wrapper, found, budget, around }: Findings): SandboxLayers {
  const verdicts: Partial<Record<LayerName, [boolean, string]>> = {
    permission_model: permissionModel(found),
    empty_environment: emptyEnvironment(found),
    resource_limits: resourceLimits(found, budget),
    network_namespace: around === null ? networkNamespace(wrapper, found) : noNetwork(found, around),
    dropped_privileges: droppedPrivileges(found, around),
    ...(around === null ? {} : { no_secrets: noSecrets(around) }),
  };
  const layers = (Object.entries(verdicts) as [LayerName, [boolean, string]][]).map(
    ([name, [active, message]]): SandboxLayer => ({
      name,
      state: active ? 'active' : 'missing',
      required: REQUIRED[mode].includes(name),
      message,
    }),
  );
  return { mode, ok: layers.every((layer) => layer.state === 'active' || !layer.required), layers };
}

const CANNOT_START: [boolean, string] = [
  false,
  'No parser process could be started. Check that the program files are readable and that the memory limit is not below 64 MB.',
];

function permissionModel(found: ProbeResult | null): [boolean, string] {
  if (found === null) return CANNOT_START;
  if (found.read === 'ERR_ACCESS_DENIED' && found.spawn === 'ERR_ACCESS_DENIED') {
    return [true, "Node's permission model refuses files and child processes."];
  }
  return [false, 'Node does not refuse files or child processes. Run the appliance with the Node that came with it.'];
}

function emptyEnvironment(found: ProbeResult | null): [boolean, string] {
  if (found === null) return CANNOT_START;
  if (found.environment.length === 0) return [true, 'The parser has no environment variables.'];
  return [
    false,
    'Something adds environment variables to every process. Remove it (a preloaded library, for example).',
  ];
}

function resourceLimits(found: ProbeResult | null, budget: ParserBudget): [boolean, string] {
  if (found === null) return CANNOT_START;
  const want = limitValues(budget);
  if (found.data === want.data && found.cpu === want.cpu && found.files === want.nofile) {
    return [
      true,
      `Memory is limited to ${budget.memoryLimitMb} MB beside Node's own, processor time to ${want.cpu} s.`,
    ];
  }
  return [false, 'The limits of prlimit do not hold. Install util-linux, or raise the hard limits of this service.'];
}

function networkNamespace(wrapper: Wrapper | null, found: ProbeResult | null): [boolean, string] {
  if (found === null) return CANNOT_START;
  if (wrapper?.network === true && found.connect === 'ENETUNREACH') {
    return [true, 'The parser has a network namespace of its own; not even loopback answers.'];
  }
  return [
    false,
    'A network namespace is refused here. Allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, ' +
      'or on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0).',
  ];
}

/** No interface but loopback around it, and no route from inside: asked without a word sent. */
function noNetwork(found: ProbeResult | null, { interfaces }: Surroundings): [boolean, string] {
  if (found === null) return CANNOT_START;
  if (interfaces?.length === 0 && found.route === 'ENETUNREACH') {
    return [true, 'The parser is in a container that has no network.'];
  }
  const seen = interfaces === null ? 'its interfaces cannot be seen' : `up: ${interfaces.join(', ') || 'a route'}`;
  return [
    false,
    `A network namespace of its own is refused to the parser here, and around it there is a network (${seen}). Run the role in a container without one.`,
  ];
}

function droppedPrivileges(found: ProbeResult | null, around: Surroundings | null): [boolean, string] {
  if (found === null) return CANNOT_START;
  if (around?.privileged) {
    return [
      false,
      'The role itself has privileges that a parser could take. Run it as a user, without capabilities (cap_drop: ALL, no-new-privileges).',
    ];
  }
  if (found.sealed && /^0+$/.test(found.capabilities ?? '')) {
    return [true, 'The parser has no capabilities and cannot gain any.'];
  }
  return [false, 'The parser keeps privileges that it does not need. Install util-linux, which has setpriv.'];
}

function noSecrets({ secrets }: Surroundings): [boolean, string] {
  if (secrets.length === 0) return [true, 'Around the parser there are no secrets.'];
  return [
    false,
    `Around the parser there is what may be secret: ${secrets.slice(0, 5).join(', ')}. Start the role without it.`,
  ];
}
