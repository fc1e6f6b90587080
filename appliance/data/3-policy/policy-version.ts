// Written by scripts/gen-policy-version.ts; do not edit.

/** Version of the gates' patterns, thresholds and model; part of every result (spec 2 C). */
export const POLICY_VERSION = '3-11b23a12cc91';
