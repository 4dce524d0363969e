/** A migration's progress in words, for bars and logs. */
import type { MigrationProgress } from '@skewbed/proto/history.ts';

/** Such as 'pass 2 active: 12.5 MiB left, 30.1 MiB/s, 410 pages/s dirtied, expected downtime 12 ms'. */
export function progressText(told: MigrationProgress): string {
  const { status, iteration, remaining, throughput, dirtyPagesRate, expectedDowntimeNs, cpuThrottlePercentage } = told;
  const parts = [`${mib(remaining)} MiB left`, `${mib(throughput)} MiB/s`, `${dirtyPagesRate} pages/s dirtied`];
  if (expectedDowntimeNs !== null) parts.push(`expected downtime ${Math.round(Number(expectedDowntimeNs) / 1e6)} ms`);
  if (cpuThrottlePercentage > 0) parts.push(`writers throttled by ${cpuThrottlePercentage} %`);
  return `pass ${iteration} ${status}: ${parts.join(', ')}`;
}

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
