/** Registers the runstate area again on resume (be012920ecba, 2009-11-21). */
import type { Patch } from '../patch.ts';

export const runstateReregister: Patch = {
  name: 'runstate-reregister',
  side: 'guest',
  kernels: ['pvops-2.6.27'],
  source: 'linux be012920ecba, Ian Campbell, 2009-11-21',
  claims: 'Xen refreshes the stamp again, so printk times go on.',
  objections: 'sched_clock begins anew on the new host: it leaps back by the unstolen time spent on the old one.',
  guestTime: (base) => ({
    resume(g, outcome) {
      g.xen.registerRunstateArea();
      base.resume(g, outcome);
    },
  }),
};
