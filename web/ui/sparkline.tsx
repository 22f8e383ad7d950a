// A small plot of two-way rates over time (uPlot): to the server or sent, to the client or received.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Theme } from '../domain/application.ts';
import { rateText } from '../domain/quantity.ts';
import type { Points } from '../domain/series.ts';
import { theme } from './look.ts';

type Props = { points: Points; names: [string, string]; colour: string; label: string };

const height = 92;
const shown_s = 120;
const axisColours: Readonly<Record<Theme, [string, string]>> = {
  dark: ['#7d8fa3', '#1d2733'],
  light: ['#6a7a8b', '#e3e9ef'],
};

function options({ names, colour }: Props, width: number, look: Theme): uPlot.Options {
  const [stroke, grid] = axisColours[look];
  const value = (_: uPlot, rate: number | null) => (rate === null ? '–' : rateText(rate));
  return {
    width,
    height,
    padding: [8, 4, 0, 0],
    legend: { live: false, show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 5 } },
    scales: {
      x: { time: true, range: (_plot, _low, high) => [high - shown_s, high] },
      y: { range: (_plot, _low, high) => [0, Math.max(125, (high ?? 0) * 1.15)] },
    },
    axes: [
      {
        stroke,
        grid: { show: false },
        ticks: { show: false },
        size: 20,
        font: '10px Inter, system-ui, sans-serif',
        space: 70,
      },
      {
        stroke,
        grid: { stroke: grid, width: 1 },
        ticks: { show: false },
        size: 66,
        space: 28,
        font: '10px Inter, system-ui, sans-serif',
        values: (_plot, ticks) => ticks.map((tick) => rateText(tick)),
      },
    ],
    series: [
      {},
      {
        label: names[0],
        stroke: colour,
        width: 1.6,
        fill: `color-mix(in oklch, ${colour} 16%, transparent)`,
        value,
        points: { show: false },
      },
      { label: names[1], stroke, width: 1.3, dash: [4, 3], value, points: { show: false } },
    ],
  };
}

export function Sparkline(props: Props) {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const look = theme();
  const { points, names, colour, label } = props;
  const data: uPlot.AlignedData = [points.times, points.toServer, points.toClient];
  const latest = useRef(data);
  latest.current = data;

  useEffect(() => {
    const box = holder.current;
    if (!box) return;
    const made = new uPlot(options(props, box.clientWidth || 340, look), latest.current, box);
    plot.current = made;
    const sized = new ResizeObserver(() => made.setSize({ width: box.clientWidth, height }));
    sized.observe(box);
    return () => {
      sized.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [look, colour]);
  useEffect(() => plot.current?.setData(data), [points]);

  const last = points.times.length - 1;
  const [out, back] = [points.toServer[last] ?? 0, points.toClient[last] ?? 0];
  return (
    <figure class="sparkline">
      <figcaption>
        <span class="key" style={{ '--tint': colour }}>
          {names[0]} <b>{rateText(out)}</b>
        </span>
        <span class="key dashed">
          {names[1]} <b>{rateText(back)}</b>
        </span>
      </figcaption>
      <div
        ref={holder}
        class="plot"
        role="img"
        aria-label={`${label}: ${names[0]} ${rateText(out)}, ${names[1]} ${rateText(back)}`}
      />
    </figure>
  );
}
