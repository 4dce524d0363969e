import { describe, expect, it } from 'vitest';
import { keptRun } from '../kept-run.ts';
import { tried } from '../one-move.ts';
import { replayCommand } from '../replay-code.ts';
import { renderChaosRun } from './run-page.ts';

const page = (...args: Parameters<typeof tried>): string => {
  const { run } = tried(...args);
  return renderChaosRun(keptRun(run, run.violations));
};
const CORRUPTION = { kind: 'corruption', atMs: 4000, host: 'a', frame: 1, waitsMs: 10_000 } as const;

describe('the page of a chaos run', () => {
  const bad = page([CORRUPTION], { canary: 'abort-loses-guest' });

  it('begins with what was found, and what has to hold', () => {
    expect(bad).toContain('copies: red is nowhere at the end, and no machine died with it. There is one more finding.');
    expect(bad).toContain('never two running copies of a guest');
    expect(bad).toContain('A deliberate bug was put in: abort-loses-guest.');
  });

  it('shows guests, faults, moves and findings in the picture and in tables', () => {
    expect(bad).toMatch(/<rect class="guest g0"[^>]*><title>red runs on a from 0\.000 s to 5\.000 s/);
    expect(bad).toContain('<title>0: corruption at 5.000 s, confirmed: byte');
    expect(bad).toContain('<title>1: copies: red is nowhere');
    expect(bad).toContain('<th scope="row">corruption</th>');
    expect(bad).toMatch(/<th scope="row">m1<\/th>.*aborted/);
  });

  it('ends with the command that repeats it', () => {
    const { run } = tried([CORRUPTION], { canary: 'abort-loses-guest' });
    const commands = [...bad.matchAll(/<pre class="command"><code>([^<]*)<\/code>/g)].map(([, command]) => command);
    expect(commands.at(-1)).toBe(replayCommand(run.schedule));
  });

  it('of a sound run says so', () => {
    const good = page([CORRUPTION]);
    expect(good).toContain('The checkers find nothing wrong with this run.');
    expect(good).not.toContain('What was found');
  });

  it('is the same every time, and asks nobody for anything', () => {
    expect(page([CORRUPTION], { canary: 'abort-loses-guest' })).toBe(bad);
    const outside = bad.replace(/<script>[\s\S]*?<\/script>/g, '');
    expect(outside).not.toMatch(/\b(?:src|href)\s*=\s*"(?!data:,")/);
    expect(outside).not.toMatch(/https?:\/\//);
    expect(outside).not.toMatch(/\sstyle="/);
  });
});
