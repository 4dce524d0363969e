/**
 * The name that somebody probably meant: Levenshtein's distance over a short list. For error messages alone.
 * Leaves out names that are too far away to be a slip of the fingers.
 */

/** The nearest of `names` to `word`, when at most a third of its letters differ (or two). */
export function closestName(word: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const distance = name.startsWith(word) || word.startsWith(name) ? 1 : editDistance(word, name);
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

/** "; did you mean 'x'?", or what there is. */
export function hintAmong(word: string, names: readonly string[]): string {
  const near = closestName(word, names);
  return near === undefined
    ? `; there is: ${names.join(', ')}`
    : `; did you mean '${near}'? There is: ${names.join(', ')}`;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
