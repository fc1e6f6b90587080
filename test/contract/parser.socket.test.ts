import { parserSuite } from './parser.suite.ts';

parserSuite('socket');
