/**
 * Arithmetic on nanoseconds: the bigint operations that JavaScript lacks, 64-bit wrap where the kernels wrap, and lengths
 * of time as people write them: '250ms', '41d3h', '-600s'. The clocks themselves are the brands of proto/units.ts.
 * The wraps are those of u64 and s64 in Xen and Linux (xen/common/time.c, kernel/time/timekeeping.c): without them the
 * unsigned compare behind M2 and the overflow of M4 cannot be seen.
 * Left out: months and years, which have no fixed length.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { DURATION_MAX_NS } from '@skewbed/proto/limits.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';

/** As the kernel's u64: modulo 2^64. */
export const wrap64 = (value: bigint): bigint => BigInt.asUintN(64, value);
/** As the kernel's s64: the same 64 bits, read with a sign. */
export const asSigned64 = (value: bigint): bigint => BigInt.asIntN(64, value);

export const minOf = <T extends bigint>(a: T, b: T): T => (a <= b ? a : b);
export const maxOf = <T extends bigint>(a: T, b: T): T => (a >= b ? a : b);
export const absOf = (value: bigint): bigint => (value < 0n ? -value : value);

/** Division towards minus infinity; JavaScript's own goes towards zero. The divisor is positive. */
export function floorDiv(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}

/** What floorDiv leaves: always in [0, divisor). */
export const floorMod = (dividend: bigint, divisor: bigint): bigint => dividend - floorDiv(dividend, divisor) * divisor;

/** Division towards plus infinity. The divisor is positive. */
export const ceilDiv = (dividend: bigint, divisor: bigint): bigint => -floorDiv(-dividend, divisor);

/** Units from the longest to the shortest; a text uses them in this order. */
const UNITS: readonly { readonly name: string; readonly ns: bigint }[] = [
  { name: 'd', ns: 86_400_000_000_000n },
  { name: 'h', ns: 3_600_000_000_000n },
  { name: 'm', ns: 60_000_000_000n },
  { name: 's', ns: 1_000_000_000n },
  { name: 'ms', ns: 1_000_000n },
  { name: 'us', ns: 1_000n },
  { name: 'ns', ns: 1n },
];
const UNIT_NAMES = UNITS.map((unit) => unit.name).join(', ');
const PART = /(\d+)(?:\.(\d+))?([a-z]*)/y;

/** True for '-600s' and for '-0s', whose number alone does not tell that it means "before". */
export const isNegativeText = (text: string): boolean => text.startsWith('-');

/**
 * Reads a length of time such as '250ms', '41d3h', '1.5s' or '-600s'. Units come from the longest to the shortest, each
 * once; only the last part has a fraction. `at` is the column of the text in a longer one, for the error's `where`.
 */
export function readDuration(text: string, at = 1): DurationNs {
  const fail = (column: number, what: string): never => {
    throw new SkewbedError(
      'bad-argument',
      `duration '${text}': ${what}; write it like 250ms, 30s, 41d3h or -600s`,
      `column ${at + column}`,
    );
  };
  const start = /^[+-]/.test(text) ? 1 : 0;
  if (start === text.length) return fail(start, 'there is no number');
  let total = 0n;
  let lastUnit = -1;
  let fractionSeen = false;
  for (let column = start; column < text.length; ) {
    PART.lastIndex = column;
    const part = PART.exec(text);
    if (part === null) return fail(column, `'${text.slice(column)}' is not a number`);
    const [whole, digits = '', fraction, name = ''] = part;
    if (name === '') return fail(column, `the number ${whole} has no unit (${UNIT_NAMES})`);
    const index = UNITS.findIndex((unit) => unit.name === name);
    const unit = UNITS[index];
    if (unit === undefined) return fail(column, `there is no unit '${name}' (${UNIT_NAMES})`);
    if (index <= lastUnit) return fail(column, `the unit ${name} is not shorter than the one before it`);
    if (fractionSeen) return fail(column, 'only the last part may have a fraction');
    total += BigInt(digits) * unit.ns;
    if (fraction !== undefined) {
      const scaled = BigInt(fraction) * unit.ns;
      const scale = 10n ** BigInt(fraction.length);
      if (scaled % scale !== 0n) return fail(column, `${whole} is finer than a nanosecond`);
      total += scaled / scale;
      fractionSeen = true;
    }
    if (total > DURATION_MAX_NS) return fail(column, 'it is longer than 100 years (36525d)');
    lastUnit = index;
    column += whole.length;
  }
  return isNegativeText(text) ? -total : total;
}

/** The shortest text that readDuration reads back as the same length: 100_000_000_000n -> '1m40s'. */
export function formatDuration(ns: DurationNs): string {
  const sign = ns < 0n ? '-' : '';
  let rest = absOf(ns);
  if (rest === 0n) return '0s';
  if (rest < 1_000_000_000n) {
    const unit = UNITS.find((candidate) => candidate.ns <= rest)!;
    return sign + decimalOf(rest, unit.ns) + unit.name;
  }
  let text = '';
  for (const unit of UNITS) {
    if (unit.name === 's') return sign + text + (rest === 0n ? '' : `${decimalOf(rest, unit.ns)}s`);
    if (rest >= unit.ns) text += `${rest / unit.ns}${unit.name}`;
    rest %= unit.ns;
  }
  return sign + text;
}

/** value / unit as a decimal number without needless zeros; unit is a power of ten. */
export function decimalOf(value: bigint, unit: bigint): string {
  const fraction = (value % unit)
    .toString()
    .padStart(unit.toString().length - 1, '0')
    .replace(/0+$/, '');
  return fraction === '' ? `${value / unit}` : `${value / unit}.${fraction}`;
}
