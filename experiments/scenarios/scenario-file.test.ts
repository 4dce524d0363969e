import { SkewbedError } from '@skewbed/proto/errors.ts';
import { describe, expect, it } from 'vitest';
import { readScenario } from './scenario-file.ts';

const UPTIME_ONLY = `scenario: uptime-only
question: Does a guest freeze when only the uptimes differ?
source: xen-devel 2008-11-27
guest: { kernel: pvops-2.6.35, vcpus: 1, memory: 16MiB, hz: 100 }
hosts:
  a: { wall: 2008-11-27T08:21:44Z, uptime: 1000000s }
  b: { wall: +2s, uptime: 200000s, ntp: off }
move: { kind: migrate, from: a, to: b, downtime: 2s }
restore: fields-2007
patches: []
events:
  - { at: 30s, host: b, settime: exact }
sleeps:
  - { length: 1s, armed: 100s }
  - { length: 100s, armed: -0s }
expect: { verdict: frozen, mechanism: M2+M2b, late: 800000s }
`;

/** The message of the error that reading this text gives. */
function complaint(text: string): string {
  try {
    readScenario(text, 'x.yaml');
  } catch (error) {
    expect(error).toBeInstanceOf(SkewbedError);
    expect((error as SkewbedError).code).toBe('bad-scenario');
    return (error as SkewbedError).message;
  }
  throw new Error('the text was accepted');
}
const changed = (from: string | RegExp, to: string): string => {
  const text = UPTIME_ONLY.replace(from, to);
  expect(text).not.toBe(UPTIME_ONLY);
  return text;
};

describe('a scenario file', () => {
  it('is read with walls resolved and times in nanoseconds', () => {
    const scenario = readScenario(UPTIME_ONLY, 'x.yaml');
    const [a, b] = scenario.hosts;
    expect(a?.wallNs).toBe(1_227_774_104_000_000_000n);
    expect(b?.wallNs).toBe(1_227_774_106_000_000_000n);
    expect(b?.uptimeNs).toBe(200_000_000_000_000n);
    expect(scenario.sleeps).toEqual([
      { lengthNs: 1_000_000_000n, armed: { side: 'after-reference', ns: 100_000_000_000n } },
      { lengthNs: 100_000_000_000n, armed: { side: 'before-stop', ns: 0n } },
    ]);
    expect(scenario.expect).toEqual({ verdict: 'frozen', mechanism: 'M2+M2b', lateNs: 800_000_000_000_000n });
  });

  it('needs little, and fills in the defaults of the design', () => {
    const scenario = readScenario(
      'scenario: small\nguest: { kernel: xenlinux-2.6.18 }\nhosts: { a: { wall: 2008-11-27T08:21:44Z, uptime: 5d } }\nmove: { kind: none }\n',
      'x.yaml',
    );
    expect(scenario.guest).toEqual({
      kernel: 'xenlinux-2.6.18',
      build: 'smp',
      vcpus: 1,
      memoryBytes: 16 * 2 ** 20,
      hz: 100,
      reader: 'each-tick',
    });
    expect(scenario.restore).toBe('fields-2007');
    expect(scenario.hosts[0]?.ntpNs).toBeNull();
    expect(scenario.expect).toBeNull();
  });

  it('takes the patch song-2008 and the policy of that name as one thing', () => {
    const byPatch = readScenario(changed('patches: []', 'patches: [song-2008]'), 'x.yaml');
    expect(byPatch).toMatchObject({ restore: 'song-2008', patches: [] });
    expect(complaint(changed('restore: fields-2007\npatches: []', 'restore: song-2008\npatches: [song-2008]'))).toMatch(
      /^x\.yaml:10:11: .*keep one of the two/,
    );
  });

  it('may turn the reader off at the top or in the guest, once', () => {
    expect(readScenario(changed('patches: []', 'reader: off'), 'x.yaml').guest.reader).toBe('off');
    expect(complaint(changed('hz: 100 }', 'hz: 100, reader: off }').replace('patches: []', 'reader: off'))).toMatch(
      /write it once/,
    );
  });

  it('gives a rate to a clock', () => {
    expect(readScenario(changed('uptime: 200000s', 'uptime: 200000s x1.0001'), 'x.yaml').hosts[1]?.uptimeShape).toBe(
      'x1.0001',
    );
    expect(complaint(changed('uptime: 200000s', 'uptime: 200000s step -5s @1s'))).toMatch(
      /^x\.yaml:7:\d+: .*never runs backwards/,
    );
  });
});

describe('a complaint names line and column, the value, and what to do', () => {
  it.each([
    [
      'an unknown key',
      changed('vcpus: 1', 'vcpu: 1'),
      /^x\.yaml:4:\d+: 'guest' has no key 'vcpu'; did you mean 'vcpus'/,
    ],
    [
      'an unknown key at the top',
      changed('restore:', 'restor:'),
      /^x\.yaml:9:\d+: the scenario has no key 'restor'; did you mean 'restore'/,
    ],
    [
      'an unknown key in a list',
      changed('settime: exact', 'settim: exact'),
      /^x\.yaml:12:\d+: 'events\.0' has no key 'settim'; did you mean 'settime'/,
    ],
    [
      'a duration without a unit',
      changed('downtime: 2s', 'downtime: 2'),
      /^x\.yaml:8:\d+: 'move\.downtime' is 2; write a duration with a unit/,
    ],
    ['a text without a unit', changed('downtime: 2s', 'downtime: "2"'), /^x\.yaml:8:\d+: .*has no unit/],
    ['a negative downtime', changed('downtime: 2s', 'downtime: -2s'), /without a sign/],
    [
      'an unknown kernel',
      changed('pvops-2.6.35', 'pvop-2.6.35'),
      /^x\.yaml:4:\d+: there is no kernel 'pvop-2\.6\.35'; did you mean 'pvops-2\.6\.35'/,
    ],
    [
      'an unknown patch',
      changed('patches: []', 'patches: [song-2009]'),
      /^x\.yaml:10:\d+: there is no patch 'song-2009'; did you mean 'song-2008'/,
    ],
    [
      'a patch for another kernel',
      changed('patches: []', 'patches: [reset-monotonic-tv]'),
      /does not apply to pvops-2\.6\.35; it is for xenlinux-2\.6\.18/,
    ],
    ['a host that is not there', changed('to: b', 'to: c'), /^x\.yaml:8:\d+: there is no host 'c'/],
    ['a missing key', changed(/question.*\n/, '').replace('scenario: uptime-only\n', ''), /needs 'scenario'; add it/],
    ['a move without hosts', changed('from: a, ', ''), /^x\.yaml:8:\d+: a move of kind migrate needs 'from'/],
    [
      'a name that is no folder',
      changed('scenario: uptime-only', 'scenario: ../etc'),
      /^x\.yaml:1:11: 'scenario' is "\.\.\/etc"; write small letters/,
    ],
    ['the reserved key', changed('move:', 'moves: []\nmove:'), /^x\.yaml:8:\d+: the key 'moves' is reserved/],
    ['a key that stands twice', changed('patches: []', 'patches: []\npatches: []'), /^x\.yaml:11:1: this is no YAML/],
    ['broken YAML', 'scenario: [', /^x\.yaml:1:\d+: this is no YAML/],
    ['no map', '- 1', /a scenario is a map/],
    ['nothing', '', /a scenario is a map/],
    [
      'a day that does not exist',
      changed('2008-11-27T', '2008-02-30T'),
      /^x\.yaml:6:\d+: the wall of 'a' is 2008-02-30/,
    ],
    ['a settime without a sign', changed('settime: exact', 'settime: 5s'), /write exact, or a step with its sign/],
    ['a verdict that does not exist', changed('verdict: frozen', 'verdict: frosen'), /did you mean 'frozen'/],
    ['a rate of ticks that no kernel has', changed('hz: 100', 'hz: 60'), /hz is 60; a guest ticks 100, 250 or 1000/],
    ['too many vcpus', changed('vcpus: 1', 'vcpus: 33'), /'guest\.vcpus' is 33; write a whole number from 1 to 32/],
    ['a size without a unit', changed('16MiB', '16'), /'guest\.memory' is 16; write a size such as 16MiB/],
  ])('%s', (_, text, message) => {
    expect(complaint(text)).toMatch(message);
  });
});

describe('the key migration', () => {
  const withKey = (text: string) => changed('restore: fields-2007', `restore: fields-2007\nmigration: ${text}`);
  const transferOf = (text: string) => readScenario(withKey(text), 'x.yaml').migration;

  it("is absent by default, and is Xen's pre-copy through the coordinator when it says nothing", () => {
    expect(readScenario(changed('restore: fields-2007', ''), 'x.yaml')).not.toHaveProperty('migration');
    expect(transferOf('{}')).toEqual({
      precopy: { policy: 'xen' },
      verify: 'off',
      via: 'relay',
      bandwidth: null,
      timeLimitNs: null,
    });
  });

  it('says policy, bandwidth, time limit, way and verification', () => {
    expect(
      transferOf(
        '{ policy: qemu, downtimeLimit: 50ms, autoConverge: on, bandwidth: 8MiB, timeLimit: 30s, via: direct, verify: every-page }',
      ),
    ).toEqual({
      precopy: { policy: 'qemu', downtimeLimitNs: 50_000_000n, autoConverge: 'on' },
      verify: 'every-page',
      via: 'direct',
      bandwidth: 8 * 2 ** 20,
      timeLimitNs: 30_000_000_000n,
    });
    expect(transferOf('{ policy: fixed-rounds, rounds: 3 }')?.precopy).toEqual({ policy: 'fixed-rounds', rounds: 3 });
  });

  it('refuses a key that its policy does not look at, and a bandwidth that is none', () => {
    expect(complaint(withKey('{ policy: xen, rounds: 3 }'))).toMatch(/'rounds' is for the policy fixed-rounds/);
    expect(complaint(withKey('{ bandwidth: 1KiB }'))).toMatch(/at least 64KiB/);
    expect(complaint(withKey('{ speed: 1KiB }'))).toMatch(/no key 'speed'/);
  });
});
