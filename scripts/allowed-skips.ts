import type { AllowedSkip } from './test-verdict.ts';

/**
 * What CI may leave out, each with the reason why it really cannot run there. Empty: CI is root on a Linux with loop
 * devices and network namespaces, and `scripts/setup-host` installs every tool.
 */
export const ALLOWED_SKIPS: readonly AllowedSkip[] = [];
