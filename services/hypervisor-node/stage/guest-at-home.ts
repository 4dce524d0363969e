/** What every migration has to come to that a bad peer ended, whichever way its stream went. For the tests of this folder. */
import type { Transfer } from '@skewbed/proto/control/transfer.ts';
import type { LiveStage } from './live-move.ts';

/** The ways in which a migration can go. */
export const WAYS: readonly (readonly [way: string, transfer: Partial<Transfer>])[] = [
  ['relayed, live', {}],
  ['direct, live', { via: 'direct' }],
  ['relayed, stopped', { precopy: { policy: 'stop-and-copy' } }],
  ['direct, stopped', { via: 'direct', precopy: { policy: 'stop-and-copy' } }],
];

/** The guest of a failed migration runs on a, whole, and nothing of it is left on b: what of that is not so. */
export function awayFromHome(stage: LiveStage): string[] {
  stage.pass(3);
  const problems = stage.audit('a').filter((problem) => problem.startsWith('pages'));
  const [onA, onB] = [stage.domains('a').join(), stage.domains('b').join()];
  if (onA !== 'guest' || onB !== '') problems.push(`a has [${onA}], b has [${onB}]`);
  const kept = stage.eventsOf('frames-audit').filter(({ host, owned }) => host === 'b' && owned > 0);
  problems.push(...kept.map(({ owned }) => `b keeps ${owned} frames`));
  const before = ticks(stage);
  if (ticks(stage) <= before) problems.push('the guest on a does not run');
  return problems;
}

/** Timer interrupts that the guest on a has seen, a second later. */
function ticks(stage: LiveStage): bigint {
  stage.ask('a', { command: 'step', at: null, event: { type: 'observe', domain: 'guest' } });
  stage.pass(1);
  return stage.eventsOf('probe').at(-1)?.reading.timerInterrupts ?? 0n;
}
