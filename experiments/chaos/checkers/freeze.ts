/**
 * A guest is held exactly as long as the formulas of facts K.7.3 say, and not otherwise. They are checked at every look
 * at a guest, in the host's uptime, so that they hold over steps and rates of any clock:
 *   M2 (K2, K4)  CLOCK_MONOTONIC stands until the host's uptime has reached the largest one that the guest ever read
 *   M3 (K3)      sched_clock stands until the uptime has reached that of the last host which refreshed the runstate area
 *   M1 (K1)      the date is the largest one that was given out, or wc + uptime when that is larger
 *   otherwise    nothing stands: CLOCK_MONOTONIC advances as the uptime does
 * Patched guests are left out: whether a patch cures is for the matrix to say.
 */
import type { KernelName } from '@skewbed/model/xen/host-event.ts';
import type { EventOf, HistoryEvent, ProbeReading } from '@skewbed/proto/history.ts';
import type { ChaosGuest } from '../schedule.ts';
import type { Checker, RunRecord, Violation } from './checker.ts';
import { followDate, type GuestDate } from './guest-date.ts';
import { blindFrom } from './unseen.ts';

const TICK_NS = 10_000_000n;
/** A tick for the interrupt, one for the phase in which a move leaves it, one for the look itself. */
const GRAIN_NS = 3n * TICK_NS;

type Probe = EventOf<'probe'>;
/** From a start of the guest on a host to its suspend. */
type Stretch = { readonly start: Probe; readonly heldUntilNs: bigint };

/** Which clock a value of the past holds, and what that value is. */
type Law = {
  readonly mechanism: string;
  readonly clock: (reading: ProbeReading) => bigint;
  /** The value after a suspend at this uptime. `restored`: whether the guest was ever restored before. */
  readonly remember: (heldNs: bigint, uptimeNs: bigint, restored: boolean) => bigint;
};

const NOTHING_HOLDS: Law = { mechanism: 'none', clock: ({ monotonicNs }) => monotonicNs, remember: () => 0n };
const M2: Law = {
  mechanism: 'M2',
  clock: ({ monotonicNs }) => monotonicNs,
  remember: (heldNs, uptimeNs) => (uptimeNs > heldNs ? uptimeNs : heldNs),
};
/** K3 registers its runstate area at boot alone: the stamp is that of the first host for ever. */
const M3: Law = {
  mechanism: 'M3',
  clock: ({ schedClockNs }) => schedClockNs,
  remember: (heldNs, uptimeNs, restored) => (restored ? heldNs : uptimeNs),
};

const LAWS: Readonly<Record<KernelName, readonly Law[]>> = {
  'xenlinux-2.6.18-2007': [NOTHING_HOLDS],
  'xenlinux-2.6.18': [],
  'suse-2.6.25': [M2],
  'suse-2.6.31': [NOTHING_HOLDS],
  'pvops-2.6.27': [NOTHING_HOLDS, M3],
  'pvops-2.6.35': [M2],
  'pvops-6.12': [NOTHING_HOLDS],
};

export const freeze: Checker = {
  name: 'freeze',
  text: 'each guest is held exactly as long as the formulas of K.7.3 say',
  check(record) {
    if (record.schedule.hosts.some(({ patches }) => patches.length > 0)) return [];
    return record.schedule.guests
      .filter(({ patches }) => patches.length === 0)
      .flatMap((guest) => checkGuest(record, guest));
  },
};

function checkGuest(record: RunRecord, guest: ChaosGuest): Violation[] {
  const { events } = record;
  const blind = blindFrom(record, guest.name);
  const known = blind === null ? events : events.filter(({ at }) => at <= blind);
  const mine = known.filter((event) => 'domain' in event && event.domain === guest.name);
  const violations = LAWS[guest.kernel].flatMap((law) => checkLaw(law, guest, mine));
  const date: GuestDate | null =
    guest.kernel === 'xenlinux-2.6.18' ? 'guarded' : guest.kernel === 'xenlinux-2.6.18-2007' ? 'plain' : null;
  if (date !== null) violations.push(...followDate({ ...record, events: known }, guest, date));
  return violations.slice(0, 1);
}

/** The first look that is not as the law says. */
function checkLaw(law: Law, { name, kernel }: ChaosGuest, events: readonly HistoryEvent[]): Violation[] {
  let stretch: Stretch | null = null;
  let heldUntilNs = 0n;
  let restored = false;
  let spins = false;
  for (const event of events) {
    if (event.kind === 'guest-started') restored ||= event.how === 'restored';
    if (event.kind === 'guest-suspended') {
      stretch = null;
      heldUntilNs = law.remember(heldUntilNs, event.uptimeNs as bigint, restored);
    }
    // The source may destroy its copy, and be asked to look at it, long after the target's has started.
    if (event.kind === 'domain-destroyed' && event.host === stretch?.start.host) stretch = null;
    if (event.kind !== 'probe') continue;
    if (event.why !== 'start' && stretch !== null && event.host !== stretch.start.host) continue;
    // A vCPU in a loop with interrupts off shows what it saw last: that is M4's business.
    if (event.why === 'spin') spins = true;
    if (event.why === 'tick' || event.why === 'start') spins = false;
    if (event.why === 'start') {
      stretch = { start: event, heldUntilNs };
      continue;
    }
    if (stretch === null || spins) continue;
    const wrong = wrongAt(law, stretch, event);
    if (wrong !== null) return [{ checker: 'freeze', atNs: event.at, what: `${name} (${kernel}): ${wrong}` }];
  }
  return [];
}

function wrongAt({ mechanism, clock }: Law, { start, heldUntilNs }: Stretch, look: Probe): string | null {
  const uptimeNs = look.uptimeNs as bigint;
  const startedNs = start.uptimeNs as bigint;
  const advanced = clock(look.reading) - clock(start.reading);
  if (uptimeNs + GRAIN_NS < heldUntilNs) {
    if (advanced <= GRAIN_NS) return null;
    return `${mechanism} holds it for ${heldUntilNs - uptimeNs} ns more, and its clock has advanced by ${advanced} ns`;
  }
  const freeSince = heldUntilNs > startedNs ? heldUntilNs : startedNs;
  const wanted = uptimeNs - freeSince - GRAIN_NS;
  if (advanced >= wanted) return null;
  return `its clock has advanced by ${advanced} ns; by ${mechanism} it is free since ${uptimeNs - freeSince} ns`;
}
