import fc from 'fast-check';
import '../../appliance/bin/compile-pages.ts';

/**
 * Property tests start from one seed, so that a run can be repeated and a red one is red for a reason.
 * `FROSTBYTE_TEST_SEED` takes another path.
 */
fc.configureGlobal({ seed: Number(process.env.FROSTBYTE_TEST_SEED ?? 20_260_101) });
