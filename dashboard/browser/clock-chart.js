/**
 * Draws a ClockPlot (dashboard/clock-plot.ts) with uPlot: lines, shaded bands, marks, buttons for the windows.
 * Plain browser script, inlined into the report and served with the live page; it makes no request and adds no markup
 * from strings. Colours come from CSS variables, so that light and dark are decided in the style sheet alone.
 */
// biome-ignore lint/correctness/noUnusedVariables: the page that inlines this file calls it
function drawClockChart(uPlot, host, plot) {
  const style = () => getComputedStyle(host);
  const colour = (name) => style().getPropertyValue(name).trim();
  const seconds = (value) => `${value.toLocaleString('en', { maximumFractionDigits: 3 })} s`;
  const signed = (value) => (value > 0 ? `+${seconds(value)}` : seconds(value));
  const lineColour = (line) => `--clock-${line.clock}`;
  const dash = (line) =>
    line.of === 'guest'
      ? undefined
      : [
          [7, 4],
          [2, 3],
          [10, 3, 2, 3],
        ][line.rank % 3];
  let chart;
  const [whole] = plot.windows;
  let shownWindow = { min: whole.from, max: whole.to };

  function bands(u) {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    for (const band of plot.bands) {
      const from = u.valToPos(band.from, 'x', true);
      const to = Math.max(u.valToPos(band.to, 'x', true), from + 2 * devicePixelRatio);
      ctx.fillStyle = colour(band.kind === 'outage' ? '--band-outage' : '--band-freeze');
      ctx.fillRect(from, top, to - from, height);
    }
    ctx.restore();
  }

  function labels(u) {
    const { ctx } = u;
    const { left, top, width, height } = u.bbox;
    const px = devicePixelRatio;
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, top, width, height);
    ctx.clip();
    ctx.font = `600 ${12 * px}px system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    const free = [];
    for (const band of plot.bands) {
      const from = Math.max(u.valToPos(band.from, 'x', true), left);
      const to = Math.min(u.valToPos(band.to, 'x', true), left + width);
      const space = ctx.measureText(band.label).width + 12 * px;
      if (to - from < space) continue;
      let row = 0;
      while (free[row] !== undefined && free[row] > from) row++;
      free[row] = from + space;
      ctx.fillStyle = colour(band.kind === 'outage' ? '--text-soft' : '--freeze-text');
      ctx.fillText(band.label, from + 6 * px, top + (6 + 16 * row) * px);
    }
    for (const mark of plot.marks) {
      const x = u.valToPos(mark.at, 'x', true);
      ctx.strokeStyle = colour(`--mark-${mark.kind}`) || colour('--text-soft');
      ctx.lineWidth = px;
      ctx.setLineDash([2 * px, 3 * px]);
      ctx.beginPath();
      ctx.moveTo(x, top);
      ctx.lineTo(x, top + height);
      ctx.stroke();
      ctx.setLineDash([]);
      ctx.fillStyle = ctx.strokeStyle;
      ctx.beginPath();
      ctx.moveTo(x - 4 * px, top + height);
      ctx.lineTo(x + 4 * px, top + height);
      ctx.lineTo(x, top + height - 6 * px);
      ctx.fill();
    }
    ctx.restore();
  }

  function axis(label, format) {
    return {
      label,
      stroke: () => colour('--text-soft'),
      grid: { stroke: () => colour('--grid'), width: 1 },
      ticks: { stroke: () => colour('--grid'), width: 1 },
      font: '12px system-ui, sans-serif',
      labelFont: '12px system-ui, sans-serif',
      values: (_u, splits) => splits.map(format),
    };
  }

  function draw() {
    const shown = chart?.series.slice(1).map((one) => one.show);
    chart?.destroy();
    const y = axis('seconds ahead of true time', (value) => value.toLocaleString('en'));
    chart = new uPlot(
      {
        width: Math.max(host.clientWidth, 280),
        height: Math.max(320, Math.min(460, Math.round(host.clientWidth * 0.45))),
        scales: {
          x: { time: false },
          // A run in which every clock is right would otherwise be stretched until rounding looks like drama.
          y: { range: (_u, low, high) => uPlot.rangeNum(Math.min(low, -1), Math.max(high, 1), 0.08, true) },
        },
        axes: [
          axis('seconds of true time since the reference instant', (value) => value.toLocaleString('en')),
          { ...y, size: 76 },
        ],
        cursor: { drag: { x: true, y: false, setScale: true } },
        legend: { live: true },
        series: [
          { label: 'true time', value: (_u, value) => (value == null ? '' : signed(value)) },
          ...plot.lines.map((line, index) => ({
            label: line.label,
            show: shown?.[index] ?? line.shown,
            stroke: () => colour(lineColour(line)),
            width: line.of === 'guest' ? 2.5 : 1.5,
            dash: dash(line),
            points: { show: false },
            value: (_u, value) => (value == null ? '–' : signed(value)),
          })),
        ],
        hooks: {
          drawClear: [bands],
          draw: [labels],
          setScale: [
            (u, key) => {
              if (key === 'x') shownWindow = { min: u.scales.x.min, max: u.scales.x.max };
            },
          ],
        },
      },
      [plot.times, ...plot.lines.map((line) => line.offsets)],
      host,
    );
    return chart;
  }

  function redraw() {
    const kept = shownWindow;
    draw().setScale('x', kept);
  }

  const buttons = document.createElement('div');
  buttons.className = 'windows';
  if (plot.windows.length > 1) {
    for (const view of plot.windows) {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = view.label;
      button.addEventListener('click', () => chart.setScale('x', { min: view.from, max: view.to }));
      buttons.append(button);
    }
  }
  host.append(buttons);
  redraw();
  let width = host.clientWidth;
  addEventListener('resize', () => {
    if (host.clientWidth === width) return;
    width = host.clientWidth;
    redraw();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  return { redraw };
}
