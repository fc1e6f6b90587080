import { sha256Hex } from '../../../kernel/digest.ts';
import { FrostbyteError } from '../../../kernel/errors.ts';
import type { Credentials } from './client.ts';
import { Connection, type ConnectionOptions } from './connection.ts';
import type { Policy } from './policy.ts';
import { Refusal } from './refusal.ts';
import { repeated } from './repeated.ts';
import { openBody, sealBody } from './sealed-body.ts';
import { signed } from './sign.ts';

export interface AdminOptions extends ConnectionOptions, Credentials {}

export interface User {
  /** The names of its policies, comma-separated; empty where it has none. */
  policyName: string;
  status: 'enabled' | 'disabled';
}

const PATH = '/minio/admin/v3';

/**
 * The part of MinIO's admin API that tenants need (spec 3, "MinIO users without `mc`"). The control plane alone holds the
 * credentials. Every call may be repeated; each throws the stores' errors only.
 */
export class MinioAdmin {
  readonly #connection: Connection;
  readonly #credentials: Credentials;

  constructor(options: AdminOptions) {
    this.#connection = new Connection(options);
    this.#credentials = { accessKey: options.accessKey, secretKey: options.secretKey };
  }

  /** Makes the policy or replaces it; users who have it are held to the new one at once. */
  async putPolicy(name: string, policy: Policy): Promise<void> {
    await this.#call('PUT', 'add-canned-policy', { name }, Buffer.from(JSON.stringify(policy)));
  }

  /** The names of all policies, those that the server brings included. */
  async policies(): Promise<string[]> {
    return Object.keys(JSON.parse((await this.#call('GET', 'list-canned-policies')).toString('utf8')) as object);
  }

  /** One that is not there is no error; one that a user has cannot be removed. */
  removePolicy(name: string): Promise<void> {
    return this.#unless('XMinioAdminNoSuchPolicy', this.#call('DELETE', 'remove-canned-policy', { name }));
  }

  /** Makes the user, enabled, or gives it another secret. A new one can do nothing before a policy is attached. */
  async putUser({ accessKey, secretKey }: Credentials): Promise<void> {
    const body = Buffer.from(JSON.stringify({ secretKey, status: 'enabled' }));
    await this.#call('PUT', 'add-user', { accessKey }, await sealBody(this.#credentials.secretKey, body));
  }

  /** Makes this the user's one policy. */
  async attachPolicy(policyName: string, accessKey: string): Promise<void> {
    await this.#call('PUT', 'set-user-or-group-policy', { policyName, userOrGroup: accessKey, isGroup: 'false' });
  }

  /** Effective with the next request of the user: requests carry their credentials, there are no sessions. */
  async setStatus(accessKey: string, status: User['status']): Promise<void> {
    await this.#call('PUT', 'set-user-status', { accessKey, status });
  }

  /** Removes the user and whatever was minted under it. One that is not there is no error. */
  removeUser(accessKey: string): Promise<void> {
    return this.#unless('XMinioAdminNoSuchUser', this.#call('DELETE', 'remove-user', { accessKey }));
  }

  /** All users by access key. */
  async users(): Promise<Map<string, User>> {
    const sealed = await this.#call('GET', 'list-users');
    const answer = JSON.parse((await openBody(this.#credentials.secretKey, sealed)).toString('utf8')) as object | null;
    const users = Object.entries((answer ?? {}) as Record<string, Partial<User>>);
    return new Map(
      users.map(([accessKey, { policyName = '', status = 'disabled' }]) => [accessKey, { policyName, status }]),
    );
  }

  close(): void {
    this.#connection.close();
  }

  async #unless(code: string, call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      const cause = error instanceof FrostbyteError ? error.cause : undefined;
      if (!(cause instanceof Refusal && cause.code === code)) throw error;
    }
  }

  async #call(method: string, verb: string, query: Record<string, string> = {}, body?: Buffer): Promise<Buffer> {
    const parameters = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
    const path = `${PATH}/${verb}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
    const payload = body ?? Buffer.alloc(0);
    const headers = { host: this.#connection.endpoint.host };
    const request = { method, path, headers, bodySha256: sha256Hex(payload) };
    const length = { 'content-length': payload.byteLength };
    return repeated(() =>
      this.#connection.call(method, path, { ...signed(request, this.#credentials, new Date()), ...length }, payload),
    );
  }
}
