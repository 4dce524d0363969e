/**
 * How one clock of a host departs from true time: skew(t) = rate * t + offset + steps + strobes + periodic parts, a pure
 * function of the true time t since the origin, in whole nanoseconds. It models what real clocks were seen to do: a
 * crystal that is some ppm off, an operator's step, a clock that somebody strobes (Jepsen), a drift that comes and goes
 * with the temperature (TigerBeetle's time simulation). A host has two, for its wall and for its uptime, on purpose.
 * The sum is built over one common denominator and rounded down once, so that no part adds a rounding of its own.
 * Left out: sinuses (the periodic part is a triangle, which integers can invert) and noise (a skew must be a function).
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { SKEW_RATE_MAX_PPB, SKEW_SHAPES_MAX } from '@skewbed/proto/limits.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import { absOf, ceilDiv, decimalOf, floorDiv, floorMod, formatDuration, maxOf, minOf, readDuration } from './nanos.ts';

/** One part of a skew beside rate and offset. */
export type SkewShape =
  /** From `atNs` on the clock is `byNs` further. */
  | { readonly kind: 'step'; readonly byNs: DurationNs; readonly atNs: bigint }
  /** The clock jumps by `byNs` and back again, every `everyNs`: off in the first stretch, on in the second, ... */
  | { readonly kind: 'strobe'; readonly byNs: DurationNs; readonly everyNs: DurationNs }
  /** A triangle: +amplitude after a quarter of the period, -amplitude after three quarters. */
  | { readonly kind: 'periodic'; readonly amplitudeNs: DurationNs; readonly periodNs: DurationNs };

export type Skew = {
  /** Nanoseconds that this clock goes on in 10^9 ns of true time. Always positive: a clock that stands is no clock. */
  readonly ratePpb: bigint;
  readonly offsetNs: DurationNs;
  readonly shapes: readonly SkewShape[];
};

export const PPB = 1_000_000_000n;

export const NO_SKEW: Skew = { ratePpb: PPB, offsetNs: 0n, shapes: [] };

/** What the clock shows at true time t, with zero at the origin. */
export function skewAt(skew: Skew, t: bigint): bigint {
  if (skew.shapes.length === 0) return floorDiv(skew.ratePpb * t, PPB) + skew.offsetNs;
  let whole = skew.offsetNs;
  let numerator = skew.ratePpb * t;
  let denominator = PPB;
  for (const shape of skew.shapes) {
    switch (shape.kind) {
      case 'step':
        if (t >= shape.atNs) whole += shape.byNs;
        break;
      case 'strobe':
        if (floorMod(floorDiv(t, shape.everyNs), 2n) === 1n) whole += shape.byNs;
        break;
      case 'periodic':
        numerator = numerator * shape.periodNs + shape.amplitudeNs * triangleAt(t, shape.periodNs) * denominator;
        denominator *= shape.periodNs;
        break;
      default:
        return unknownShape(shape);
    }
  }
  return floorDiv(numerator, denominator) + whole;
}

/** The first instant after t at which the clock steps, or null when it only runs from t on. */
export function nextStepAfter(skew: Skew, t: bigint): bigint | null {
  const later = skew.shapes.flatMap((shape) => (shape.kind === 'step' && shape.atNs > t ? [shape.atNs] : []));
  return later.length === 0 ? null : later.reduce((a, b) => minOf(a, b));
}

/**
 * True when the clock never goes back, as an uptime must. A step or strobe that goes back anywhere is never monotone,
 * however small; falling parts of triangles are taken to meet in the worst way.
 */
export function isMonotone(skew: Skew): boolean {
  const netSteps = new Map<bigint, bigint>();
  let fallNumerator = 0n;
  let fallDenominator = 1n;
  for (const shape of skew.shapes) {
    switch (shape.kind) {
      case 'step':
        if (shape.atNs > 0n) netSteps.set(shape.atNs, (netSteps.get(shape.atNs) ?? 0n) + shape.byNs);
        break;
      case 'strobe':
        if (shape.byNs !== 0n) return false;
        break;
      case 'periodic': {
        const fall = 4n * absOf(shape.amplitudeNs);
        fallNumerator = fallNumerator * shape.periodNs + fall * fallDenominator;
        fallDenominator *= shape.periodNs;
        break;
      }
      default:
        return unknownShape(shape);
    }
  }
  if ([...netSteps.values()].some((net) => net < 0n)) return false;
  return skew.ratePpb * fallDenominator >= PPB * fallNumerator;
}

/**
 * The least t >= 0 at which a monotone clock shows at least `value`: skewAt(t) >= value, and skewAt(t - 1) < value when
 * t > 0. A deadline on the clock becomes an instant of true time by it. Throws 'bad-clock' for a clock that goes back.
 */
export function firstInstantAt(skew: Skew, value: bigint): bigint {
  if (skew.shapes.length === 0) return maxOf(0n, firstOnLine(skew.ratePpb, skew.offsetNs, value));
  if (!isMonotone(skew)) {
    throw new SkewbedError(
      'bad-clock',
      `'${formatSkew(skew)}' goes backwards, so there is no first instant at which it shows ${value} ns; give a clock that has deadlines no strobe and no step back`,
    );
  }
  const wobble = skew.shapes.reduce(
    (sum, shape) => sum + (shape.kind === 'periodic' ? absOf(shape.amplitudeNs) : 0n),
    0n,
  );
  if (wobble === 0n) return firstOnSteps(skew, value);
  // The clock lies within `wobble` of the one without its triangles, and rounding adds less than 1 ns.
  let before = firstOnSteps(skew, value - wobble - 1n) - 1n;
  let reached = firstOnSteps(skew, value + wobble + 1n);
  if (before < 0n && skewAt(skew, 0n) >= value) return 0n;
  before = maxOf(0n, before);
  while (reached - before > 1n) {
    const middle = (before + reached) / 2n;
    if (skewAt(skew, middle) >= value) reached = middle;
    else before = middle;
  }
  return reached;
}

/**
 * Reads a skew: words in any order, separated by spaces. '-10m' is the offset, 'x1.0002' or '+50ppm' the rate, then
 * 'step +5s @30s', 'strobe 4s/1s', 'periodic 2s/60s'. Offset and rate come at most once.
 */
export function readSkew(text: string): Skew {
  const words = [...text.matchAll(/\S+/g)].map((match) => ({ word: match[0], column: match.index + 1 }));
  const fail = (column: number, what: string): never => {
    throw new SkewbedError(
      'bad-argument',
      `skew '${text}': ${what}; write it like '+0s', '-10m x1.0002', '+2s +50ppm', 'step +5s @30s', 'strobe 4s/1s' or 'periodic 2s/60s'`,
      `column ${column}`,
    );
  };
  let ratePpb: bigint | undefined;
  let offsetNs: DurationNs | undefined;
  const shapes: SkewShape[] = [];
  const next = (what: string): { word: string; column: number } =>
    words.shift() ?? fail(text.length + 1, `${what} is missing`);
  if (words.length === 0) fail(1, 'it is empty');
  while (words.length > 0) {
    const { word, column } = next('a word');
    const rate = readRate(word);
    if (rate !== undefined) {
      if (ratePpb !== undefined) fail(column, 'a second rate');
      if (rate === 'too-fine') fail(column, `the rate ${word} is finer than one part in 10^9`);
      else if (rate <= 0n || rate > SKEW_RATE_MAX_PPB)
        fail(column, `the rate ${word} is not above x0 and at most x1000`);
      else ratePpb = rate;
    } else if (word === 'step') {
      const by = next('the size of the step');
      const at = next('the instant of the step');
      if (!at.word.startsWith('@')) fail(at.column, `'${at.word}' is not an instant such as @30s`);
      const atNs = readDuration(at.word.slice(1), at.column + 1);
      if (atNs < 0n) fail(at.column, 'a step happens at or after the origin');
      shapes.push({ kind: 'step', byNs: readDuration(by.word, by.column), atNs });
    } else if (word === 'strobe') {
      const [byNs, everyNs] = readPair(next('the strobe'), fail);
      shapes.push({ kind: 'strobe', byNs, everyNs });
    } else if (word === 'periodic') {
      const [amplitudeNs, periodNs] = readPair(next('the periodic part'), fail);
      shapes.push({ kind: 'periodic', amplitudeNs, periodNs });
    } else {
      if (offsetNs !== undefined) fail(column, `a second offset '${word}'`);
      offsetNs = readDuration(word, column);
    }
    if (shapes.length > SKEW_SHAPES_MAX) fail(column, `more than ${SKEW_SHAPES_MAX} shapes`);
  }
  return { ratePpb: ratePpb ?? PPB, offsetNs: offsetNs ?? 0n, shapes };
}

/** The text that readSkew reads back as the same skew: offset, rate when it is not 1, shapes. */
export function formatSkew(skew: Skew): string {
  const words = [signed(skew.offsetNs)];
  if (skew.ratePpb !== PPB) words.push(`x${decimalOf(skew.ratePpb, PPB)}`);
  for (const shape of skew.shapes) {
    switch (shape.kind) {
      case 'step':
        words.push(`step ${signed(shape.byNs)} @${formatDuration(shape.atNs)}`);
        break;
      case 'strobe':
        words.push(`strobe ${formatDuration(shape.byNs)}/${formatDuration(shape.everyNs)}`);
        break;
      case 'periodic':
        words.push(`periodic ${formatDuration(shape.amplitudeNs)}/${formatDuration(shape.periodNs)}`);
        break;
      default:
        return unknownShape(shape);
    }
  }
  return words.join(' ');
}

const DECIMAL = String.raw`(\d+)(?:\.(\d+))?`;
const MULTIPLE = new RegExp(`^x${DECIMAL}$`);
const PPM = new RegExp(`^([+-])${DECIMAL}ppm$`);

/** 'x1.0002' or '+50ppm' in parts per 10^9; undefined when the word is no rate. */
function readRate(word: string): bigint | 'too-fine' | undefined {
  const multiple = MULTIPLE.exec(word);
  if (multiple !== null) return readDecimal(multiple[1]!, multiple[2] ?? '', 9);
  const ppm = PPM.exec(word);
  if (ppm === null) return undefined;
  const parts = readDecimal(ppm[2]!, ppm[3] ?? '', 3);
  if (parts === 'too-fine') return parts;
  return ppm[1] === '-' ? PPB - parts : PPB + parts;
}

/** whole.fraction times 10^places, as an integer. */
function readDecimal(whole: string, fraction: string, places: number): bigint | 'too-fine' {
  const digits = fraction.replace(/0+$/, '');
  return digits.length > places ? 'too-fine' : BigInt(whole + digits.padEnd(places, '0'));
}

/** '4s/1s': a size of any sign and a length of time above zero. */
function readPair(
  { word, column }: { word: string; column: number },
  fail: (column: number, what: string) => never,
): readonly [bigint, bigint] {
  const slash = word.indexOf('/');
  if (slash < 0) return fail(column, `'${word}' is not of the form size/period, such as 4s/1s`);
  const size = readDuration(word.slice(0, slash), column);
  const period = readDuration(word.slice(slash + 1), column + slash + 1);
  return period > 0n ? [size, period] : fail(column + slash + 1, 'the period is not above zero');
}

const signed = (ns: bigint): string => (ns < 0n ? formatDuration(ns) : `+${formatDuration(ns)}`);

/** The triangle in units of amplitude / period: from -period to +period, 0 at t = 0. */
function triangleAt(t: bigint, period: bigint): bigint {
  const quadruple = 4n * floorMod(t, period);
  if (quadruple <= period) return quadruple;
  if (quadruple <= 3n * period) return 2n * period - quadruple;
  return quadruple - 4n * period;
}

/** The least t, of any sign, with floor(rate * t) + offset >= value. */
const firstOnLine = (ratePpb: bigint, offsetNs: bigint, value: bigint): bigint =>
  ceilDiv((value - offsetNs) * PPB, ratePpb);

/** As firstInstantAt, for rate, offset and steps alone: stretch by stretch, each of them a line. */
function firstOnSteps(skew: Skew, value: bigint): bigint {
  const steps = skew.shapes.filter((shape) => shape.kind === 'step').toSorted((a, b) => compare(a.atNs, b.atNs));
  let from = 0n;
  let offset = skew.offsetNs;
  for (const step of steps) {
    const found = maxOf(from, firstOnLine(skew.ratePpb, offset, value));
    if (found < step.atNs) return found;
    from = step.atNs;
    offset += step.byNs;
  }
  return maxOf(from, firstOnLine(skew.ratePpb, offset, value));
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function unknownShape(shape: never): never {
  throw new SkewbedError('crash', `a skew has a shape that nobody knows: ${JSON.stringify(shape)}`);
}
