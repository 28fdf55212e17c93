/** A cumulative distribution as an SVG picture: logarithmic x axis, one line a series. */
import type { Distribution } from './result.js';

const width = 760;
const height = 420;
const frame = { left: 60, right: 190, top: 40, bottom: 50 };
const colours = [
  '#888888',
  '#d1495b',
  '#1b7f5c',
  '#2e6fbb',
  '#c98a1b',
  '#7b4fa3',
  '#444444',
  '#e07a9a',
  '#4fb3a5',
];

export function cumulativeSvg(distribution: Distribution): string {
  const all = distribution.series.flatMap((series) => series.values).filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(...bounds(all))));
  const high = Math.ceil(Math.log10(Math.max(...bounds(all))));
  const decades = Math.max(1, high - low);
  const plotWidth = width - frame.left - frame.right;
  const plotHeight = height - frame.top - frame.bottom;
  const x = (value: number): number =>
    frame.left + ((Math.log10(Math.max(value, 10 ** low)) - low) / decades) * plotWidth;
  const y = (share: number): number => frame.top + (1 - share) * plotHeight;

  const grid = Array.from({ length: decades + 1 }, (_, i) => {
    const at = x(10 ** (low + i));
    const label = `${Number((10 ** (low + i)).toPrecision(1))}`;
    return `${line(at, y(0), at, y(1), '#e4e4e4')}${text(at, y(0) + 18, label, 'middle')}`;
  });
  const shares = [0, 0.25, 0.5, 0.75, 0.99].map(
    (share) =>
      `${line(x(10 ** low), y(share), x(10 ** high), y(share), '#e4e4e4')}${text(frame.left - 8, y(share) + 4, `${share * 100} %`, 'end')}`,
  );
  const curves = distribution.series.map((series, index) => {
    const colour = colours[index % colours.length] ?? '#000000';
    const sorted = [...series.values].sort((a, b) => a - b);
    const step = Math.max(1, Math.floor(sorted.length / 400));
    const points = sorted
      .map((value, rank) => ({ value, rank }))
      .filter(({ rank }) => rank % step === 0 || rank === sorted.length - 1)
      .map(({ value, rank }) => `${x(value).toFixed(1)},${y((rank + 1) / sorted.length).toFixed(1)}`);
    const key = frame.top + 14 + index * 20;
    return [
      `<polyline fill="none" stroke="${colour}" stroke-width="1.8" points="${points.join(' ')}"/>`,
      line(width - frame.right + 12, key - 4, width - frame.right + 34, key - 4, colour),
      text(width - frame.right + 40, key, series.name, 'start'),
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    text(frame.left, 22, distribution.title, 'start'),
    ...grid,
    ...shares,
    ...curves,
    text(frame.left + plotWidth / 2, height - 12, `${distribution.unit}, logarithmic`, 'middle'),
    '</svg>',
    '',
  ].join('\n');
}

/** Smallest and largest, without the argument limit of Math.min. */
function bounds(values: readonly number[]): readonly [number, number] {
  let [low, high] = [Infinity, 1];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [Number.isFinite(low) ? low : 1, high];
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1.toFixed(1)}" y1="${y1.toFixed(1)}" x2="${x2.toFixed(1)}" y2="${y2.toFixed(1)}" stroke="${colour}"/>`;
}

function text(x: number, y: number, content: string, anchor: 'start' | 'middle' | 'end'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}">${escaped}</text>`;
}
