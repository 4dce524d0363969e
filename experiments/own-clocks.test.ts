import { expect, it } from 'vitest';
import { ownClocksScenario } from './own-clocks.ts';
import { scaleScenario } from './scenarios/scale.ts';

const S = 1_000_000_000n;
const CLOCKS = {
  SKEWBED_A_WALL: '+1s',
  SKEWBED_A_UPTIME: '10h +20ppm',
  SKEWBED_B_WALL: '-4s x1.0002',
  SKEWBED_B_UPTIME: '9h',
};

it('writes settings against true time as readings at the move, with their rates', () => {
  const [a, b] = ownClocksScenario(CLOCKS).hosts;
  expect(b!.wallNs - a!.wallNs).toBe(-5n * S + S / 2n);
  expect([a!.uptimeNs, b!.uptimeNs]).toEqual([36_000n * S, 32_400n * S + S / 2n]);
  expect([a!.uptimeShape, b!.wallShape]).toEqual(['+20ppm', 'x1.0002']);
});

it('is so large for clocks of an operating system that its scale gives back what they have', () => {
  const large = ownClocksScenario({ ...CLOCKS, HOST_CLOCK: 'os' });
  const [a, b] = scaleScenario(large, { numerator: 1n, denominator: 12n }).hosts;
  expect(b!.wallNs - a!.wallNs).toBe(-5n * S + S / 2n);
});

it('refuses a skew that it cannot read', () => {
  expect(() => ownClocksScenario({ ...CLOCKS, SKEWBED_B_WALL: 'yesterday' })).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^bad-/) }),
  );
});
