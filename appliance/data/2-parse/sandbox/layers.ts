import { type Wrapper, type WrapperParts, wrapperCandidates } from './command.ts';
import type { ChildEntry } from './entry.ts';
import { type ProbeResult, runProbe } from './probe.ts';
import { limitValues, type ParserBudget } from './resource-limits.ts';
import { findTool } from './tools.ts';

/** The layers of the sandbox (spec 2 B), outermost last. */
export type LayerName =
  | 'permission_model'
  | 'empty_environment'
  | 'resource_limits'
  | 'network_namespace'
  | 'dropped_privileges';

export interface SandboxLayer {
  name: LayerName;
  state: 'active' | 'missing';
  /** True when parsing stops without it in this mode. */
  required: boolean;
  /** What holds, or what is missing and how to mend it. */
  message: string;
}

export interface SandboxLayers {
  mode: 'full' | 'reduced';
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
  reduced: ['permission_model', 'empty_environment'],
});

/**
 * Finds the best way to wrap a parser on this host and checks each layer for real: a probe with a parser's own flags
 * runs inside and tries to read, to start programs and to connect. At most eight starts of Node, one where all is well.
 */
export async function checkLayers(
  mode: SandboxLayers['mode'],
  entry: ChildEntry,
  budget: ParserBudget,
  parts: WrapperParts = hostParts(),
): Promise<SandboxPlan> {
  for (const wrapper of wrapperCandidates(parts, process.getuid?.() === 0, budget)) {
    const found = await runProbe(wrapper, entry, budget);
    if (found?.entry === true) return { layers: judge(mode, wrapper, found, budget), wrapper };
  }
  return { layers: judge(mode, null, null, budget), wrapper: null };
}

/** The programs of this host that make the layers. */
function hostParts(): WrapperParts {
  return { prlimit: findTool('prlimit'), setpriv: findTool('setpriv'), unshare: findTool('unshare') };
}

function judge(
  mode: SandboxLayers['mode'],
  wrapper: Wrapper | null,
  found: ProbeResult | null,
  budget: ParserBudget,
): SandboxLayers {
  const verdicts: Record<LayerName, [boolean, string]> = {
    permission_model: permissionModel(found),
    empty_environment: emptyEnvironment(found),
    resource_limits: resourceLimits(found, budget),
    network_namespace: networkNamespace(wrapper, found),
    dropped_privileges: droppedPrivileges(found),
  };
  const layers = (Object.keys(verdicts) as LayerName[]).map((name): SandboxLayer => {
    const [active, message] = verdicts[name];
    return { name, state: active ? 'active' : 'missing', required: REQUIRED[mode].includes(name), message };
  });
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

function droppedPrivileges(found: ProbeResult | null): [boolean, string] {
  if (found === null) return CANNOT_START;
  if (found.sealed && /^0+$/.test(found.capabilities ?? '')) {
    return [true, 'The parser has no capabilities and cannot gain any.'];
  }
  return [false, 'The parser keeps privileges that it does not need. Install util-linux, which has setpriv.'];
}
