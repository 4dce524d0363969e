/**
 * The one table of errors. A code is stable and may be parsed; the message says what failed, where, the value with its
 * unit, and what to do. `happened` says whether the thing that was asked for certainly did not happen.
 */

/** code -> what it means, and whether the request certainly had no effect. Keep sorted by code. */
export const ERRORS = {
  'already-exists': { meaning: 'there is something of that name already', happened: 'no' },
  'bad-argument': { meaning: 'a value that came from outside is not of the form that was asked for', happened: 'no' },
  'bad-clock': {
    meaning: 'a clock was asked to do what such a clock cannot do, such as an uptime that runs backwards',
    happened: 'no',
  },
  'bad-history': { meaning: 'a history file does not hold what a history holds', happened: 'no' },
  'bad-journal': { meaning: "the coordinator's journal does not hold what a journal holds", happened: 'no' },
  'bad-message': {
    meaning: 'a message is unknown, truncated, malformed or has keys that it must not have',
    happened: 'no',
  },
  'bad-page-table': { meaning: 'a page table holds an entry that cannot be moved to another host', happened: 'no' },
  'bad-scenario': {
    meaning: 'a scenario file is not of the form of docs and design: the message names line and column',
    happened: 'no',
  },
  'bad-save-file': {
    meaning: 'a save file is damaged, or not what Xen writes: the message names offset, record and reason',
    happened: 'no',
  },
  'bad-schedule': { meaning: 'a schedule or replay code of a chaos run is not of its form', happened: 'no' },
  'bad-stream': { meaning: 'a migration stream has a record, a page or a state that cannot be', happened: 'no' },
  'bad-token': { meaning: 'the token is missing or wrong', happened: 'no' },
  cancelled: { meaning: 'somebody cancelled it', happened: 'no' },
  crash: { meaning: 'an assertion of Skewbed itself does not hold', happened: 'unknown' },
  'domctl-clash': { meaning: 'number 51 belongs to XEN_DOMCTL_set_machine_address_size on this host', happened: 'no' },
  'foreign-frame': { meaning: "a page table names a machine frame that is not the domain's", happened: 'no' },
  'guest-lost': { meaning: 'a node was restarted, and its guests died with it', happened: 'yes' },
  'history-version': { meaning: 'a history was written by another version', happened: 'no' },
  'illegal-state': { meaning: 'the request is known, but not in this state', happened: 'no' },
  'in-doubt': { meaning: "a migration's end is not known here: the coordinator decides it", happened: 'unknown' },
  'journal-busy': { meaning: 'another coordinator has this journal open', happened: 'no' },
  late: { meaning: 'the instant that was asked for is in the past', happened: 'no' },
  'limit-exceeded': { meaning: 'a size or a count is beyond its limit', happened: 'no' },
  'link-lost': { meaning: 'the connection broke before the answer came', happened: 'unknown' },
  'memory-mismatch': { meaning: "the target's memory is not what the source had at suspend", happened: 'no' },
  'not-connected': { meaning: 'that node is not connected', happened: 'no' },
  'not-found': { meaning: 'there is nothing of that name', happened: 'no' },
  'out-of-memory': { meaning: 'the host has no machine frames left', happened: 'no' },
  'p2m-changed': { meaning: 'the guest changed its p2m while it was being copied', happened: 'no' },
  'peer-error': { meaning: 'the peer reported an error whose code this version does not know', happened: 'unknown' },
  'protocol-mismatch': { meaning: 'the peer speaks another major version of the protocol', happened: 'no' },
  refused: { meaning: 'a policy refuses the request', happened: 'no' },
  'run-too-long': { meaning: 'the scenario would take longer in real time than the limit allows', happened: 'no' },
  'skew-too-small': {
    meaning: 'a skew is too near to the tolerance: its freeze could not be told from noise',
    happened: 'no',
  },
  'stale-epoch': {
    meaning: 'the peer speaks for a coordinator that another has replaced, or for one with another journal',
    happened: 'no',
  },
  'stream-broken': {
    meaning: "a migration's stream has a gap, a wrong checksum or an impossible record",
    happened: 'no',
  },
  'timed-out': { meaning: 'an answer did not come in time', happened: 'unknown' },
  'too-slow': { meaning: 'a watcher reads more slowly than events happen, and was dropped', happened: 'yes' },
  'wrong-role': { meaning: 'this peer may not send such a message', happened: 'no' },
} as const satisfies Record<string, { meaning: string; happened: 'no' | 'yes' | 'unknown' }>;

export type ErrorCode = keyof typeof ERRORS;

/** An error with a code from the table. Everything that a user or a peer can cause is one of these. */
export class SkewbedError extends Error {
  override readonly name = 'SkewbedError';
  readonly code: ErrorCode;
  /** Where in the input: a file with line and column, a record, an offset. */
  readonly where: string | undefined;

  constructor(code: ErrorCode, message: string, where?: string) {
    super(message);
    this.code = code;
    this.where = where;
  }
}

/** The error that a peer reports. Its code may be of a newer version of the table. */
export function errorFromWire(code: string, message: string): SkewbedError {
  if (Object.hasOwn(ERRORS, code)) return new SkewbedError(code as ErrorCode, message);
  return new SkewbedError('peer-error', `${code}: ${message}`);
}

/** Whatever was thrown, as an error with a code: what has none is a fault of Skewbed itself. */
export function codedError(thrown: unknown): SkewbedError {
  if (thrown instanceof SkewbedError) return thrown;
  const error = new SkewbedError('crash', thrown instanceof Error ? thrown.message : String(thrown));
  error.cause = thrown;
  return error;
}
