import { MIGRATIONS } from '../../appliance/stores/record/migrations/sqlite.gen.ts';
import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { expandedFile } from '../support/next-release.ts';
import { sqliteWorld } from './record/sqlite-world.ts';
import { recordContract } from './record.suite.ts';

recordContract('sqlite records, on what the next release expanded', () =>
  sqliteWorld((file, options) => openSqliteRecords(expandedFile(file, 'records', MIGRATIONS), options)),
);
