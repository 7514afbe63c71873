/**
 * The names of the folders in `.processing`: the token of a claim, behind the name of the node that holds it where
 * several share an inbox. Renaming such a folder is how a claim goes from one node to another: one of them wins.
 */
export interface ClaimName {
  /** Undefined where there is only one node. */
  readonly node: string | undefined;
  readonly token: string;
}

const BETWEEN = '~';

export function claimName({ node, token }: ClaimName): string {
  return node === undefined ? token : `${node}${BETWEEN}${token}`;
}

export function parseClaimName(name: string): ClaimName {
  const at = name.indexOf(BETWEEN);
  return at === -1 ? { node: undefined, token: name } : { node: name.slice(0, at), token: name.slice(at + 1) };
}
