/**
 * Writes `docs/audit-events.md` from the table of audit events, so that what auditors read is what the code reports;
 * `--check` fails when the committed page is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { EVENTS, type EventName, type EventType } from '../appliance/audit/events.ts';

const file = resolve(import.meta.dirname, '../docs/audit-events.md');

const INTRODUCTION = `# Types of audit events

Made from the table in \`appliance/audit/events.ts\` by \`make gen\`; do not edit.

Every event has \`event_id\`, \`tenant_id\`, \`event_type\`, \`timestamp\`, \`actor\`, \`resource_type\`, \`resource_id\`,
\`previous_event_id\` and \`details\`. In \`details\` stand \`component\`, \`status\` (success, failure, quarantined),
\`pipeline_version\`; where there is one to name \`input_hash\`, \`output_hash\` and \`duration_ms\`; and what the type adds.
Details are ids, counts, hashes and codes, and the reasons that people gave, never content. A reason stays for good, also
after an erasure: let it name a case, not a person. A detail \`…_commitment\` is \`sha256(salt ‖ value)\` of a personal
reference that stands beside the event and can be erased. \`dropped\` counts, by type, the entries of the acceptance
report; one entry may stand for several things of a page or a file, as all its comments. REPROCESS_COMPLETED is told of
requests for a batch or for all below a version, which take their time; a single document has begun anew once
REPROCESS_STARTED stands, and ends as the first time. What control appends is its own: a tenant's data plane that reports
such an event, or one of no type, or another tenant's, is not believed, and EVENT_REFUSED stands in the log in its place.

| type | about | reported by | appended by | adds |
| --- | --- | --- | --- | --- |
`;

const rows = (Object.entries(EVENTS) as [EventName, EventType][]).map(
  ([name, { component, resource, by, adds }]) =>
    `| ${name} | ${resource} | ${component} | ${by} | ${adds.map((each) => `\`${each}\``).join(' ')} |\n`,
);
const text = INTRODUCTION + rows.join('');

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  console.error('docs/audit-events.md is out of date: run make gen');
  process.exit(1);
}
