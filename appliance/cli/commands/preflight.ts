import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { installedConfig } from '../../bin/host/installed-config.ts';
import { ownBundle } from '../../bin/where.ts';
import { addEvidence } from '../../bundle/evidence/log.ts';
import { type BundleManifest, readManifest } from '../../bundle/format/manifest.ts';
import { type HostLayout, hostLayout } from '../../bundle/host-layout.ts';
import { whoRuns } from '../../bundle/operation/who-runs.ts';
import type { Facts } from '../../bundle/preflight/facts.ts';
import { gatherFacts } from '../../bundle/preflight/gather/gather.ts';
import { thisHost } from '../../bundle/preflight/host-port.ts';
import { judgeHost, type Report, refuseAllowed } from '../../bundle/preflight/judge.ts';
import { type Needs, needsOf } from '../../bundle/preflight/needs.ts';
import { rangeOf } from '../../bundle/preflight/subnets.ts';
import { FrostbyteError } from '../../kernel/errors.ts';
import { globals, output } from '../context.ts';
import { CheckFailed } from '../exit.ts';
import { preflightTable } from '../preflight-table.ts';
import { onHost, type RootFlag } from './host-flags.ts';

/** What is asked of a host beside what the release asks. */
export interface HostFlags {
  allow: string[];
  /** As it was typed; what is installed here decides else. */
  subnet?: string;
  port?: string;
}

/** Adds it to a command. */
export function hostOptions(command: Command): Command {
  return command
    .option('--allow <names>', 'go on although these checks fail; needs --reason, and is recorded', split, [])
    .option('--subnet <a.b>', 'the first half of the containers’ addresses (else: as installed here, or 172.28)')
    .option('--port <number>', 'port of the gateway (else: as installed here, or 8080)');
}

interface PreflightFlags extends RootFlag, HostFlags {
  bundle?: string;
  record: boolean;
}

/** `frostbyte preflight`: whether this host can take a release, before anything is changed. */
export function preflightCommand(program: Command): void {
  hostOptions(onHost(program.command('preflight')))
    .description('Look whether this host can take the release: what there is, and what to mend; changes nothing')
    .option('--bundle <folder>', 'the bundle whose minimums count (else: the one that this program came with)')
    .option('--no-record', 'only look: what is allowed goes into no evidence')
    .addHelpText(
      'after',
      '\nExample:\n  frostbyte preflight\n  frostbyte preflight --bundle /media/stick/frostbyte-1.2.3-linux-amd64 --allow swap --reason "a laboratory"',
    )
    .action(async (flags: PreflightFlags, command: Command) => {
      const { reason } = globals(command);
      const layout = hostLayout(flags.root);
      refuseUnreasoned(flags, reason);
      const { facts, needs } = await lookAt(manifestOf(flags, layout), flags, layout);
      const report = judgeHost(facts, needs, flags.allow);
      if (flags.record) recordAllowed(report, facts, layout, reason);
      output(command).answer({ ...report, facts }, () => preflightTable(report, process.stdout.isTTY === true));
      if (!report.ok) throw new CheckFailed('PREFLIGHT_FAILED: this host cannot take the release yet.');
    });
}

/** Throws `VALIDATION_ERROR` for what cannot be allowed, or is without a reason. */
export function refuseUnreasoned({ allow }: HostFlags, reason: string | undefined): void {
  refuseAllowed(allow);
  if (allow.length === 0 || reason?.trim()) return;
  throw new FrostbyteError('VALIDATION_ERROR', 'What is allowed needs a reason: it is recorded.', {
    details: [{ field: 'reason', constraint: 'required with --allow' }],
  });
}

/** What there is on this host, and what the release needs of it. */
export async function lookAt(
  manifest: BundleManifest,
  flags: HostFlags,
  layout: HostLayout,
): Promise<{ facts: Facts; needs: Needs }> {
  const needs = needsOf(manifest, askOf(flags, layout));
  return { facts: await gatherFacts(thisHost(), layout), needs };
}

/** That checks were overridden is evidence. */
export function recordAllowed(
  { checks, version, ok }: Report,
  { now }: Facts,
  layout: HostLayout,
  reason: string | undefined,
): void {
  const allowed = checks.filter(({ result }) => result === 'allowed');
  if (allowed.length === 0) return;
  const { hostname } = thisHost().self();
  addEvidence(
    layout.evidence,
    {
      by: whoRuns(),
      host: hostname,
      action: 'preflight',
      bundle: null,
      result: 'overridden',
      detail: {
        version,
        ok,
        reason: reason ?? '',
        allowed: allowed.map(({ name, found }) => ({ name, found })),
        judged_at: now,
      },
    },
    () => new Date(),
  );
}

/** The manifest that was named, of the bundle that this program lies in, or of the release that runs. */
function manifestOf({ bundle }: PreflightFlags, { current }: HostLayout): BundleManifest {
  const candidates = bundle === undefined ? [ownBundle(), current] : [resolve(bundle)];
  const folder = candidates.find((each) => each !== null && existsSync(join(each, 'MANIFEST.json')));
  if (folder === undefined || folder === null) {
    throw new FrostbyteError(
      'VALIDATION_ERROR',
      'Whose minimums? There is no MANIFEST.json. Name a bundle with --bundle.',
      {
        details: [{ field: 'bundle', value: bundle ?? null, constraint: 'a folder with MANIFEST.json' }],
      },
    );
  }
  return readManifest(readFileSync(join(folder, 'MANIFEST.json'), 'utf8'));
}

/** Where the appliance is, where one is installed, or is to be, as it was typed or usual. */
export function chosenOf({ subnet, port }: HostFlags, layout: HostLayout): { subnet: string; port: string } {
  const here = existsSync(join(layout.settings, 'frostbyte.yaml')) ? installedConfig(layout) : null;
  return {
    subnet: subnet ?? here?.stack.subnet ?? '172.28',
    port: port ?? String(here?.listen.port ?? 8080),
  };
}

/** The same, looked at. Throws `VALIDATION_ERROR`. */
export function askOf(flags: HostFlags, layout: HostLayout): { subnet: string; port: number } {
  const { subnet: half, port: text } = chosenOf(flags, layout);
  const [port, subnet] = [Number(text), `${half}.0.0/16`];
  if (!/^\d+\.\d+$/.test(half) || rangeOf(subnet) === null || !Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new FrostbyteError('VALIDATION_ERROR', 'The subnet or the port cannot be read.', {
      details: [{ field: 'subnet, port', constraint: '172.28, and a number up to 65535' }],
    });
  }
  return { subnet, port };
}

const split = (text: string, before: string[]): string[] => [...before, ...text.split(',').map((name) => name.trim())];
