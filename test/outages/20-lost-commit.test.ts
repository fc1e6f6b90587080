import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from 'pg';
import { openPostgres } from '../../appliance/stores/postgres/connection.ts';
import { docker } from '../support/docker.ts';
import { until } from '../support/faults/until.ts';
import { type Line, lineTo } from '../support/line.ts';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';

/**
 * The server crashes before a commit that it was asked for is on its disk, and gives the id of the lost transaction to
 * another one, which is committed. Nobody may be told that the lost one stands.
 */

const SERVER = 'frostbyte-postgres-1';

describe('a commit that the server lost in a crash', { skip: stackMissing() ?? false, timeout: 600_000 }, () => {
  let stack: TestStack;
  let line: Line;
  before(async () => {
    stack = testStack()!;
    line = await lineTo(stack.postgres);
    await run('CREATE TABLE lost_commits (name text)');
  });
  after(async () => {
    await line?.close();
    await run('DROP TABLE IF EXISTS lost_commits');
  });

  /** One statement on a connection of its own, past the line. */
  async function run(sql: string): Promise<Record<string, string>[]> {
    const { hba_folder: _, ...login } = stack.postgres;
    const client = new Client({ ...login, database: 'postgres' });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  }

  const pid = () => Number(docker(stack, 'inspect', '--format={{.State.Pid}}', SERVER));
  const isBack = () => run('SELECT 1').catch(() => null);

  /** The whole server, as by a power cut; its container is started again. */
  async function killServer(): Promise<void> {
    process.kill(pid(), 'SIGKILL');
    await until('its end', () => docker(stack, 'inspect', '--format={{.State.Running}}', SERVER) === 'false');
    docker(stack, 'start', SERVER);
  }

  /** One of its processes, whereupon it ends all others and begins anew by itself. */
  async function killSession(): Promise<void> {
    const [{ pid: session }] = (await run(
      "SELECT pid::text FROM pg_stat_activity WHERE backend_type = 'walwriter'",
    )) as [{ pid: string }];
    const began = await run('SELECT stats_reset::text AS began FROM pg_stat_wal');
    // Numbers inside the container are not the host's.
    docker(stack, 'exec', SERVER, 'sh', '-c', `kill -9 ${session}`);
    await until('its new life', async () => {
      const now = await run('SELECT stats_reset::text AS began FROM pg_stat_wal').catch(() => began);
      return now[0]!.began !== began[0]!.began;
    });
  }

  for (const [what, crash] of [
    ['as a whole', killServer],
    ['by the end of one of its processes', killSession],
  ] as const) {
    it(`is not told as done, where the server crashed ${what}`, async () => {
      const { hba_folder: _, ...login } = stack.postgres;
      let hasMet = false;
      for (let tries = 1; !hasMet; tries++) {
        assert.ok(tries <= 10, 'the id of a lost transaction was given away');
        const name = `lost ${what} ${tries}`;
        const db = openPostgres({
          ...login,
          host: line.host,
          port: line.port,
          database: 'postgres',
          schema: 'public',
          application: 'a test',
        });
        let id = '';
        const told = Promise.withResolvers<void>();
        const write = db.write([0x4642, 99], async (tx) => {
          await tx.run('INSERT INTO lost_commits VALUES (?)', [name]);
          if (id !== '') return;
          id = (await tx.get<{ id: string }>('SELECT pg_current_xact_id()::text AS id'))!.id;
          // The commit goes no farther.
          line.hold();
          told.resolve();
        });
        const outcome = write.then(
          () => 'done',
          (error: { code: string }) => error.code,
        );
        await told.promise;
        await crash();
        await line.cut();
        await until('the server', isBack);
        const [other] = await run(
          "INSERT INTO lost_commits VALUES ('other') RETURNING pg_current_xact_id()::text AS id",
        );
        line.release();
        await line.mend();
        const said = await outcome;
        const rows = await run(`SELECT name FROM lost_commits WHERE name = '${name}'`);
        assert.deepEqual([said, rows.length], said === 'done' ? ['done', 1] : ['STORE_UNAVAILABLE', 0]);
        hasMet = other!.id === id;
        await db.close();
      }
    });
  }
});
