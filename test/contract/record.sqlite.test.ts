import { openSqliteRecords } from '../../appliance/stores/record/sqlite.ts';
import { sqliteWorld } from './record/sqlite-world.ts';
import { recordContract } from './record.suite.ts';

recordContract('sqlite records', () => sqliteWorld(openSqliteRecords));
