/**
 * Which variable froze which clock. A debugger's view of the guest (the held variables of each probe event) names a
 * suspect; it is believed only when the probe which that variable freezes was really stuck about as long as the variable
 * still had to wait, or until somebody set the clock. So a mechanism never comes from a flag in the model alone.
 */
import type { HeldVariable, HistoryEvent, ProbeReading } from '@skewbed/proto/history.ts';
import type { DurationNs } from '@skewbed/proto/units.ts';
import type { Plan } from '../plan.ts';
import { type Length, type Look, looksWithin, type Sight, sightOf, stretches } from './sight.ts';

export type MechanismWord = HeldVariable['mechanism'];

export type Evidence = {
  readonly variable: string;
  readonly mechanism: MechanismWord;
  readonly holdsNs: bigint;
  readonly waitsOn: 'wall' | 'uptime';
  readonly host: string;
  /** From where it began to hold until it was free. */
  readonly freedAfter: Length;
};

export type MechanismFinding = { readonly mechanism: string; readonly evidence: readonly Evidence[] };

/** In this order they are joined: 'M2+M2b'. */
const ORDER: readonly MechanismWord[] = ['M0', 'M1', 'M2', 'M2b', 'M3', 'M4'];

/** The clock that shows the freeze of each mechanism (facts K.6). */
const SHOWN_BY: Readonly<Record<MechanismWord, (reading: ProbeReading) => bigint>> = {
  M0: (reading) => reading.jiffies,
  M1: (reading) => reading.dateNs,
  M2: (reading) => reading.monotonicNs,
  M2b: (reading) => reading.timerInterrupts,
  M3: (reading) => reading.schedClockNs,
  M4: (reading) => reading.jiffies,
};

/** A held variable from the first look that shows it to the last. */
type Episode = {
  readonly held: HeldVariable;
  readonly host: string;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  readonly open: boolean;
};

/** Names the mechanisms of a run, with the evidence for each. */
export function mechanismOf(plan: Plan, events: readonly HistoryEvent[]): MechanismFinding {
  const sight = sightOf(plan, events);
  const settimes = events.flatMap((event) => (event.kind === 'settime' ? [event.at] : []));
  const proven = longestOfEach(
    episodesOf(looksWithin(sight, plan.referenceNs)).filter((episode) => confirmed(episode, { sight, settimes, plan })),
  );
  const words = new Set(proven.map((episode) => episode.held.mechanism));
  return {
    mechanism: ORDER.filter((word) => words.has(word)).join('+') || 'none',
    evidence: proven.map(({ held, host, fromNs, toNs, open }) => ({
      variable: held.variable,
      mechanism: held.mechanism,
      holdsNs: held.holdsNs,
      waitsOn: held.waitsOn,
      host,
      freedAfter: open ? 'never' : toNs - fromNs,
    })),
  };
}

/** A variable may hold in several episodes, such as a deadline that is set anew: its longest is the evidence. */
function longestOfEach(episodes: readonly Episode[]): readonly Episode[] {
  const lengthOf = ({ fromNs, toNs }: Episode): bigint => toNs - fromNs;
  return episodes.filter((episode) =>
    episodes.every(
      (other) =>
        other.held.variable !== episode.held.variable ||
        lengthOf(other) < lengthOf(episode) ||
        (lengthOf(other) === lengthOf(episode) && other.fromNs >= episode.fromNs),
    ),
  );
}

function episodesOf(looks: readonly Look[]): readonly Episode[] {
  const episodes: Episode[] = [];
  const open = new Map<string, Episode>();
  looks.forEach((look, index) => {
    const holding = look.held.filter((held) => held.holdsNs > held.clockNs);
    for (const [key, episode] of open) {
      if (holding.some((held) => keyOf(held) === key)) continue;
      // The look that does not show it any more is the one at which it was freed.
      episodes.push({ ...episode, toNs: look.at, open: false });
      open.delete(key);
    }
    for (const held of holding) {
      const episode = open.get(keyOf(held));
      open.set(keyOf(held), {
        ...(episode ?? { held, host: look.host ?? '', fromNs: look.at }),
        toNs: look.at,
        open: true,
      });
    }
    if (index === looks.length - 1) episodes.push(...open.values());
  });
  return episodes.sort((a, b) =>
    a.fromNs < b.fromNs
      ? -1
      : a.fromNs > b.fromNs
        ? 1
        : ORDER.indexOf(a.held.mechanism) - ORDER.indexOf(b.held.mechanism),
  );
}

// With the value: a deadline which is set anew at each tick is held by nobody.
const keyOf = (held: HeldVariable): string => `${held.mechanism} ${held.variable} ${held.holdsNs}`;

/** Whether the clock that this variable would freeze stood still as long as the variable had to wait. */
function confirmed(
  { held, fromNs, toNs, open }: Episode,
  { sight, settimes, plan }: { sight: Sight; settimes: readonly bigint[]; plan: Plan },
): boolean {
  const predictedNs = held.holdsNs - held.clockNs;
  if (predictedNs <= plan.tickNs) return false;
  const slackNs = 2n * plan.tickNs;
  const setAt = settimes.find((at) => at > fromNs && at < fromNs + predictedNs);
  // M4 waits for no clock: it lasts until the loop has come round, which nobody can foresee from outside.
  if (held.mechanism === 'M4') return stoodStill(held.mechanism, { sight, fromNs, wantedNs: toNs - fromNs, slackNs });
  const wantedNs = minNs(
    predictedNs,
    setAt === undefined ? predictedNs : setAt - fromNs,
    open ? toNs - fromNs : predictedNs,
  );
  return stoodStill(held.mechanism, { sight, fromNs, wantedNs, slackNs });
}

/** Whether the clock that shows a mechanism stood still from an instant on, for that long. */
function stoodStill(
  mechanism: MechanismWord,
  { sight, fromNs, wantedNs, slackNs }: { sight: Sight; fromNs: bigint; wantedNs: bigint; slackNs: bigint },
): boolean {
  return stretches(looksWithin(sight, fromNs), SHOWN_BY[mechanism]).some((stretch) => {
    const from = stretch.fromNs > fromNs ? stretch.fromNs : fromNs;
    return from <= fromNs + slackNs && stretch.toNs - from + slackNs >= wantedNs;
  });
}

const minNs = (...lengths: readonly DurationNs[]): DurationNs =>
  lengths.reduce((least, ns) => (ns < least ? ns : least));
