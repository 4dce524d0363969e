/** What a fault of a clock does to a real host, beside a twin of it to which nothing is done. For the tests of each. */
import { benchHost } from '@skewbed/model/bench-host.ts';
import { NS_PER_MS, trueNs } from '@skewbed/proto/units.ts';
import { nsOfMs } from '../duration.ts';
import { type Fault, kindOf } from './index.ts';

/** How far wall and uptime are from the twin's, in ms, at these instants in ms. */
export function departures(
  fault: Fault,
  atMs: readonly number[],
): readonly (readonly [wall: number, uptime: number])[] {
  const [host, twin] = [benchHost(), benchHost()];
  const kind = kindOf(fault);
  const steps = kind.about === 'clock' ? [...kind.steps(fault)] : [];
  return atMs.map((ms) => {
    for (let next = steps[0]; next !== undefined && next.atMs <= ms; next = steps[0]) {
      host.step(trueNs(nsOfMs(next.atMs)), next.event);
      steps.shift();
    }
    const at = trueNs(nsOfMs(ms));
    const [is, was] = [host.clocksAt(at), twin.clocksAt(at)];
    return [Number((is.wallNs - was.wallNs) / NS_PER_MS), Number((is.uptimeNs - was.uptimeNs) / NS_PER_MS)];
  });
}
