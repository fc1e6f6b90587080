import { CustomFields } from '../custom-fields/schema.ts';
import { Metadata } from '../manifest.ts';
import { z } from '../zod.ts';
import { Reason, TenantId } from './common.ts';

/** Bodies of the routes of custom fields (spec 3). */

export const CustomFieldsAnswer = z
  .object({
    tenant_id: TenantId,
    /** Null where the tenant has no schema. */
    custom_fields: z.union([CustomFields, z.null()]),
    config_version: z.number().int(),
  })
  .openapi('TenantCustomFields');
export type CustomFieldsAnswer = z.infer<typeof CustomFieldsAnswer>;

export const SetCustomFieldsBody = z
  .strictObject({ custom_fields: CustomFields, reason: Reason })
  .openapi('SetCustomFields');

export const ClearCustomFieldsQuery = z.strictObject({ reason: Reason });

/** Metadata as they would be for one file; against the tenant's schema, or against another one that is to be tried. */
export const ValidateMetadataBody = z
  .strictObject({ metadata: Metadata, custom_fields: CustomFields.optional() })
  .openapi('ValidateMetadata');

export const MetadataVerdict = z
  .object({
    valid: z.boolean(),
    /** Null where there is no schema, and everything is taken. */
    schema_version: z.string().nullable(),
    problems: z.array(z.object({ field: z.string(), constraint: z.string(), remediation: z.string() })),
  })
  .openapi('MetadataVerdict');
export type MetadataVerdict = z.infer<typeof MetadataVerdict>;
