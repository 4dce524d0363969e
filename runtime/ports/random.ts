/** Randomness from a seed. The same seed gives the same numbers on every testbed. */
export interface Random {
  /** An integer in [0, bound). bound is at most 2^32. */
  below(bound: number): number;
}
