/**
 * Lengths of time as people read them: '571 s', '2.35 ms', '9 d 6 h 13 min'.
 * A text never claims more digits than a reader can use; figures for programs are in the result, not here.
 */

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;

/** Signed length in seconds, thousands grouped, at most three decimals: 800002000000000n -> '800,002 s'. */
export function secondsText(ns: bigint): string {
  const negative = ns < 0n;
  const size = negative ? -ns : ns;
  if (size > 0n && size < NS_PER_S) return `${negative ? '-' : ''}${belowOneSecond(size)}`;
  const ms = (size + NS_PER_MS / 2n) / NS_PER_MS;
  const whole = grouped(ms / 1000n);
  const rest = (ms % 1000n).toString().padStart(3, '0').replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${rest === '' ? '' : `.${rest}`} s`;
}

/** The same with a sign always, for steps and offsets: '+30 s', '-570 s', '0 s'. */
export function signedSecondsText(ns: bigint): string {
  return ns > 0n ? `+${secondsText(ns)}` : secondsText(ns);
}

/** Days, hours, minutes, seconds of a length of a minute or more; null below that, where seconds say it all. */
export function calendarText(ns: bigint): string | null {
  const seconds = ((ns < 0n ? -ns : ns) + NS_PER_S / 2n) / NS_PER_S;
  if (seconds < 60n) return null;
  const parts: readonly (readonly [bigint, string])[] = [
    [seconds / 86_400n, 'd'],
    [(seconds / 3600n) % 24n, 'h'],
    [(seconds / 60n) % 60n, 'min'],
    [seconds % 60n, 's'],
  ];
  const text = parts.filter(([count]) => count > 0n).map(([count, unit]) => `${count} ${unit}`);
  return text.slice(0, 3).join(' ');
}

/** Seconds, and days in brackets where a person would ask 'how long is that?': '800,000 s (9 d 6 h 13 min)'. */
export function longText(ns: bigint): string {
  const calendar = (ns < 0n ? -ns : ns) < 120n * NS_PER_S ? null : calendarText(ns);
  return calendar === null ? secondsText(ns) : `${secondsText(ns)} (${calendar})`;
}

/** An integer with its thousands apart. */
export function grouped(count: bigint): string {
  return count.toString().replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

function belowOneSecond(ns: bigint): string {
  if (ns >= NS_PER_MS) return `${threeDigits(Number(ns) / 1e6)} ms`;
  if (ns >= 1000n) return `${threeDigits(Number(ns) / 1e3)} µs`;
  return `${ns} ns`;
}

function threeDigits(value: number): string {
  return String(Number(value.toPrecision(3)));
}
