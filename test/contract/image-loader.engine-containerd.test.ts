import { newerEngineMissing, startNewerEngine } from '../../scripts/stack/newer-engine.ts';
import { stackMissing } from '../support/stack.ts';
import { imageLoaderContract } from './image-loader.suite.ts';

imageLoaderContract('containerd’s store of a newer engine', {
  kind: 'containerd',
  skip: stackMissing() ?? newerEngineMissing() ?? false,
  start: startNewerEngine,
});
