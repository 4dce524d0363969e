/** How many seeds it took to find a canary, as measure-canaries.ts writes it. */
import type { CheckerName } from './checkers/checker.ts';

export type Found = {
  readonly canary: string;
  /** The seed that finds it first, from 1 on. */
  readonly firstSeed: number;
  readonly by: CheckerName;
  /** Seeds that were run, and how many of them found it. */
  readonly seeds: number;
  readonly found: number;
};
