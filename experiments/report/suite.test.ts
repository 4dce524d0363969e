import { describe, expect, it } from 'vitest';
import { html, relativeHref } from './html.ts';
import { renderSuite, type SuiteRow, summaryOf } from './suite.ts';

const FROZEN: SuiteRow = {
  scenario: 'uptime-only',
  kernel: 'suse-2.6.25',
  restore: 'fields-2007',
  patches: ['song-2008'],
  verdict: 'frozen',
  mechanism: 'M2',
  late: 800_000,
  passed: true,
  report: 'uptime-only/1/report.html',
};
const HEALTHY: SuiteRow = { ...FROZEN, verdict: 'healthy', mechanism: 'none', late: 0, passed: false };

describe('the index of a suite', () => {
  it('counts the verdicts, and what is not as expected', () => {
    expect(summaryOf([FROZEN, HEALTHY, FROZEN])).toBe('2 frozen, 1 healthy; 1 is not as expected.');
    expect(summaryOf([])).toBe('Nothing was run.');
  });

  it('links each run to its report', () => {
    expect(renderSuite([FROZEN])).toContain('<a href="uptime-only/1/report.html">uptime-only</a>');
  });

  it('says never where a sleep did not come back, and nothing where there was no run', () => {
    expect(renderSuite([{ ...FROZEN, late: null }])).toContain('never back');
    expect(renderSuite([{ ...FROZEN, verdict: 'not-applicable', late: null }])).not.toContain('never back');
  });

  it('has no script at all, and allows none', () => {
    const page = renderSuite([{ ...FROZEN, scenario: '<script>alert(1)</script>', report: 'javascript:alert(1)' }]);
    expect(page).not.toContain('<script');
    expect(page).toContain('script-src &#39;none&#39;');
    expect(page).toContain('href="javascript%3Aalert(1)"');
  });
});

describe('html', () => {
  it('escapes values, and keeps markup', () => {
    expect(html`<i title="${'"&'}">${'<b>'}${html`<b>x</b>`}${[html`1`, html`2`]}</i>`.text).toBe(
      '<i title="&quot;&amp;">&lt;b&gt;<b>x</b>12</i>',
    );
  });

  it('makes an address that can only be relative', () => {
    expect(relativeHref('//host.example/a b')).toBe('host.example/a%20b');
    expect(relativeHref('data:text/html,x')).toBe('data%3Atext/html%2Cx');
  });
});
