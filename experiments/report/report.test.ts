import { createHash } from 'node:crypto';
import { uptimeGuardHistory, wallGuardHistory } from '@skewbed/dashboard/example-histories.ts';
import { describe, expect, it } from 'vitest';
import { renderReport } from './report.ts';
import type { ReportedResult } from './reported-result.ts';

/** What the checkers say of uptimeGuardHistory. */
function frozenResult(): ReportedResult {
  return {
    scenario: 'uptime-only',
    testbed: 'sim',
    seed: 1,
    scale: 1,
    kernel: 'pvops-2.6.35',
    restore: 'fields-2007',
    patches: [],
    fault: 'confirmed',
    verdict: 'frozen',
    also: [],
    mechanism: 'M2+M2b',
    evidence: [
      { variable: 'pvclock last_value', holds: '1000000.000', waitsOn: 'uptime of b', freedAfter: 800_000 },
      { variable: 'Xen deadline', holds: '1000000.000', waitsOn: 'uptime of b', freedAfter: 800_000 },
    ],
    probes: {
      newSleep: { late: 800_000, early: 0 },
      oldSleep: { late: 800_000, early: 0 },
      date: { stuckFor: 800_000, step: 800_002, aheadOfHost: 800_000 },
      monotonic: { stuckFor: 800_000, leap: 0 },
      jiffies: { stuckFor: 800_000 },
      cpuLoop: { ran: true },
      netEcho: { ok: true },
      schedClock: { stuckFor: 800_000, leap: 0 },
      vcpu: { blockedFor: 800_000 },
      console: [],
    },
    sleeps: [
      { length: 1, armed: 100, returnedAfter: 799_901 },
      { length: 100, armed: -0, returnedAfter: 800_100 },
    ],
    downtime: { lo: 2, hi: 2, parts: {} },
    historySha256: 'ab'.repeat(32),
    replay: 'skewbed replay runs/uptime-only/1/history.jsonl',
  };
}

function reportOf(result: ReportedResult): string {
  return renderReport({ ...uptimeGuardHistory(), result });
}

describe('a report', () => {
  const page = reportOf(frozenResult());

  it('begins with what happened, in a sentence, and why', () => {
    expect(page).toContain(
      'The guest froze: a sleep of one second that began when the guest ran again came back 800,000 s (9 d 6 h 13 min) late.',
    );
    expect(page).toContain(
      'stepped by +800,002 s, was then 800,000 s (9 d 6 h 13 min) ahead of its host&#39;s wall, stood still',
    );
    expect(page).toContain('pvclock last_value holds 1000000.000 and waits for the uptime of b to get there.');
  });

  it('has a row for each of the ten probes', () => {
    const names = [
      'date',
      'monotonic',
      'new sleep',
      'old sleep',
      'jiffies',
      'CPU loop',
      'net echo',
      'sched_clock',
      'vCPU',
    ];
    for (const name of [...names, 'console']) expect(page).toContain(`<th scope="row">${name}</th>`);
  });

  it('says when a sleep that was armed before the stop came back', () => {
    expect(page).toContain('0 s before the stop');
    expect(page).toContain('100 s after the reference instant');
  });

  it('ends with the line that repeats the run', () => {
    expect(page).toContain('<code>skewbed replay runs/uptime-only/1/history.jsonl</code>');
  });

  it('is the same every time', () => {
    expect(reportOf(frozenResult())).toBe(page);
  });

  it('says that a probe is missing instead of leaving it out', () => {
    const blind = reportOf({ ...frozenResult(), verdict: 'unknown', probes: {}, evidence: [] });
    expect(blind.match(/no reading/g)).toHaveLength(10);
    expect(blind).toContain('There is no verdict');
  });

  it('shows a run of another mechanism without its own figures', () => {
    const other = renderReport({ ...wallGuardHistory(), result: { ...frozenResult(), evidence: [], sleeps: [] } });
    expect(other).toContain('monotonic_tv');
    expect(other).not.toContain('Sleeps of the scenario');
  });
});

describe('a report that a stranger may open', () => {
  const page = reportOf(frozenResult());

  it('asks the network for nothing', () => {
    const withoutScripts = page.replace(/<script>[\s\S]*?<\/script>/g, '');
    expect(withoutScripts).not.toMatch(/\b(?:src|href)\s*=\s*"(?!data:,")/);
    expect(withoutScripts).not.toMatch(/https?:\/\//);
    expect(page).not.toMatch(/@import|url\(/);
    expect(page).toContain('default-src &#39;none&#39;');
  });

  it('lets only the style sheet and the script run whose hashes its policy names', () => {
    const policy = page.match(/Content-Security-Policy" content="([^"]*)"/)?.[1]?.replaceAll('&#39;', "'") ?? '';
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
    const script = page.match(/<script>([\s\S]*?)<\/script>/)?.[1] ?? '';
    const style = page.match(/<style>([\s\S]*?)<\/style>/)?.[1] ?? '';
    expect(policy).toContain(`script-src ${hash(script)};`);
    expect(policy).toContain(`style-src ${hash(style)};`);
    expect(policy).not.toContain('unsafe');
    expect(page).not.toMatch(/<[a-z][^>]*\sstyle=/);
  });

  it('keeps the licence of the chart library', () => {
    expect(page).toContain('Copyright (c) 2022 Leon Sorokin');
    expect(page).toContain('The MIT License (MIT)');
  });

  it('turns no value of a history into markup', () => {
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
    const { header, events } = uptimeGuardHistory();
    const plan = { question: evil, expect: { verdict: evil }, guest: { hz: 100 } };
    const result: ReportedResult = {
      ...frozenResult(),
      scenario: evil,
      kernel: evil,
      patches: [evil],
      replay: evil,
      mechanism: evil,
      evidence: [{ variable: evil, holds: evil, waitsOn: evil, freedAfter: null }],
      probes: { ...frozenResult().probes, console: [evil] },
      downtime: { lo: 1, hi: 2, parts: { [evil]: evil } },
    };
    const hostile = renderReport({
      header: { ...header, scenario: evil, plan },
      events: events.map((event) => ({ ...event, ...(event.host === undefined ? {} : { host: evil }) })),
      result,
    });
    expect(hostile).not.toContain('<script>alert');
    expect(hostile).not.toContain('<img');
    expect(hostile.match(/<script/g)).toHaveLength(2);
    // The canary: the value is there, escaped, in the page and in the data of the chart.
    expect(hostile).toContain('&lt;script&gt;alert(1)');
    expect(hostile).toContain('\\u003cscript\\u003ealert(1)');
  });
});
