/**
 * Keys of ensembles that are read and checked, but that nothing acts on yet. This is the one list of them: a key that is
 * wired leaves it, and the warnings and the documentation follow. A name that ends in `*` stands for a family.
 */
export const UNWIRED: readonly string[] = ['oraclePath'];

export function isUnwired(name: string): boolean {
  return UNWIRED.some((row) => row === name || (row.endsWith('*') && name.startsWith(row.slice(0, -1))));
}
