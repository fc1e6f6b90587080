/**
 * Writes `manifests/prometheus-rules.yaml` from the table of alerts, for those who run Prometheus: the same rules that the box
 * asks itself. `--check` fails when the committed file is out of date.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { RULES, type Rule } from '../appliance/observability/alerts/rules.ts';

const file = resolve(import.meta.dirname, '../manifests/prometheus-rules.yaml');
const rules = (Object.entries(RULES) as [string, Rule][]).map(([alert, rule]) => ({
  alert,
  expr: rule.expr,
  ...(rule.for === undefined ? {} : { for: rule.for }),
  labels: { severity: rule.severity },
  annotations: { summary: rule.summary, description: rule.mend },
}));
const text = `# Made from appliance/observability/alerts/rules.ts by \`make gen\`; do not edit.\n${stringify(
  { groups: [{ name: 'frostbyte', interval: '1m', rules }] },
  { lineWidth: 0 },
)}`;

if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  console.error('manifests/prometheus-rules.yaml is out of date: run make gen');
  process.exit(1);
}
