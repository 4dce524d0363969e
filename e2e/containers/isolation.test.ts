import { expect, inject, it } from 'vitest';
import { describeContainers } from './engine.ts';
import { clockDistanceMs } from './machine-clocks.ts';

describeContainers('the machine', () => {
  it('has kept its clocks through all suites: REALTIME moved less than 100 ms against MONOTONIC', () => {
    expect(Math.abs(clockDistanceMs() - inject('clockDistanceMs'))).toBeLessThan(100);
  });

  it('is measured in a way that would show a step: canary', () => {
    const shown = clockDistanceMs() - inject('clockDistanceMs') + 150;
    expect(Math.abs(shown)).not.toBeLessThan(100);
  });
});
