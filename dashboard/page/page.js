/**
 * The live page: asks the coordinator once a second and shows what it says. Plain browser script; every text goes in as
 * text, never as markup. Nanoseconds come as decimal strings and are BigInt here, since a wall does not fit a double.
 */
(() => {
  const EVERY_MS = 1000;
  const SHOWN_MIGRATIONS = 6;
  const NS_PER_MS = 1_000_000n;
  const NS_PER_S = 1_000_000_000n;
  const $ = (id) => document.getElementById(id);
  let timer;
  let chart = null;
  let plotText = '';

  class NoToken extends Error {}

  async function get(path) {
    const response = await fetch(path, { credentials: 'same-origin' });
    if (response.status === 401) throw new NoToken();
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return response;
  }
  const getJson = async (path) => (await get(path)).json();

  async function refresh() {
    clearTimeout(timer);
    try {
      // The first of them by itself: a page without a token asks once, not four times.
      const clocks = await getJson('/v1/clocks');
      const [migrations, runs, plot] = await Promise.all([
        getJson('/v1/migrations'),
        getJson('/v1/runs'),
        get('/v1/plot').then((response) => response.text()),
      ]);
      showPart('live');
      showHosts(clocks.clocks);
      showMigrations(migrations.migrations);
      showRuns(runs.runs);
      showPlot(plot);
      say(`${clocks.clocks.length} ${clocks.clocks.length === 1 ? 'host' : 'hosts'}`, 'good');
    } catch (error) {
      if (error instanceof NoToken) {
        showPart('login');
        say('locked', '');
        return;
      }
      say('the coordinator does not answer', 'bad');
    }
    timer = setTimeout(refresh, EVERY_MS);
  }

  function showPart(id) {
    for (const part of ['login', 'live']) $(part).hidden = part !== id;
    $('logout').hidden = id !== 'live';
    if (id === 'login') $('token').focus();
  }

  function say(text, mood) {
    const state = $('state');
    if (state.textContent !== text) state.textContent = text;
    state.className = mood;
  }

  function showHosts(clocks) {
    const sorted = clocks.toSorted((one, other) => one.node.localeCompare(other.node));
    const [first] = sorted;
    // Each was read at an instant of its own; compared is what each clock says beyond true time.
    const ahead = (one) => BigInt(one.wallNs) - BigInt(one.at);
    rows(
      'nodes',
      sorted.map((one) => [
        cell(one.node, 'name'),
        cell(utcText(BigInt(one.wallNs))),
        cell(one === first ? '–' : signedText(ahead(one) - ahead(first)), 'number'),
        cell(uptimeText(BigInt(one.uptimeNs)), 'number'),
        cell(one.domains.join(', ') || '–'),
      ]),
    );
  }

  function showMigrations(migrations) {
    rows(
      'migrations',
      migrations
        .slice(-SHOWN_MIGRATIONS)
        .reverse()
        .map((one) => [
          cell(one.migration.replace(/-\d{6,}$/, ''), 'name'),
          cell(`${one.from} → ${one.to}`),
          cell(one.phase, ['aborted', 'lost'].includes(one.phase) ? 'bad' : ''),
          cell(`${one.acknowledged} of ${one.batches} batches`, 'number'),
          cell(sizeText(one.bytes), 'number'),
        ]),
    );
  }

  function showRuns(runs) {
    rows(
      'runs',
      runs.toReversed().map((run) => {
        const link = document.createElement('a');
        link.href = `/v1/runs/${encodeURIComponent(run.scenario)}/${encodeURIComponent(run.seed)}/report.html`;
        link.textContent = run.scenario;
        return [
          cell(link, 'name'),
          cell(run.kernel),
          cell(run.fix || '–'),
          cell(run.verdict, run.verdict === 'healthy' ? 'good' : 'bad'),
          cell(run.mechanism),
          cell(run.late === null ? '–' : `${run.late.toLocaleString('en', { maximumFractionDigits: 3 })} s`, 'number'),
          cell(run.fault, run.fault === 'confirmed' ? '' : 'doubtful'),
        ];
      }),
    );
  }

  function showPlot(text) {
    if (text === plotText) return;
    plotText = text;
    const { plot } = JSON.parse(text);
    chart?.destroy();
    chart = plot === null ? null : drawClockChart(uPlot, $('chart'), plot);
    $('no-chart').hidden = plot !== null;
  }

  /** Puts rows into a table's body, and shows its note when there are none. */
  function rows(id, lines) {
    $(id).replaceChildren(
      ...lines.map((cells) => {
        const row = document.createElement('tr');
        row.append(...cells);
        return row;
      }),
    );
    const none = $(`no-${id}`);
    if (none) none.hidden = lines.length > 0;
    $(id).closest('table').hidden = lines.length === 0;
  }

  function cell(content, kind = '') {
    const made = document.createElement('td');
    if (kind !== '') made.className = kind;
    made.append(content);
    return made;
  }

  function utcText(ns) {
    const date = new Date(Number(ns / NS_PER_MS));
    return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString().replace('T', ' ').slice(0, 21);
  }

  function uptimeText(ns) {
    const seconds = Number(ns / NS_PER_S);
    const days = Math.floor(seconds / 86_400);
    const clock = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
    return `${days} d ${clock.map((part) => String(part).padStart(2, '0')).join(':')}`;
  }

  function signedText(ns) {
    const seconds = Number(ns / NS_PER_MS) / 1000;
    const text = `${Math.abs(seconds).toLocaleString('en', { minimumFractionDigits: 3 })} s`;
    return `${seconds < 0 ? '−' : '+'}${text}`;
  }

  const sizeText = (bytes) => `${(bytes / 2 ** 20).toLocaleString('en', { maximumFractionDigits: 1 })} MiB`;

  $('login')
    .querySelector('form')
    .addEventListener('submit', async (event) => {
      event.preventDefault();
      const answer = await fetch('/login', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: $('token').value.trim() }),
      });
      $('refused').textContent = answer.ok ? '' : 'That is not the token of this testbed.';
      if (!answer.ok) return;
      $('token').value = '';
      refresh();
    });
  $('logout').addEventListener('click', async () => {
    await fetch('/logout', { method: 'POST' });
    refresh();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer);
    else refresh();
  });
  refresh();
})();
