/** How far a migration has come: what a source tells the coordinator, and what the coordinator puts into the history. */
import { Type } from 'typebox';
import { count, Nanoseconds, oneOf } from './fields.ts';

/** MigrationProgress of history.ts, as fields of a message. */
export const ProgressFields = {
  status: oneOf('setup', 'active', 'pre-switchover', 'device', 'paused'),
  iteration: count(),
  dirtyCount: count(),
  remaining: count(),
  transferred: count(),
  total: count(),
  normal: count(),
  duplicate: count(),
  dirtyPagesRate: count(),
  throughput: count(),
  cpuThrottlePercentage: count(100),
  expectedDowntimeNs: Type.Union([Nanoseconds, Type.Null()]),
  setupTimeNs: Nanoseconds,
  totalTimeNs: Nanoseconds,
} as const;
