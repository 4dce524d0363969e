/** printk_ratelimit: at most 10 lines of a domain in 5 s of uptime; the rest is dropped, as on a real console. */
import { NS_PER_S } from '@skewbed/proto/units.ts';

const BURST = 10;
const INTERVAL_NS = 5n * NS_PER_S;

export class ConsoleLimit {
  private readonly windows = new Map<string, { begins: bigint; lines: number }>();

  allows(domain: string, uptime: bigint): boolean {
    const window = this.windows.get(domain);
    if (window === undefined || uptime < window.begins || uptime - window.begins >= INTERVAL_NS) {
      this.windows.set(domain, { begins: uptime, lines: 1 });
      return true;
    }
    window.lines++;
    return window.lines <= BURST;
  }
}
