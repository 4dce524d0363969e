/** The global last_value of pvclock (489fb490dbf8, 2010-05-11): what made M2 and M2b possible in pv-ops. */
import { guardedRead, heldLastValue } from '../../guest/pvops.ts';
import type { Patch } from '../patch.ts';

export const monotonicGuard: Patch = {
  name: 'monotonic-guard',
  side: 'guest',
  kernels: ['pvops-2.6.27'],
  source: 'linux 489fb490dbf8, Glauber Costa, 2010-05-11',
  claims: 'No vCPU sees time go back, however unstable the TSCs are.',
  objections: 'Nothing clears it on resume (until d0054d672ff0).',
  guestTime: (base) => ({
    clocksourceRead: guardedRead,
    held: (g) => [heldLastValue(g), ...base.held(g)],
  }),
};
