import type { HostLayout } from '../../host-layout.ts';
import { isUserThere } from '../../install/phases/gateway-user.ts';
import { GATEWAY_USER } from '../../install/units.ts';
import type { Phase } from '../../operation/phase.ts';

/** Takes the gateway’s user away. Made anew it may have another number, which the settings would not know: no way back. */
export function removeGatewayUser(
  layout: HostLayout,
  { removeUser }: { removeUser(name: string): Promise<void> },
): Phase {
  return {
    name: 'gateway-user',
    title: 'Take the user of the gateway away',
    seconds: 0.5,
    check: async () => !isUserThere(layout),
    do: () => removeUser(GATEWAY_USER),
    undo: null,
  };
}
