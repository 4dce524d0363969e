/**
 * Hypothetical (facts K.5, last row): a toolstack that compares the hosts' walls before it moves anything, and refuses a
 * target whose wall is behind the source's by more than a tolerance. It cannot know of a settime that comes later.
 */
import { SkewbedError } from '@skewbed/proto/errors.ts';
import { NS_PER_MS, secondsOf } from '@skewbed/proto/units.ts';
import type { Patch } from '../patch.ts';

/** More than NTP leaves between two disciplined hosts, less than anybody notices. */
const TOLERANCE_NS = 100n * NS_PER_MS;

export const refuseWallBehind: Patch = {
  name: 'refuse-wall-behind',
  side: 'toolstack',
  source: 'hypothetical; facts K.5',
  claims: 'Without a wall that goes back no guest can see one go back.',
  objections: 'The guest is not moved at all. Uptimes are not compared, and a settime after the move is not foreseen.',
  restore: (base) => ({
    permit(host, order) {
      base.permit(host, order);
      if (order.sourceWallAheadNs <= TOLERANCE_NS) return;
      throw new SkewbedError(
        'refused',
        `host ${host.config.name}: its wall is ${secondsOf(order.sourceWallAheadNs)} s behind the source's, and 0.1 s are allowed; set its clock, then migrate again`,
      );
    },
  }),
};
