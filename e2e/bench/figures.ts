/** Medians and spreads of what was measured in rounds, and ratios that are taken within each round before the median. */

export type Spread = { readonly median: number; readonly least: number; readonly most: number };

/** Of the values of all rounds; null when there are none. */
export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length === 0) return null;
  const middle = sorted.length >> 1;
  const median =
    sorted.length % 2 === 1
      ? (sorted[middle] as number)
      : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
  return { median, least: sorted[0] as number, most: sorted.at(-1) as number };
}

/** Round by round: what a round has of both. */
export function ratiosOf(values: readonly (number | null)[], base: readonly (number | null)[]): Spread | null {
  return spreadOf(
    values.flatMap((value, round) => {
      const below = base[round];
      return value === null || below === null || below === undefined ? [] : [value / below];
    }),
  );
}

/** Jain's index of fairness: 1 when all have the same, 1/n when one has everything (Jain, Chiu, Hawe 1984). */
export function jainIndex(shares: readonly number[]): number {
  const sum = shares.reduce((total, share) => total + share, 0);
  const squares = shares.reduce((total, share) => total + share * share, 0);
  return squares === 0 ? Number.NaN : (sum * sum) / (shares.length * squares);
}

export const figure = (value: number, digits = 2): string => value.toFixed(digits);

/** '1.23 [1.10..1.40]', or a dash. */
export function spreadText(spread: Spread | null, digits = 2): string {
  if (spread === null) return '-';
  return `${figure(spread.median, digits)} [${figure(spread.least, digits)}..${figure(spread.most, digits)}]`;
}

/** A table in Markdown. */
export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Bytes as whole MiB. */
export const mibOf = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)}`;
