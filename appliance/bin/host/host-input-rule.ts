import type { InputRule } from '../../bundle/install/tools.ts';
import { hostProgram } from '../entry.ts';
import { runProgram } from './run-program.ts';

/** The input rule of this host, by the program of the release that runs this. */
export function hostInputRule(): InputRule {
  const rule = (action: 'up' | 'down') => async () => {
    await runProgram(hostProgram('input-rule'), [action]);
  };
  return {
    up: rule('up'),
    down: rule('down'),
    async isInForce() {
      // One that is not quite as it should be is there all the same, and so is one that cannot be asked.
      const names = ['iptables', 'ip6tables', 'nft'];
      for (const name of names) {
        const words = name === 'nft' ? ['list', 'tables'] : ['-w', '10', '-S'];
        const said = await runProgram(name, words).catch(() => '');
        if (/FROSTBYTE-INPUT|table inet frostbyte/.test(said)) return true;
      }
      return false;
    },
  };
}
