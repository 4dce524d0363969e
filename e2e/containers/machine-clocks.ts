/** The clocks of the machine that runs the suites, outside of every container. */

/** CLOCK_REALTIME minus CLOCK_MONOTONIC, in ms: what nobody but somebody who sets the clock can change. */
export function clockDistanceMs(): number {
  const monotonic = Number(process.hrtime.bigint()) / 1e6;
  return Date.now() - monotonic;
}

/** Seconds since 1970. */
export const machineSeconds = (): number => Date.now() / 1000;
