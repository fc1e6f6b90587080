import { newerEngineMissing, startNewerEngine } from '../../scripts/stack/newer-engine.ts';
import { stackMissing } from '../support/stack.ts';
import { imageLoaderContract } from './image-loader.suite.ts';

imageLoaderContract('containerd’s store of a newer engine', {
  kind: 'containerd',
  engine: { version: /^26\.1\./, driver: 'overlayfs' },
  skip: stackMissing() ?? newerEngineMissing() ?? false,
  start: startNewerEngine,
});
