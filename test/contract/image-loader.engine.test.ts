import { docker } from '../support/docker.ts';
import { stackMissing, testStack } from '../support/stack.ts';
import { imageLoaderContract } from './image-loader.suite.ts';

imageLoaderContract('the classic store of the stack’s engine', {
  kind: 'classic',
  engine: { version: /^20\.10\.24(?!\d)/, driver: 'overlay2' },
  skip: stackMissing() ?? false,
  async start() {
    const stack = testStack()!;
    return { socket: stack.engine.socket, docker: (...args) => docker(stack, ...args), end: async () => undefined };
  },
});
