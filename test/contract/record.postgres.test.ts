import { test } from 'node:test';
import { stackMissing, type TestStack, testStack } from '../support/stack.ts';
import { postgresWorlds } from './record/postgres-world.ts';
import { recordContract } from './record.suite.ts';

const missing = stackMissing();
if (missing === null) recordContract('postgres records', postgresWorlds(testStack() as TestStack));
else test('postgres records', { skip: missing });
