/**
 * Text for people: colours only where a terminal shows them, tables, and seconds as somebody would say them. Everything
 * for people goes to standard output unless --json has it; then to nobody.
 */
import { styleText } from 'node:util';
import Table from 'cli-table3';

type Style = 'red' | 'green' | 'yellow' | 'bold' | 'dim' | 'cyan';

/** Coloured when standard output is a terminal and NO_COLOR is not set. */
export function styled(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout, validateStream: true });
}

/** Prints a line for people. */
export const say = (line = ''): void => {
  process.stdout.write(`${line}\n`);
};

/** A table with a head, as text. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const made = new Table({
    head: head.map((each) => styled('bold', each)),
    style: { head: [], border: [], compact: true },
  });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

/** A length in seconds: '800000 s', '0.005 s', or 'never'. */
export function lengthText(seconds: number | null): string {
  if (seconds === null) return 'never';
  return `${Number.isInteger(seconds) ? seconds : Number(seconds.toFixed(3))} s`;
}

/** A verdict in its colour. */
export function verdictText(verdict: string): string {
  if (verdict === 'healthy') return styled('green', verdict);
  return verdict === 'not-applicable'
    ? styled('dim', verdict)
    : styled(verdict === 'unknown' ? 'yellow' : 'red', verdict);
}
