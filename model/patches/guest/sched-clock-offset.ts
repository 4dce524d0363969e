/** sched_clock is the clocksource minus an offset which a suspend does not move (867cefb4cb10, 2019-01-14). */
import type { Patch } from '../patch.ts';

export const schedClockOffset: Patch = {
  name: 'sched-clock-offset',
  side: 'guest',
  kernels: ['pvops-2.6.27', 'pvops-2.6.35'],
  source: 'linux 867cefb4cb10, Juergen Gross, 2019-01-14 (with 38669ba205d1)',
  claims: 'sched_clock goes on across a migration where it stopped.',
  objections: 'It is only as alive as the clocksource that it reads.',
  guestTime: (base) => ({
    boot(g) {
      base.boot(g);
      g.state.schedClockOffset = g.ops.clocksourceRead(g);
    },
    schedClock: (g) => g.ops.clocksourceRead(g) - g.state.schedClockOffset,
    suspend(g) {
      base.suspend(g);
      g.state.schedClockSaved = g.ops.clocksourceRead(g) - g.state.schedClockOffset;
    },
    resume(g, outcome) {
      g.state.schedClockOffset = g.ops.clocksourceRead(g) - g.state.schedClockSaved;
      base.resume(g, outcome);
    },
    held: (g) => base.held(g).filter((h) => h.mechanism !== 'M3'),
  }),
};
