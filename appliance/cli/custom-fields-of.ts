import type { CustomFields } from '../api/custom-fields/schema.ts';
import type { CustomFieldsAnswer } from '../api/schemas/custom-fields.ts';
import type { Client } from './client.ts';

/** A tenant's schema of metadata, or null where it has none. */
export async function customFieldsOf(api: Client, tenant: string): Promise<CustomFields | null> {
  return (await api.get<CustomFieldsAnswer>(`/ingest/${tenant}/custom-fields`)).data.custom_fields;
}
