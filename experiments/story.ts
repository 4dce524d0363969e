/**
 * The main job as a story: the hang of the xen-devel thread of November 2008 on two hosts, what the posted fix does to it,
 * what was said against that fix, and what cures. Real processes run it in real time at 1/300: ten minutes are two
 * seconds. The two hosts have skews of one size, so that each side can be shown alone (facts K.6: a run in which both
 * differ decides nothing).
 */

import type { Scenario } from './scenarios/scenario.ts';
import { readScenario } from './scenarios/scenario-file.ts';

/** What the story multiplies every skew by. */
export const STORY_SCALE = '1/300';

/** One run of the story, with what it shows in a few words. */
export type StoryRun = { readonly label: string; readonly scenario: Scenario };
export type Chapter = { readonly title: string; readonly text: string; readonly runs: readonly StoryRun[] };

/** Host b against a: behind by ten minutes on one clock, or on none. The pause is half a second everywhere. */
const AGREES = { wall: '+500ms', uptime: '1000000.5s' } as const;
const WALL_BEHIND = { ...AGREES, wall: '-599.5s' } as const;
const BOOTED_LATER = { ...AGREES, uptime: '999400.5s' } as const;

const OLD_GUEST = 'xenlinux-2.6.18';
const NEWER_GUEST = 'pvops-2.6.35';

type Told = {
  readonly name: string;
  readonly label: string;
  readonly kernel: string;
  readonly b: { readonly wall: string; readonly uptime: string };
  readonly move?: 'migrate' | 'save-restore';
  readonly restore?: string;
  readonly patch?: string;
  readonly more?: string;
  readonly expect: string;
};

const FREEZES_M1 = '{ verdict: frozen, mechanism: M1 }';
const FREEZES_M2 = '{ verdict: frozen, mechanism: M2+M2b, late: 599.5s }';
const HEALTHY = '{ verdict: healthy, mechanism: none, late: 0s }';

function told({
  name,
  label,
  kernel,
  b,
  move = 'migrate',
  restore = 'fields-2007',
  patch,
  more = '',
  expect,
}: Told): StoryRun {
  const text = `scenario: story-${name}
question: ${JSON.stringify(label)}
source: xen-devel, November 2008
guest: { kernel: ${kernel} }
hosts:
  a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }
  b: { wall: ${b.wall}, uptime: ${b.uptime} }
move: { kind: ${move}, from: a, to: b, downtime: 500ms }
restore: ${restore}
patches: [${patch ?? ''}]
${more}
expect: ${expect}
`;
  return { label, scenario: readScenario(text, `story-${name}`) };
}

/** The whole story, in order. */
export function story(): readonly Chapter[] {
  return [
    {
      title: 'Nothing wrong',
      text: 'Two hosts whose clocks agree. The guest moves, and every clock in it goes on: the control for all that follows.',
      runs: [told({ name: 'control', label: 'the clocks agree', kernel: OLD_GUEST, b: AGREES, expect: HEALTHY })],
    },
    {
      title: 'Recipe one: save, set the clock back, restore',
      text: 'James Song, xen-devel: save a guest, set the clock of the machine back by ten minutes, restore. A Linux 2.6.18 guest hangs: its gettimeofday waits for the wall to pass the last time that it gave out, and every new sleep waits with it.',
      runs: [
        told({
          name: 'one',
          label: 'recipe one, nothing patched',
          kernel: OLD_GUEST,
          b: WALL_BEHIND,
          move: 'save-restore',
          expect: '{ verdict: frozen, mechanism: M1, late: 599.5s }',
        }),
      ],
    },
    {
      title: 'The posted fix',
      text: 'His patch restores the saved wc_sec as well. With it the guest does not hang: verified.',
      runs: [
        told({
          name: 'one-song',
          label: 'recipe one, song-2008',
          kernel: OLD_GUEST,
          b: WALL_BEHIND,
          move: 'save-restore',
          restore: 'song-2008',
          expect: HEALTHY,
        }),
      ],
    },
    {
      title: 'The objection',
      text: 'Tian: the patch works once, at the restore. As soon as dom0 publishes its clock, as ntp does every minute, the guest hangs all the same.',
      runs: [
        told({
          name: 'one-song-settime',
          label: 'recipe one, song-2008, then dom0 sets its clock',
          kernel: OLD_GUEST,
          b: WALL_BEHIND,
          move: 'save-restore',
          restore: 'song-2008',
          more: 'events: [{ at: 150s, host: b, settime: +0s }]\nsleeps: [{ length: 1s, armed: 150s }]',
          expect: FREEZES_M1,
        }),
      ],
    },
    {
      title: 'Recipe two, one side at a time',
      text: 'His second recipe moves the guest to a machine that is behind. Behind in what? Its wall or its uptime: the two are independent, and different guests wait for different ones.',
      runs: [
        told({
          name: 'wall',
          label: 'only the wall is behind',
          kernel: OLD_GUEST,
          b: WALL_BEHIND,
          expect: '{ verdict: frozen, mechanism: M1, late: 599.5s }',
        }),
        told({
          name: 'wall-song',
          label: 'only the wall is behind, song-2008',
          kernel: OLD_GUEST,
          b: WALL_BEHIND,
          restore: 'song-2008',
          expect: HEALTHY,
        }),
        told({
          name: 'uptime',
          label: 'only the uptime is behind',
          kernel: NEWER_GUEST,
          b: BOOTED_LATER,
          expect: FREEZES_M2,
        }),
        told({
          name: 'uptime-song',
          label: 'only the uptime is behind, song-2008',
          kernel: NEWER_GUEST,
          b: BOOTED_LATER,
          restore: 'song-2008',
          expect: FREEZES_M2,
        }),
      ],
    },
    {
      title: 'What the posted fix breaks',
      text: 'The same pair of hosts, the older guest: their walls agree, so it moves well. With the patch it hangs by the difference of the uptimes, because wc_sec of one host was joined to the uptime of the other. Nobody in the thread saw this.',
      runs: [
        told({
          name: 'agree',
          label: 'the walls agree, only the uptime is behind',
          kernel: OLD_GUEST,
          b: BOOTED_LATER,
          expect: HEALTHY,
        }),
        told({
          name: 'agree-song',
          label: 'the walls agree, song-2008',
          kernel: OLD_GUEST,
          b: BOOTED_LATER,
          restore: 'song-2008',
          expect: '{ verdict: frozen, mechanism: M1 }',
        }),
      ],
    },
    {
      title: 'What cures',
      text: 'Each mechanism has its own cure: the guest forgets the guard of its wall, or the guard of its clock source; or the hypervisor keeps the uptime of each domain continuous.',
      runs: [
        told({
          name: 'cure-wall',
          label: 'the wall is behind, reset-monotonic-tv',
          kernel: OLD_GUEST,
          b: WALL_BEHIND,
          patch: 'reset-monotonic-tv',
          expect: HEALTHY,
        }),
        told({
          name: 'cure-uptime',
          label: 'the uptime is behind, reset-last-value',
          kernel: NEWER_GUEST,
          b: BOOTED_LATER,
          patch: 'reset-last-value',
          expect: HEALTHY,
        }),
        told({
          name: 'cure-hypervisor',
          label: 'the uptime is behind, uptime-continuity',
          kernel: NEWER_GUEST,
          b: BOOTED_LATER,
          patch: 'uptime-continuity',
          expect: HEALTHY,
        }),
      ],
    },
  ];
}
