// Written by scripts/gen-policy-version.ts; do not edit.

/** Version of the gates' patterns, thresholds and model; part of every result (spec 2 C). */
export const POLICY_VERSION = '4-99469f2719ab';
