import { metadataChecker } from '../../api/custom-fields/metadata.ts';
import type { CustomFields } from '../../api/custom-fields/schema.ts';
import type { RouteName } from '../../api/routes.ts';
import type { CustomFieldsAnswer, MetadataVerdict } from '../../api/schemas/custom-fields.ts';
import type { DataRoute } from '../app.ts';
import { answer } from './answer.ts';

/** The tenant's side of custom fields (spec 3): reading the schema, and trying metadata before files are sent. */
export const CUSTOM_FIELD_ROUTES: Partial<Record<RouteName, DataRoute>> = {
  async customFields({ plane }) {
    const { config, config_version } = await plane.config();
    const { custom_fields } = config;
    return answer({ tenant_id: plane.tenant_id, custom_fields, config_version } satisfies CustomFieldsAnswer);
  },

  async validateMetadata({ plane, body }) {
    const { metadata, custom_fields } = body as { metadata: Record<string, unknown>; custom_fields?: CustomFields };
    const schema = custom_fields ?? (await plane.config()).config.custom_fields;
    const problems = metadataChecker(schema)(metadata);
    return answer({
      valid: problems.length === 0,
      schema_version: schema?.schema_version ?? null,
      problems: problems.map(({ field, constraint, remediation }) => ({ field, constraint, remediation })),
    } satisfies MetadataVerdict);
  },
};
