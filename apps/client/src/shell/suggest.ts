import { closest as closestWord, distance } from 'fastest-levenshtein';

/** The known word that was probably meant, if one is near enough. */
export function closest(word: string, known: readonly string[]): string | undefined {
  if (word === '' || known.length === 0) return undefined;
  const lower = word.toLowerCase();
  const exact = known.find((candidate) => candidate.toLowerCase() === lower);
  if (exact !== undefined) return exact;
  const candidate = closestWord(lower, known as string[]);
  return distance(lower, candidate.toLowerCase()) <= Math.max(1, Math.floor(candidate.length / 3))
    ? candidate
    : undefined;
}
