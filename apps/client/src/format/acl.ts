import { type Acl, Perms } from '@zk/model';

const LETTERS = [
  ['c', Perms.create],
  ['d', Perms.delete],
  ['r', Perms.read],
  ['w', Perms.write],
  ['a', Perms.admin],
] as const;

/** The letters of permissions, in the order in which zkCli prints them: `cdrwa`. */
export function permsText(perms: number): string {
  return LETTERS.map(([letter, bit]) => ((perms & bit) === 0 ? '' : letter)).join('');
}

/** As zkCli prints an access control list: two lines per entry. */
export function aclText(acl: readonly Acl[]): string {
  return acl.map(({ scheme, id, perms }) => `'${scheme},'${id}\n: ${permsText(perms)}`).join('\n');
}

export interface ParsedAcl {
  readonly acl: readonly Acl[];
  /** What could not be read, in zkCli's words. It is skipped. */
  readonly complaints: readonly string[];
}

/** Reads `scheme:id:perms[,…]`. An id may hold colons: the first and the last one of an entry separate. */
export function parseAcl(text: string): ParsedAcl {
  const acl: Acl[] = [];
  const complaints: string[] = [];
  for (const entry of text.split(',')) {
    const first = entry.indexOf(':');
    const last = entry.lastIndexOf(':');
    if (first === -1 || first === last) {
      complaints.push(`${entry} does not have the form scheme:id:perm`);
      continue;
    }
    const { perms, unknown } = parsePerms(entry.slice(last + 1));
    complaints.push(...unknown.map((letter) => `Unknown perm type: ${letter}`));
    acl.push({ scheme: entry.slice(0, first), id: entry.slice(first + 1, last), perms });
  }
  return { acl, complaints };
}

/** Permissions of letters in any order. */
export function parsePerms(text: string): { readonly perms: number; readonly unknown: readonly string[] } {
  let perms = 0;
  const unknown: string[] = [];
  for (const letter of text) {
    const bit = LETTERS.find(([known]) => known === letter)?.[1];
    if (bit === undefined) unknown.push(letter);
    else perms |= bit;
  }
  return { perms, unknown };
}

export interface AclJson {
  readonly scheme: string;
  readonly id: string;
  readonly perms: string;
}

export function aclJson(acl: readonly Acl[]): readonly AclJson[] {
  return acl.map(({ scheme, id, perms }) => ({ scheme, id, perms: permsText(perms) }));
}

/** Whether it is the list that everybody has who says nothing. */
export function isOpenAcl(acl: readonly Acl[]): boolean {
  const [only] = acl;
  return acl.length === 1 && only?.scheme === 'world' && only.id === 'anyone' && only.perms === Perms.all;
}
