/** The Compose files of the core stack, from its one description (`appliance/control/stack/`). */
import { Document, isScalar, type Scalar, type YAMLMap } from 'yaml';
import { CORE_NETWORKS, PROJECT } from '../../appliance/control/stack/addresses.ts';
import {
  CORE_SERVICES,
  CORE_VOLUMES,
  GIVEN,
  QDRANT_SERVICE,
  type Secret,
} from '../../appliance/control/stack/core-services.ts';
import { composeCheck, composeNetwork, composeService, composeVolume, given, SUBNET } from './service.ts';

const MADE = ' Made from appliance/control/stack/ by make gen: change it there.\n';
const CORE = `${MADE}
 The core stack: the stores that control hands out to tenants, and the scanner. Static: tenants’ networks and containers
 are control’s, which makes them through the engine (spec 7, "Compose"). Whoever starts it gives:
${Object.values(GIVEN)
  .filter((each) => each !== GIVEN.vectors)
  .map(({ name, what }) => `   ${name.padEnd(20)}  ${what}\n`)
  .join('')}\
   ${SUBNET.name.padEnd(20)}  the first half of all addresses, where that in here is taken; 0 is the stores’, 255 the
                         scanner’s, the rest is for tenants`;
const TLS = `${MADE}
 The stores over TLS: docker compose --file core.yaml --file tls.yaml. Each finds its certificate among the secrets and
 then speaks TLS 1.3, MinIO and Redis nothing else; PostgreSQL lets in over TLS alone whom control lets in (stack.tls: on).
 PostgreSQL and MinIO hear those alone who show a certificate of the clients’ authority; gateways have none, so the limits
 that they share ask for a password only.`;
const QDRANT = `${MADE}
 Qdrant beside the core stack, where the bundle brings it: docker compose --file core.yaml --file qdrant.yaml. Without it
 each tenant’s vectors lie in a file of its own.`;
const QDRANT_TLS = `${MADE}
 Qdrant over TLS: behind core.yaml, tls.yaml and qdrant.yaml. It hears those alone who show a certificate of the clients’
 authority, so its check sees no more than that it listens.`;

/** Their texts by name. */
export function composeFiles(): ReadonlyMap<string, string> {
  const core = {
    name: PROJECT,
    services: Object.fromEntries(CORE_SERVICES.map((service) => [service.name, composeService(service)])),
    networks: byName(keys(CORE_NETWORKS), composeNetwork),
    volumes: byName(
      keys(CORE_VOLUMES).filter((name) => name !== 'vectors'),
      composeVolume,
    ),
    secrets: secretFiles(CORE_SERVICES.flatMap(({ secrets = [] }) => secrets)),
  };
  const overTls = CORE_SERVICES.filter(({ tlsSecrets }) => tlsSecrets !== undefined);
  const tls = {
    services: Object.fromEntries(overTls.map(({ name, tlsSecrets }) => [name, { secrets: tlsSecrets }])),
    secrets: secretFiles(overTls.flatMap(({ tlsSecrets = [] }) => tlsSecrets)),
  };
  const { name: qdrant, secrets = [], tlsSecrets = [], check } = QDRANT_SERVICE;
  const beside = {
    services: { [qdrant]: composeService(QDRANT_SERVICE) },
    volumes: byName(['vectors'], composeVolume),
    secrets: secretFiles(secrets),
  };
  const besideOverTls = {
    services: { [qdrant]: { secrets: tlsSecrets, healthcheck: composeCheck(check!.tls) } },
    secrets: secretFiles(tlsSecrets.filter((name) => !(name in tls.secrets))),
  };
  const remarks = new Map(CORE_SERVICES.map(({ name, remark }) => [name as string, remark]));
  return new Map([
    ['core.yaml', textOf(core, CORE, remarks)],
    ['tls.yaml', textOf(tls, TLS, new Map())],
    ['qdrant.yaml', textOf(beside, QDRANT, new Map())],
    ['qdrant-tls.yaml', textOf(besideOverTls, QDRANT_TLS, new Map())],
  ]);
}

function byName<Name extends string>(all: readonly Name[], of: (name: Name) => object): Record<string, object> {
  return Object.fromEntries(all.map((name) => [name, of(name)]));
}

const keys = <Name extends string>(all: Readonly<Record<Name, unknown>>): Name[] => Object.keys(all) as Name[];

function secretFiles(names: readonly Secret[]): Record<string, { file: string }> {
  return Object.fromEntries([...new Set(names)].map((name) => [name, { file: `${given('secrets')}/${name}` }]));
}

/** Quoted where older readers of YAML would take a word for something else; a remark before whom it is about. */
function textOf(content: object, head: string, remarks: ReadonlyMap<string, string | undefined>): string {
  const document = new Document(content, { schema: 'yaml-1.1', aliasDuplicateObjects: false });
  document.commentBefore = head;
  for (const { key } of (document.get('services') as YAMLMap<Scalar<string>>).items) {
    const remark = remarks.get(key.value);
    if (isScalar(key) && remark !== undefined) key.commentBefore = remark.replaceAll(/^/gm, ' ');
  }
  return document.toString({ lineWidth: 0 });
}
