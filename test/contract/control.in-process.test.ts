import { controlContract } from './control.suite.ts';

controlContract('control in process', async (control) => control);
