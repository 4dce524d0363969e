/**
 * The table of probes: what each program inside the guest is, and what it saw. A probe that is missing is said to be
 * missing; nothing is filled in.
 */
import { longText, signedSecondsText } from '@skewbed/dashboard/duration-text.ts';
import { type Html, html } from './html.ts';
import type { ReportedProbes, ReportedResult } from './reported-result.ts';
import { nanosOf } from './sentence.ts';

type Saw = { readonly state: 'fine' | 'odd' | 'bad' | 'missing'; readonly text: string };

/** Shorter than this is a matter of ticks. It only chooses a colour: verdicts have their own tolerance. */
const NOTICEABLE_S = 0.1;
const MISSING: Saw = { state: 'missing', text: 'no reading' };

const PROBES: readonly { name: string; what: string; saw: (probes: ReportedProbes) => Saw }[] = [
  { name: 'date', what: 'what `date` prints (CLOCK_REALTIME)', saw: sawDate },
  { name: 'monotonic', what: 'CLOCK_MONOTONIC as a program reads it', saw: ({ monotonic }) => sawClock(monotonic) },
  { name: 'new sleep', what: 'sleep(1) begun when the guest ran again', saw: ({ newSleep }) => sawSleep(newSleep) },
  {
    name: 'old sleep',
    what: 'a sleep with 60 s left when the guest stopped',
    saw: ({ oldSleep }) => sawSleep(oldSleep),
  },
  { name: 'jiffies', what: "the kernel's count of ticks", saw: ({ jiffies }) => sawClock(jiffies) },
  {
    name: 'CPU loop',
    what: 'a program that only computes',
    saw: ({ cpuLoop }) => sawFlag(cpuLoop?.ran, { yes: 'made progress', no: 'made no progress' }),
  },
  {
    name: 'net echo',
    what: "the kernel's answer to a packet",
    saw: ({ netEcho }) => sawFlag(netEcho?.ok, { yes: 'answered', no: 'did not answer' }),
  },
  {
    name: 'sched_clock',
    what: "the scheduler's clock, printk's time stamps",
    saw: ({ schedClock }) => sawClock(schedClock),
  },
  { name: 'vCPU', what: 'what Xen saw of vCPU 0', saw: sawVcpu },
  { name: 'console', what: 'what the guest kernel printed about time', saw: sawConsole },
];

/** Rows of probe, description and reading. */
export function probeTable(result: ReportedResult): Html {
  const rows = PROBES.map(({ name, what, saw }) => {
    const { state, text } = saw(result.probes);
    return html`<tr class="${state}"><th scope="row">${name}</th><td class="soft">${what}</td><td><span class="dot" aria-hidden="true"></span>${text}</td></tr>\n`;
  });
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">probe</th><th scope="col">what it is</th><th scope="col">what it saw</th></tr></thead>
<tbody>
${rows}</tbody>
</table></div>`;
}

function sawSleep(sleep: ReportedProbes['newSleep']): Saw {
  if (sleep === undefined) return MISSING;
  if (sleep.late === null) return { state: 'bad', text: 'did not come back within the run' };
  const early = sleep.early ?? 0;
  if (sleep.late > NOTICEABLE_S) return { state: 'bad', text: `came back ${longText(nanosOf(sleep.late))} late` };
  if (early > NOTICEABLE_S) return { state: 'odd', text: `came back ${longText(nanosOf(early))} early` };
  return { state: 'fine', text: 'came back in time' };
}

function sawClock(clock: { readonly stuckFor: number | null; readonly leap?: number | null } | undefined): Saw {
  if (clock === undefined) return MISSING;
  const leap = clock.leap ?? 0;
  const leapt = Math.abs(leap) > NOTICEABLE_S ? `leapt by ${signedSecondsText(nanosOf(leap))}` : '';
  if (clock.stuckFor === null) return { state: 'bad', text: sentence(leapt, 'stood still to the end of the run') };
  if (clock.stuckFor > NOTICEABLE_S) {
    return { state: 'bad', text: sentence(leapt, `stood still for ${longText(nanosOf(clock.stuckFor))}`) };
  }
  return leapt === '' ? { state: 'fine', text: 'ran' } : { state: 'odd', text: sentence(leapt, 'ran on') };
}

function sawDate({ date }: ReportedProbes): Saw {
  if (date === undefined) return MISSING;
  const step = date.step ?? 0;
  const ahead = date.aheadOfHost ?? 0;
  const stepped = Math.abs(step) > NOTICEABLE_S ? `stepped by ${signedSecondsText(nanosOf(step))}` : '';
  const side = ahead > 0 ? 'ahead of' : 'behind';
  const apart =
    Math.abs(ahead) > NOTICEABLE_S ? `was then ${longText(nanosOf(Math.abs(ahead)))} ${side} its host's wall` : '';
  const clock = sawClock({ stuckFor: date.stuckFor });
  const odd = stepped !== '' || apart !== '';
  return { state: clock.state === 'fine' && odd ? 'odd' : clock.state, text: sentence(stepped, apart, clock.text) };
}

function sawVcpu({ vcpu }: ReportedProbes): Saw {
  if (vcpu === undefined) return MISSING;
  if (vcpu.blockedFor === null) return { state: 'bad', text: 'blocked to the end of the run' };
  // An idle guest blocks between two timers; only minutes of it mean that no timer was left.
  const state = vcpu.blockedFor > 60 ? 'bad' : 'fine';
  return { state, text: `blocked for ${longText(nanosOf(vcpu.blockedFor))} at a stretch` };
}

function sawConsole({ console: lines }: ReportedProbes): Saw {
  if (lines === undefined) return MISSING;
  return lines.length === 0 ? { state: 'fine', text: 'silent' } : { state: 'odd', text: lines.join(' · ') };
}

function sawFlag(value: boolean | undefined, words: { readonly yes: string; readonly no: string }): Saw {
  if (value === undefined) return MISSING;
  return value ? { state: 'fine', text: words.yes } : { state: 'bad', text: words.no };
}

function sentence(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(', ');
}
