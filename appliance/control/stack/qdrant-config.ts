import { PORTS } from './addresses.ts';

/** Where Qdrant keeps everything, in its container. */
export const QDRANT_FOLDER = '/vectors';
const SECRETS = '/run/secrets';

/**
 * All that Qdrant is told, as its file of settings (YAML reads JSON): collections open by tokens alone, nobody is told of its
 * use, and it fetches nothing from anywhere (spec 7, "Images"). Throws for an empty key: with one it would ask for none.
 */
export function qdrantConfig(apiKey: string, { isSecure }: { isSecure: boolean }): string {
  if (apiKey.length < 32) throw new Error('Qdrant without a key lets everybody in');
  const settings = {
    log_level: 'WARN',
    telemetry_disabled: true,
    storage: {
      storage_path: `${QDRANT_FOLDER}/storage`,
      snapshots_path: `${QDRANT_FOLDER}/snapshots`,
      temp_path: `${QDRANT_FOLDER}/temporary`,
      on_disk_payload: true,
    },
    service: {
      host: '0.0.0.0',
      http_port: PORTS.qdrant,
      grpc_port: null,
      api_key: apiKey,
      jwt_rbac: true,
      enable_cors: false,
      enable_static_content: false,
      enable_snapshot_url_recovery: false,
      enable_tls: isSecure,
      verify_https_client_certificate: isSecure,
    },
    cluster: { enabled: false },
    ...(isSecure && {
      tls: {
        cert: `${SECRETS}/qdrant_certificate`,
        key: `${SECRETS}/qdrant_key`,
        ca_cert: `${SECRETS}/clients_authority`,
        cert_ttl: 3600,
      },
    }),
  };
  return `${JSON.stringify(settings, null, 2)}\n`;
}
