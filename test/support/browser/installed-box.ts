import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Page } from 'playwright-core';
import * as host from '../../../appliance/api/schemas/host.ts';
import { sectionsOf } from '../../../appliance/bin/host/boundary/sections.ts';
import type { BoundaryStatement } from '../../../appliance/bin/host/boundary/statement.ts';
import type { BoundaryReport, ControlVerbs, InstallationReport } from '../../../appliance/control/verbs.ts';
import { sha256Hex } from '../../../appliance/kernel/digest.ts';
import { FAILURES } from '../../../appliance/observability/doctor/catalogue.ts';
import { loadAssets } from '../../../appliance/ui/assets.ts';

/** The pages about an installed host, without one: a gateway over control's reports, each held to the form that the API promises. */

const SECRET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ';
const at = (day: number) =>
  `2026-0${1 + Math.floor(day / 28)}-${String(1 + (day % 28)).padStart(2, '0')}T09:12:44.310Z`;
const hash = (seed: number) => sha256Hex(String(seed));

const SERVICES = ['redis', 'postgres', 'objects', 'qdrant', 'clamav', 'scanner', 'embedder', 'relay'];
const TENANTS = ['nordlaw', 'fjellkai', 'sykehuset', 'kommune'];

function installation(): InstallationReport {
  const image = (name: string) => `frostbyte.local/${name}:1.2.3`;
  return {
    release: {
      ...{ version: '1.2.3', counter: 17, arch: 'amd64', manifest_sha256: hash(7) },
      signer: 'SHA256:7Q1GmEoWJHPIdOqQ4xvJDq0Tn4Yw3Ym2aVwzBBrjQ0E',
    },
    images: SERVICES.map((name, n) => ({
      name: image(name),
      digest: `sha256:${hash(n + 40)}`,
      bytes: 31_000_000 * (n + 1),
    })),
    containers: [
      ...SERVICES.map((name, n) => ({
        name: `frostbyte-${name}-1`,
        image: image(name),
        image_id: `sha256:${hash(n + 80)}`,
        running: name !== 'relay',
      })),
      ...TENANTS.flatMap((id, n) =>
        ['plane', 'parser'].map((part) => ({
          name: `frostbyte-${part}-${id}`,
          image: image('appliance'),
          image_id: `sha256:${hash(n + 120)}`,
          running: true,
        })),
      ),
    ],
    networks: [
      { name: 'frostbyte-core', internal: true, subnets: ['172.28.0.0/24'], members: 8 },
      ...TENANTS.map((id, n) => ({
        name: `frostbyte-tenant-${id}`,
        internal: id !== 'kommune',
        subnets: [`172.28.${n + 1}.0/24`],
        members: 3,
      })),
    ],
    evidence: {
      count: 212,
      head: hash(3),
      records: ['verify', 'install', 'verify-installation', 'boundary', 'upgrade', 'export'].map((action, n) => ({
        ...{ n, at: at(n * 3), by: n % 2 === 0 ? 'root (frida)' : 'root', action },
        ...{
          bundle: `1.${n < 4 ? 1 : 2}.3 (${n < 4 ? 16 : 17})`,
          result: ['ok', 'ok', 'ok', 'overridden', 'failed', 'refused'][n]!,
          hash: hash(n),
        },
      })),
    },
  };
}

function statement(): BoundaryStatement {
  return {
    ...{
      format: 1,
      product: 'frostbyte',
      made_at: at(40),
      host: 'box.nordlaw.example',
      version: '1.2.3',
      bundle: null,
      closed: false,
    },
    networks: installation().networks!.map(({ name, internal, subnets }) => ({
      ...{ name, internal, subnets },
      members: SERVICES.slice(0, 3).map((service, n) => ({
        container: `frostbyte-${service}-1`,
        address: `172.28.0.${n + 2}`,
      })),
    })),
    openings: [
      { what: 'gateway, for this host alone', where: '127.0.0.1:8080' },
      { what: 'second door, over TLS 1.3', where: '10.20.30.40:8443 for 10.20.0.0/16' },
    ],
    verified: [
      { name: 'files', title: 'Every byte of the installation', result: 'pass', found: '4,812 files as signed' },
      {
        name: 'ways-out',
        title: 'Ways out of containers',
        result: 'fail',
        found: 'frostbyte-plane-kommune reached 198.51.100.7:443',
      },
    ],
    stores: [
      { what: 'documents', where: '/var/lib/frostbyte/volumes/objects', sealed: 'each object by a key of its tenant' },
      { what: 'records', where: '/var/lib/frostbyte/volumes/postgres', sealed: 'by the disk' },
    ],
    disks: [{ path: '/var/lib/frostbyte', mount: '/var', device: '/dev/mapper/vg0-var', encrypted: true }],
    keys: {
      ...{ root: 'sealed', recovery_recipient: `age1${'q'.repeat(58)}` },
      tenants: TENANTS.map((tenant_id, n) => ({ tenant_id, state: 'ACTIVE', key_version: n + 1, rotated_at: at(n) })),
    },
    readers: [{ who: 'tenant_admin', reads: 'documents and log of the own tenant', tokens: 7 }],
    isolation: TENANTS.map((tenant_id, n) => ({ tenant_id, checked_at: at(n + 30), passed: tenant_id !== 'kommune' })),
  };
}

/** What the doctor of a host that is not well says: failures as the catalogue has them. */
function diagnosis() {
  const findings = FAILURES.slice(0, 4).map(({ code, title, why, mend }, n) => ({
    ...{ code, title, why, mend, severity: n === 0 ? 'critical' : 'warning' },
    found: [`/var/lib/frostbyte: ${90 + n} % of 40 GiB`],
  }));
  return {
    looked_for: FAILURES.length,
    ok: false,
    findings,
    blind: [{ what: 'the engine', why: 'it did not answer in time' }],
  };
}

const support = {
  files: ['about.json', 'doctor.json', 'logs/containers/frostbyte-plane-nordlaw.log', 'logs/frostbyte-control.log'].map(
    (path, n) => ({ path, bytes: 4096 * (n + 1) ** 4, cut: n === 3 }),
  ),
  bytes: 181_204,
  missing: [{ path: 'logs/kernel.log', why: 'no answer: journalctl ended with 1' }],
};

/** Serves them, and leads a browser through: `look` is called where there is something to see. */
export async function installedPlaces(page: Page, look: (name: string) => Promise<void>): Promise<void> {
  // Whoever takes pictures runs no test, and so has nothing yet that compiles pages.
  await import('../../../appliance/bin/compile-pages.ts');
  const { gatewayWorld } = await import('../gateway-world.ts');
  const { sections, ...said } = { ...statement(), sections: sectionsOf(statement()) };
  const kept = {
    ...{ made_at: said.made_at, host: said.host, version: said.version, closed: said.closed },
    ...{
      verdict: 'This box is NOT shown to be closed. Failed: Ways out of containers.',
      signer: 'SHA256:hostKeyOfThisBoxAsItsFingerprintIsShown0000',
    },
    sections: sections.map(({ title, columns, rows }) => ({
      title,
      columns: [...columns],
      rows: rows.map((row) => [...row]),
    })),
  };
  let boundary: BoundaryReport = { statement: kept, being_made: false, failed: null };
  const verbs: Partial<ControlVerbs> = {
    session: async () => ({
      ...{ subject: 'frode', role: 'admin', tenant_id: null, jti: 'j', expires_at: '' },
      scopes: ['ingest', 'query', 'admin', 'audit'],
    }),
    installation: async () => host.InstallationAnswer.parse(installation()),
    diagnose: async () => host.DiagnosisAnswer.parse(diagnosis()),
    supportListing: async () => host.SupportListingAnswer.parse(support),
    boundary: async () => host.BoundaryAnswer.parse(boundary),
  };
  const parts = [...SERVICES, 'registry', 'signing keys'].map((name, n) => ({
    name,
    ok: n !== 2,
    message: n === 2 ? 'no answer within 2 s' : 'ok',
  }));
  const { fetch } = gatewayWorld({
    verbs,
    assets: loadAssets(),
    readiness: async () => parts,
    status: { mode: 'stack', version: '1.2.3', uptime_seconds: 400_000 },
  });
  const server = createServer(getRequestListener(fetch));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  try {
    await page.context().addCookies([{ name: 'frostbyte', value: SECRET, url }]);
    for (const path of ['appliance', 'doctor', 'support', 'boundary']) {
      await page.goto(`${url}/${path}`);
      await look(`installed-${path}`);
    }
    boundary = { ...boundary, failed: { at: at(41), code: 'OPERATION_FAILED', message: 'The engine did not answer.' } };
    await page.goto(`${url}/boundary`);
    await look('installed-boundary-failed');
    boundary = { statement: null, being_made: true, failed: null };
    await page.goto(`${url}/boundary`);
    await look('installed-boundary-being-made');
  } finally {
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}
