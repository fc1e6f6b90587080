import { openSqlite } from '../sqlite/open.ts';
import { MIGRATIONS } from './migrations/sqlite.gen.ts';
import { type MeasureStore, type Sample, STEPS } from './port.ts';

/** The ring in a file of its own: it may be lost without anything else. `appliedAt` is the server's time. */
export function openMeasures(file: string, appliedAt: string): MeasureStore {
  const db = openSqlite(file, { migrations: MIGRATIONS, appliedAt, durable: false });
  return {
    add(at, samples) {
      db.write(() => {
        for (const { seconds, keeps } of STEPS) {
          const slot = Math.floor(at / seconds) * seconds;
          for (const [tenantId, sample] of samples) {
            db.run('INSERT INTO samples VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING', [
              seconds,
              tenantId,
              slot,
              JSON.stringify(sample),
            ]);
          }
          db.run('DELETE FROM samples WHERE step_seconds = ? AND at < ?', [seconds, slot - keeps]);
        }
      });
    },
    since(tenantId, from, now) {
      const step = STEPS.find(({ keeps }) => now - from <= keeps) ?? STEPS.at(-1)!;
      const rows = db.all<{ at: number; taken: string }>(
        'SELECT at, taken FROM samples WHERE step_seconds = ? AND tenant_id = ? AND at >= ? AND at <= ? ORDER BY at',
        [step.seconds, tenantId, Math.floor(from), Math.floor(now)],
      );
      return {
        step: step.seconds,
        taken: rows.map(({ at, taken }) => ({ at, sample: JSON.parse(taken) as Sample })),
      };
    },
    forget: (tenantId) => void db.write(() => db.run('DELETE FROM samples WHERE tenant_id = ?', [tenantId])),
    close: () => db.close(),
  };
}
