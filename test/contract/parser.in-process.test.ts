import { parserSuite } from './parser.suite.ts';

parserSuite('in-process');
