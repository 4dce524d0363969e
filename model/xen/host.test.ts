/** A host by what can be asked of it: domains and their life cycle, the clock of its dom0, memory, and refusals. */
import { NS_PER_MS, NS_PER_S } from '@skewbed/proto/units.ts';
import { describe, expect, it } from 'vitest';
import { at, BENCH_WALL, benchHost, benchSpec, callGuest, elapse, GUEST, startBenchGuest } from '../bench-host.ts';
import { GUEST_TIMERS_MAX } from '../guest/guest.ts';
import { KERNEL_NAMES } from '../guest/kernels/index.ts';
import { eventsOf } from '../readings.ts';
import type { Host } from './host.ts';
import { DOMCTL } from './hypervisor-ops.ts';
import { readWallclock } from './shared-info.ts';

const coded = (code: string) => expect.objectContaining({ code });
const _wallclockOf = (host: Host) => readWallclock(host.domain(GUEST).sharedInfo, 'u64');
const lastProbeOf = (host: Host) => eventsOf(host.drain(), 'probe').at(-1);

function observe(host: Host, seconds: number) {
  host.step(at(seconds), { type: 'observe', domain: GUEST });
  const probe = lastProbeOf(host);
  if (probe === undefined) throw new Error('no probe');
  return probe;
}

function framesAudit(host: Host, seconds: number) {
  host.step(at(seconds), { type: 'audit' });
  return eventsOf(host.drain(), 'frames-audit').at(-1);
}

describe('the life cycle of a domain', () => {
  it('is created paused: no code of the guest runs until it is unpaused', () => {
    const host = benchHost();
    host.step(at(0), { type: 'create-domain', spec: benchSpec() });
    elapse(host, at(5));
    expect(host.nextDeadline()).toBeNull();
    expect(eventsOf(host.drain(), 'probe')).toEqual([]);
    host.step(at(5), { type: 'unpause', domain: GUEST });
    expect(eventsOf(host.drain(), 'guest-started')).toMatchObject([{ how: 'booted', at: at(5) }]);
  });

  it.each(KERNEL_NAMES)('a pause stops %s and none of its clocks (xen-lab 2.8)', (kernel) => {
    const host = benchHost();
    startBenchGuest(host, { kernel });
    const before = observe(host, 2).reading;
    host.step(at(2), { type: 'pause', domain: GUEST });
    elapse(host, at(17));
    expect(eventsOf(host.drain(), 'probe')).toEqual([]);
    host.step(at(17), { type: 'unpause', domain: GUEST });
    elapse(host, at(18));
    const after = observe(host, 18);
    expect(after.reading.dateNs).toBe(after.wallNs);
    expect(after.reading.monotonicNs - before.monotonicNs).toBe(16n * NS_PER_S);
    expect(after.reading.jiffies - before.jiffies).toBe(1600n);
    // What Xen had to deliver in 15 s is one event.
    expect(after.reading.timerInterrupts - before.timerInterrupts).toBeLessThan(110n);
  });

  it('a paused vCPU is offline, and a sleep that fell due meanwhile returns when it goes on', () => {
    const host = benchHost();
    startBenchGuest(host);
    callGuest(host, at(1), { call: 'nanosleep', timer: 'nap', lengthNs: 2n * NS_PER_S });
    host.step(at(2), { type: 'pause', domain: GUEST });
    expect(observe(host, 3).reading.vcpu).toBe('offline');
    host.step(at(10), { type: 'unpause', domain: GUEST });
    elapse(host, at(11));
    const [returned] = eventsOf(host.drain(), 'timer-returned');
    expect(returned?.timer).toBe('nap');
    expect((returned?.at ?? 0n) - at(10)).toBeLessThanOrEqual(10n * NS_PER_MS);
  });

  it('destroy gives every frame back, and the name is free again', () => {
    const host = benchHost();
    const free = host.memory.free;
    startBenchGuest(host);
    elapse(host, at(1));
    expect(host.memory.free).toBe(free - 128 - 1);
    host.step(at(1), { type: 'destroy', domain: GUEST, why: 'the test is over' });
    expect(host.memory.free).toBe(free);
    expect(framesAudit(host, 1)).toMatchObject({ ok: true, owned: 0, problems: [] });
    expect(host.domainNames()).toEqual([]);
    expect(host.nextDeadline()).toBeNull();
    startBenchGuestAgain(host);
    expect(host.domain(GUEST).domid).toBe(2);
  });

  const startBenchGuestAgain = (host: Host): void => host.step(at(1), { type: 'create-domain', spec: benchSpec() });

  it.each(['pause', 'unpause', 'observe', 'destroy'] as const)(
    '%s of a domain that is not there is not-found',
    (type) => {
      const host = benchHost();
      const event = { type, domain: 'nobody', why: 'test' } as const;
      expect(() => host.step(at(0), event)).toThrow(coded('not-found'));
      expect(() => host.step(at(0), event)).toThrow("host a has no domain 'nobody'; it has none");
    },
  );

  it('what does not fit the state of a domain is refused, and changes nothing', () => {
    const host = benchHost();
    startBenchGuest(host);
    expect(() => host.step(at(1), { type: 'unpause', domain: GUEST })).toThrow(coded('illegal-state'));
    expect(() => host.step(at(1), { type: 'create-domain', spec: benchSpec() })).toThrow(coded('already-exists'));
    host.step(at(1), { type: 'pause', domain: GUEST });
    expect(() => host.step(at(1), { type: 'pause', domain: GUEST })).toThrow(
      'pause: domain guest is paused, and has to be running',
    );
    expect(() => callGuest(host, at(1), { call: 'echo' })).toThrow(coded('illegal-state'));
    expect(() => host.domctl(DOMCTL.resumedomain, host.domain(GUEST))).toThrow(coded('illegal-state'));
    host.step(at(2), { type: 'unpause', domain: GUEST });
    elapse(host, at(3));
    expect(observe(host, 3).reading.dateNs).toBe(BENCH_WALL + 3n * NS_PER_S);
  });

  it('a domctl that Xen does not have is refused, and one for nobody is -ESRCH', () => {
    const host = benchHost();
    expect(() => host.domctl(51, null)).toThrow('no domctl 51 (-ENOSYS)');
    for (const number of [DOMCTL.pausedomain, DOMCTL.unpausedomain, DOMCTL.settimeoffset, DOMCTL.resumedomain])
      expect(() => host.domctl(number, null)).toThrow('-ESRCH');
  });
});

describe('memory', () => {
  it('a domain that does not fit is refused whole: no frame is kept, and its name stays free', () => {
    const host = benchHost({ frames: 200 });
    startBenchGuest(host);
    const free = host.memory.free;
    const big = benchSpec({ name: 'second' });
    expect(() => host.step(at(1), { type: 'create-domain', spec: big })).toThrow(coded('out-of-memory'));
    expect(host.memory.free).toBe(free);
    expect(host.domainNames()).toEqual([GUEST]);
    expect(framesAudit(host, 1)).toMatchObject({ ok: true });
  });

  it('two domains never share a frame, and the audit of their memory finds nothing', () => {
    const host = benchHost();
    startBenchGuest(host);
    startBenchGuest(host, { name: 'second', kernel: 'pvops-6.12' });
    elapse(host, at(1));
    host.step(at(1), { type: 'audit' });
    const history = host.drain();
    expect(eventsOf(history, 'memory-audit').map(({ domain, ok }) => [domain, ok])).toEqual([
      [GUEST, true],
      ['second', true],
    ]);
    expect(eventsOf(history, 'writer-checked').map(({ writes, badPages }) => [writes, badPages])).toEqual([
      [100n, []],
      [100n, []],
    ]);
    expect(eventsOf(history, 'frames-audit')).toMatchObject([{ ok: true, owned: 2 * 129 }]);
  });

  it('the audit sees a frame that a domain uses and does not own', () => {
    const host = benchHost();
    startBenchGuest(host);
    const domain = host.domain(GUEST);
    host.memory.release(domain.owner, [domain.p2m.frameOf(100)]);
    host.step(at(1), { type: 'audit' });
    expect(eventsOf(host.drain(), 'memory-audit')).toMatchObject([{ ok: false }]);
  });
});

describe('events', () => {
  it('reach a running guest: an echo comes back and a cpu loop runs', () => {
    const host = benchHost();
    startBenchGuest(host);
    callGuest(host, at(1), { call: 'echo' });
    callGuest(host, at(1), { call: 'cpu-loop' });
    const history = host.drain();
    expect(eventsOf(history, 'echo')).toMatchObject([{ ok: true }]);
    expect(eventsOf(history, 'cpu-loop')).toMatchObject([{ ran: true }]);
  });

  it('a guest takes so many timers and no more', () => {
    const host = benchHost();
    startBenchGuest(host);
    const arm = (timer: string): void => callGuest(host, at(1), { call: 'nanosleep', timer, lengthNs: NS_PER_S });
    for (let i = 0; i < GUEST_TIMERS_MAX; i++) arm(`sleep ${i}`);
    expect(() => arm('one too many')).toThrow(coded('limit-exceeded'));
    elapse(host, at(2.1));
    expect(eventsOf(host.drain(), 'timer-returned')).toHaveLength(GUEST_TIMERS_MAX);
  });

  it('a look at the probes moves no clock: with nobody reading, monotonic_tv stays where it was', () => {
    const seen = (looks: number) => {
      const host = benchHost();
      startBenchGuest(host, { reader: 'off' });
      for (let i = 1; i <= looks; i++) observe(host, i);
      host.step(at(10), { type: 'settime', by: 'date', to: { kind: 'relative', byNs: -600n * NS_PER_S } });
      return observe(host, 11);
    };
    expect(seen(9).reading).toEqual(seen(0).reading);
    expect(seen(9).held).toEqual([]);
  });
});

describe('what a host refuses', () => {
  it('the posted patch where domctl 51 is taken', () => {
    expect(() => benchHost({ domctl51: true, patches: ['song-2008'] })).toThrow(coded('domctl-clash'));
    expect(() => benchHost({ domctl51: true })).not.toThrow();
  });

  it.each(['+1000s step -10s @5s', '+1000s strobe 3s/5s', '-5s'])('an uptime such as %s', (uptimeSkew) => {
    expect(() => benchHost({ uptimeSkew })).toThrow(coded('bad-clock'));
  });

  it('a step back in true time, and stays where it was', () => {
    const host = benchHost();
    startBenchGuest(host);
    elapse(host, at(2));
    expect(() => elapse(host, at(1))).toThrow(coded('crash'));
    elapse(host, at(3));
    expect(observe(host, 3).reading.dateNs).toBe(BENCH_WALL + 3n * NS_PER_S);
  });
});
