import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PIPELINE_VERSION } from '../../audit/entry.ts';
import { readManifest } from '../../bundle/format/manifest.ts';
import { gatherFacts } from '../../bundle/preflight/gather/gather.ts';
import type { HostPort } from '../../bundle/preflight/host-port.ts';
import { judgeHost } from '../../bundle/preflight/judge.ts';
import { needsOf } from '../../bundle/preflight/needs.ts';
import { masked } from '../../config/masked.ts';
import { diagnose } from '../../observability/doctor/diagnose.ts';
import type { Observed } from '../../observability/doctor/observed.ts';
import { type Missing, type Part, tailOf, withManifest } from '../../observability/support-bundle/pack.ts';
import { type Redaction, redactLine, redactText } from '../../observability/support-bundle/redact.ts';
import { observe } from '../doctor/observe.ts';
import { reasonOf, within } from '../doctor/sight.ts';
import type { Patient } from '../doctor/where.ts';
import { gatewayUrl } from '../host/readiness.ts';
import { containerLogs, journals, type LogSource, logFiles } from './logs.ts';
import { evidenceOutline, operationJournals } from './records.ts';

export interface Wanted {
  patient: Patient;
  host: HostPort;
  /** Files with lines of an appliance that no service manager runs. */
  logs: readonly string[];
  now: Date;
}

/** Each part has its time, beside what its own questions have. */
const PART_MS = 30_000;

/**
 * Everything that a support bundle has, in memory and redacted; nothing is written. Parts that cannot be had are named in its
 * manifest with the reason.
 */
export async function collect({ patient, host, logs, now }: Wanted): Promise<Part[]> {
  const { config, layout } = patient;
  const parts: Part[] = [];
  const missing: Missing[] = [];
  const take = async (path: string, make: () => string | Promise<string>) => {
    try {
      parts.push({ path, ...tailOf(await within(PART_MS, async () => make())) });
    } catch (error) {
      missing.push({ path, why: reasonOf(error) });
    }
  };
  const asJson = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

  const observed = await observe(patient, host);
  const about = redactionFor(patient, observed);
  await take('about.json', () => asJson(aboutHost(host, observed)));
  await take('settings.json', () => redactedJson(settingsOf(patient), about));
  await take('doctor.json', () => asJson(diagnosisOf(observed, about)));
  await take('states.json', () => redactedJson(statesOf(observed), about));
  await take('preflight.json', () => preflightOf(patient, host, about));
  await take('metrics.txt', () => metricsOf(gatewayUrl(config)));
  await take('evidence.json', () => asJson(evidenceOutline(layout)));
  for (const { name, read } of operationJournals(layout, (text) => redactText(text, about)))
    await take(`operations/${name}.jsonl`, read);
  for (const source of sourcesOf(patient, host, observed, logs))
    await take(source.path, async () => lines(await source.read(), (line) => redactLine(line, about)));
  return withManifest(parts, missing, {
    made_at: now.toISOString(),
    version: observed.installation.version ?? PIPELINE_VERSION,
    mode: config.mode,
  });
}

function sourcesOf({ config }: Patient, host: HostPort, observed: Observed, logs: readonly string[]): LogSource[] {
  const names = (observed.engine?.containers ?? []).map(({ name }) => name);
  return [
    ...(host.exists('/run/systemd/system') ? journals(host) : []),
    ...(config.mode === 'stack' ? containerLogs(host, config.stack.engine, names) : []),
    ...logFiles(logs),
  ];
}

/** What names something of this appliance: no secret to whoever helps. */
function redactionFor({ config }: Patient, { work, engine }: Observed): Redaction {
  const tenants = (work.tenants ?? []).map(({ tenant_id }) => tenant_id);
  const containers = (engine?.containers ?? []).flatMap(({ name, service }) => [name, service]);
  const own = [
    'frostbyte-control',
    'frostbyte-gateway',
    'frostbyte-control.service',
    'frostbyte-gateway.service',
    'docker.service',
  ];
  return {
    known: new Set([...tenants, ...tenants.map((id) => `tenant_${id}`), ...containers, ...own]),
    subnet: config.stack.subnet,
  };
}

function aboutHost(host: HostPort, { mode, installation: { state, version, arch } }: Observed): object {
  const release = host.read('/etc/os-release') ?? '';
  return {
    version: PIPELINE_VERSION,
    installed: { state, version, arch },
    mode,
    node: process.version,
    system: /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(release)?.[1] ?? null,
    kernel: host.read('/proc/sys/kernel/osrelease')?.trim() ?? null,
    machine: host.self().machine,
  };
}

/** Settings that are in force; of an address that leads elsewhere, who is asked and with what is left out. */
function settingsOf({ config, settingsProblem }: Patient): object {
  const { embedder } = config;
  const { url } = embedder.endpoint;
  const endpoint = { ...embedder.endpoint, url: url === null ? null : '▒' };
  return { problem: settingsProblem, settings: masked({ ...config, embedder: { ...embedder, endpoint } }) };
}

function statesOf({ services, engine, work, host }: Observed): object {
  const { disks, memory_available_bytes, clock } = host;
  return { services, engine, work, host: { disks, memory_available_bytes, clock } };
}

/** What is found, by its code: title, why and mend stand in the catalogue. */
function diagnosisOf(observed: Observed, about: Redaction): object {
  const { findings, blind, ...rest } = diagnose(observed);
  const said = (text: string) => redactText(text, about);
  return {
    ...rest,
    findings: findings.map(({ code, severity, found }) => ({ code, severity, found: found.map(said) })),
    blind: blind.map(({ what, why }) => ({ what: said(what), why: said(why) })),
  };
}

async function preflightOf({ layout, config }: Patient, host: HostPort, about: Redaction): Promise<string> {
  const facts = await gatherFacts(host, layout);
  const file = join(layout.current, 'MANIFEST.json');
  const place = { subnet: `${config.stack.subnet}.0.0/16`, port: config.listen.port };
  const report = existsSync(file) ? judgeHost(facts, needsOf(readManifest(readFileSync(file, 'utf8')), place)) : null;
  const checks = report?.checks.map(({ name, result, strict }) => ({ name, result, strict })) ?? null;
  const { network, system, processors, cgroups, ...rest } = facts;
  // The site’s own addresses, and the host’s name, are its own; what processors can do is nobody’s.
  const { name, kernel, machine, libc } = system;
  const told = { system: { name, kernel, machine, libc }, processors, cgroups };
  const { listening, ipv6 } = network;
  const more = strings(
    { ...rest, network: { listening: listening.map(({ port, process: by }) => ({ port, process: by })), ipv6 } },
    about,
  );
  return `${JSON.stringify({ checks, facts: { ...told, ...(more as object) } }, null, 2)}\n`;
}

const METRIC = /^(?:# (?:HELP|TYPE) )?(?:frostbyte|process|nodejs)_[a-z_]+(?: .*|\{[\w="/.,:{}+ -]*\} [0-9.eE+-]+|)$/;

async function metricsOf(url: string): Promise<string> {
  const answer = await fetch(`${url}/metrics`).catch(() => null);
  if (answer === null || !answer.ok) throw new Error('no answer of the gateway');
  return lines(await answer.text(), (line) => (METRIC.test(line) ? line : ''));
}

/** Strings of a record are of ours or of a program’s: each goes through the list. */
function redactedJson(value: unknown, about: Redaction): string {
  return `${JSON.stringify(strings(value, about), null, 2)}\n`;
}

function strings(value: unknown, about: Redaction): unknown {
  if (typeof value === 'string') return redactText(value, about);
  if (Array.isArray(value)) return value.map((one) => strings(one, about));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, strings(one, about)]));
}

function lines(text: string, each: (line: string) => string): string {
  const all = text.split('\n').map(each);
  return all.join('\n');
}
