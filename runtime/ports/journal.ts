/** The coordinator's append-only journal. A line is durable (fsync) when `durable` is called, and not before. */
export interface Journal {
  append(line: string, durable: () => void): void;
  /** Every line that was durable when this process started. */
  readonly lines: readonly string[];
}
