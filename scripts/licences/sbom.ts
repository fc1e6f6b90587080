/** What ships, as CycloneDX 1.6: the same components give the same bytes. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../appliance/kernel/canonical-json.ts';
import type { Component, Judged } from './policy.ts';

export interface SbomSubject {
  name: string;
  version: string;
  type: 'application' | 'container';
  /** Seconds since 1970. */
  built_at: number;
}

/** The bill of materials of one thing that ships. */
export function writeSbom(subject: SbomSubject, judged: readonly Judged[]): string {
  const components = judged.map(componentOf).toSorted((a, b) => (a['bom-ref'] < b['bom-ref'] ? -1 : 1));
  return writeCycloneDx(subject, { components });
}

/** A document of CycloneDX 1.6 about something, with its serial number made of what is in it. */
export function writeCycloneDx({ name, version, type, built_at }: SbomSubject, content: object): string {
  const body = {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      timestamp: new Date(built_at * 1000).toISOString(),
      component: { type, name, version, 'bom-ref': `${name}@${version}` },
    },
    ...content,
  };
  return `${canonicalJson({ ...body, serialNumber: `urn:uuid:${uuidOf(canonicalJson(body))}` })}\n`;
}

/** Several as one: what is in more than one stands there once. */
export function mergeJudged(all: readonly (readonly Judged[])[]): Judged[] {
  return [...new Map(all.flat().map((one) => [purlOf(one.component), one])).values()];
}

function componentOf({ component, licences }: Judged) {
  const { name, version, sha256, sha512, ecosystem, programs = [] } = component;
  const hashes = [
    ...(sha256 === undefined ? [] : [{ alg: 'SHA-256', content: sha256 }]),
    ...(sha512 === undefined ? [] : [{ alg: 'SHA-512', content: sha512 }]),
  ];
  const purl = purlOf(component);
  return {
    type: ecosystem === 'generic' ? 'application' : 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    ...(hashes.length === 0 ? {} : { hashes }),
    licenses: licences.map((licence) => ({
      license: licence.startsWith('LicenseRef-') ? { name: licence } : { id: licence },
    })),
    ...(programs.length === 0 ? {} : { components: programs.map(fileOf) }),
  };
}

function fileOf({ path, sha256 }: { path: string; sha256: string }) {
  return { type: 'file', name: path, hashes: [{ alg: 'SHA-256', content: sha256 }] };
}

/** The name of a component everywhere (purl-spec). */
export function purlOf(component: Component): string {
  const { ecosystem, name, version, arch } = component;
  const part = (text: string) => encodeURIComponent(text).replaceAll('%3A', ':');
  const path = name.split('/').map(part).join('/');
  const vendor = vendorOf(component);
  if (vendor !== undefined) return `pkg:${ecosystem}/${part(vendor)}/${path}@${part(version)}?arch=${arch}`;
  return `pkg:${ecosystem}/${path}@${part(version)}`;
}

/** Whose package it is, by a distribution's short name; undefined: it is of none. */
export const vendorOf = ({ distribution, ecosystem }: Component): string | undefined =>
  distribution ?? VENDORS[ecosystem];

const VENDORS: Readonly<Record<string, string>> = { deb: 'debian', apk: 'alpine' };

/** A UUID (version 8) made of a text. */
function uuidOf(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
