/**
 * The one table of errors. A code is stable and may be parsed; the message says what failed, where, the value with its
 * unit, and what to do. `happened` says whether the thing that was asked for certainly did not happen.
 */

/** code -> what it means, and whether the request certainly had no effect. Keep sorted by code. */
export const ERRORS = {
  'bad-argument': { meaning: 'a value that came from outside is not of the form that was asked for', happened: 'no' },
  'bad-clock': { meaning: 'a clock was asked to do what such a clock cannot do, such as an uptime that runs backwards', happened: 'no' },
  'bad-token': { meaning: 'the token is missing or wrong', happened: 'no' },
  'crash': { meaning: 'an assertion of Skewbed itself does not hold', happened: 'unknown' },
  'domctl-clash': { meaning: 'number 51 belongs to XEN_DOMCTL_set_machine_address_size on this host', happened: 'no' },
  'illegal-state': { meaning: 'the request is known, but not in this state', happened: 'no' },
  'limit-exceeded': { meaning: 'a size or a count is beyond its limit', happened: 'no' },
  'memory-mismatch': { meaning: "the target's memory is not what the source had at suspend", happened: 'no' },
  'not-found': { meaning: 'there is nothing of that name', happened: 'no' },
  'out-of-memory': { meaning: 'the host has no machine frames left', happened: 'no' },
  'refused': { meaning: 'a policy refuses the request', happened: 'no' },
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
