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
  // Clocks that stand still together lie on each other: the wider line stays visible under the narrower one.
  const widthOf = (line) => {
    if (line.of === 'host') return 1.5;
    if (line.clock === 'date') return 2.5;
    const above = plot.lines.slice(plot.lines.indexOf(line) + 1).filter((one) => one.of === 'guest' && one.shown);
    return 2.5 + 2 * above.length;
  };
  let chart;
  const [whole] = plot.windows;
  let shownWindow = { min: whole.from, max: whole.to };

  /** The straight pieces of a line inside [from, to] of the time axis, cut at its ends: [x0, y0, x1, y1]. */
  function piecesOf(line, { from, to }) {
    const pieces = [];
    for (let index = 1; index < plot.times.length; index++) {
      const [x0, x1] = [plot.times[index - 1], plot.times[index]];
      const [y0, y1] = [line.offsets[index - 1], line.offsets[index]];
      if (y0 === null || y1 === null || x1 < from || x0 > to) continue;
      const at = (x) => (x1 === x0 ? y1 : y0 + ((y1 - y0) * (x - x0)) / (x1 - x0));
      const [left, right] = [Math.max(x0, from), Math.min(x1, to)];
      pieces.push([left, left === x0 ? y0 : at(left), right, right === x1 ? y1 : at(right)]);
    }
    return pieces;
  }

  // uPlot's own lines join what lies on both sides of a gap and then clip it away, which leaves slivers at the edges.
  function pathOf(u, line) {
    const path = new Path2D();
    let end = null;
    for (const [x0, y0, x1, y1] of piecesOf(line, { from: u.scales.x.min, to: u.scales.x.max })) {
      if (end === null || end[0] !== x0 || end[1] !== y0)
        path.moveTo(u.valToPos(x0, 'x', true), u.valToPos(y0, 'y', true));
      path.lineTo(u.valToPos(x1, 'x', true), u.valToPos(y1, 'y', true));
      end = [x1, y1];
    }
    return path;
  }

  // Between two breakpoints uPlot knows of no data; a line has a value there all the same.
  const cursorTime = (u) => (u.cursor.left >= 0 ? u.posToVal(u.cursor.left, 'x') : null);
  function legendText(u, line) {
    const at = cursorTime(u);
    if (at === null) return '';
    const piece = piecesOf(line, { from: at, to: at }).at(-1);
    return piece === undefined ? '–' : signed(piece[3]);
  }
  function legendTime(u) {
    const at = cursorTime(u);
    return at === null ? '' : signed(at);
  }

  /** What the shown lines need. Never less than two seconds: rounding shall not look like drama. */
  function rangeOf(u) {
    const span = { from: u.scales.x.min ?? whole.from, to: u.scales.x.max ?? whole.to };
    let [low, high] = [-1, 1];
    plot.lines.forEach((line, index) => {
      if (!(u.series[index + 1]?.show ?? line.shown)) return;
      for (const [, y0, , y1] of piecesOf(line, span)) {
        low = Math.min(low, y0, y1);
        high = Math.max(high, y0, y1);
      }
    });
    return uPlot.rangeNum(low, high, 0.08, true);
  }

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
    ctx.textAlign = 'left';
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
          y: { range: rangeOf },
        },
        axes: [
          {
            ...axis('seconds of true time', (value) => value.toLocaleString('en')),
            space: 90,
          },
          { ...y, size: 76 },
        ],
        cursor: { points: { show: false }, drag: { x: true, y: false, setScale: true } },
        legend: {
          live: true,
          markers: {
            width: 2,
            dash: (_u, index) =>
              plot.lines[index - 1]?.of === 'host' ? ['dashed', 'dotted'][plot.lines[index - 1].rank % 2] : 'solid',
          },
        },
        series: [
          { label: 'true time', value: legendTime },
          ...plot.lines.map((line, index) => ({
            label: line.label,
            show: shown?.[index] ?? line.shown,
            stroke: () => colour(lineColour(line)),
            width: widthOf(line),
            paths: (u, index) => ({ stroke: pathOf(u, plot.lines[index - 1]), fill: null, clip: null, flags: 1 }),
            dash: dash(line),
            points: { show: false },
            value: (u) => legendText(u, line),
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
  const gone = new AbortController();
  const { signal } = gone;
  const resized = () => {
    if (host.clientWidth === width) return;
    width = host.clientWidth;
    redraw();
  };
  addEventListener('resize', resized, { signal });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw, { signal });
  // The live page draws a new chart as the run grows.
  const destroy = () => {
    gone.abort();
    chart?.destroy();
    buttons.remove();
  };
  return { redraw, destroy };
}
