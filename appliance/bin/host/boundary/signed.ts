import type { KeyObject } from 'node:crypto';
import { EVIDENCE_IDENTITY } from '../../../bundle/evidence/export.ts';
import { fingerprint, publicLine, publicOf } from '../../../bundle/sshsig/keys.ts';
import { signMessage } from '../../../bundle/sshsig/signature.ts';
import { canonicalJson } from '../../../kernel/canonical-json.ts';
import { boundaryPage } from './page.ts';
import { sectionsOf, verdictOf } from './sections.ts';
import type { BoundaryStatement } from './statement.ts';

export const BOUNDARY_NAMESPACE = 'frostbyte-boundary';

/** What leaves the box: the statement, signed by the host's own key as `ssh-keygen -Y verify` checks it, and the same to read. */
export interface SignedBoundary {
  signer: string;
  /** By their names. */
  files: ReadonlyMap<string, string>;
}

export function signedBoundary(statement: BoundaryStatement, key: KeyObject): SignedBoundary {
  const json = `${canonicalJson(statement)}\n`;
  const own = publicOf(key);
  const signer = fingerprint(own);
  return {
    signer,
    files: new Map([
      ['boundary.json', json],
      ['boundary.json.sig', signMessage(Buffer.from(json), key, BOUNDARY_NAMESPACE)],
      ['boundary.pub', `${publicLine(own, EVIDENCE_IDENTITY)}\n`],
      ['boundary.html', boundaryPage(statement, signer)],
      ['README.txt', readme(signer)],
    ]),
  };
}

/** The statement as lines for a terminal. */
export function boundaryText(
  statement: BoundaryStatement,
  table: (rows: readonly (readonly string[])[]) => string,
): string {
  const { host, version, made_at } = statement;
  const head = [`Boundary statement of ${host}, Frostbyte ${version}, ${made_at}`, '', verdictOf(statement)];
  const parts = sectionsOf(statement).map(({ title, columns, rows }) => {
    const body = rows.length === 0 ? 'none' : table([columns.map((column) => column.toUpperCase()), ...rows]);
    return ['', title, body].join('\n');
  });
  return [...head, ...parts].join('\n');
}

function readme(signer: string): string {
  return `A boundary statement: where this appliance's data go, as it was at one moment. boundary.html is the same to read and to print.

The key's fingerprint, which you should have had by another way than this medium:

    ${signer}

    $ head -n 1 boundary.pub | grep -x -E 'ssh-ed25519 [A-Za-z0-9+/=]+ ${EVIDENCE_IDENTITY}' > ~/frostbyte-host.pub
    $ ssh-keygen -l -f ~/frostbyte-host.pub
    $ printf '${EVIDENCE_IDENTITY} %s\\n' "$(cat ~/frostbyte-host.pub)" > ~/frostbyte-host
    $ ssh-keygen -Y verify -f ~/frostbyte-host -I ${EVIDENCE_IDENTITY} -n ${BOUNDARY_NAMESPACE} -s boundary.json.sig < boundary.json
`;
}
