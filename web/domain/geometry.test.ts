import assert from 'node:assert/strict';
import { test } from 'node:test';
import { between, boxOf, fit, toScreen, toWorld, zoomAt, zoomMax } from './camera.ts';
import { along, curveSize, distance, writeCurve } from './curve.ts';
import { detour } from './detour.ts';
import { hull } from './hull.ts';
import { neighbour } from './neighbour.ts';
import { keepOff, place, spotsBeside, Taken } from './placement.ts';
import { dotsOf, fan, meanRate, widthOf } from './wiring.ts';

const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-3, `${a} is not ${b}`);

test('zooming keeps what is under the pointer', () => {
  const camera = { k: 0.8, tx: 30, ty: -10 };
  const at = { x: 200, y: 100 };
  const before = toWorld(camera, at);
  const after = toScreen(zoomAt(camera, at, 1.7), before);
  near(after.x, at.x);
  near(after.y, at.y);
  assert.equal(zoomAt(camera, at, 1e9).k, zoomMax);
});

test('fit shows every point inside the margin', () => {
  const points = [
    { x: -500, y: 20 },
    { x: 900, y: 300 },
  ];
  const box = boxOf(points);
  assert.ok(box);
  const camera = fit(box, 800, 600, 50);
  for (const point of points) {
    const { x, y } = toScreen(camera, point);
    assert.ok(x >= 49 && x <= 751 && y >= 49 && y <= 551);
  }
  assert.equal(boxOf([]), null);
  assert.deepEqual(between(camera, { k: 1, tx: 0, ty: 0 }, 1), { k: 1, tx: 0, ty: 0 });
});

test('a curve runs from rim to rim and can be hit', () => {
  const curves = new Float32Array(curveSize);
  writeCurve(curves, 0, { x: 0, y: 0, r: 10 }, { x: 100, y: 0, r: 10 }, 0, 5);
  near(along(curves, 0, 0).x, 10);
  near(along(curves, 0, 1).x, 85);
  assert.ok(distance(curves, 0, { x: 50, y: 3 }, 8) <= 3.01);
  assert.equal(distance(curves, 0, { x: 50, y: 30 }, 8), Infinity);
  writeCurve(curves, 0, { x: 0, y: 0, r: 10 }, { x: 100, y: 0, r: 10 }, 20, 5);
  near(along(curves, 0, 0.5).y, 20 + 0.5 * (along(curves, 0, 0).y + along(curves, 0, 1).y - 0) * 0.5);
});

test('a node that talks to itself gets a loop above it', () => {
  const curves = new Float32Array(curveSize);
  const node = { x: 50, y: 50, r: 10 };
  writeCurve(curves, 0, node, node, 0, 5);
  assert.ok(along(curves, 0, 0.5).y < 40);
});

test('an edge bows around a node in its way, and only then', () => {
  const [from, to] = [
    { x: 0, y: 0, r: 10 },
    { x: 200, y: 0, r: 10 },
  ];
  assert.equal(detour(from, to, 0, [from, to, { x: 100, y: 80, r: 10 }]), 0);
  const bow = detour(from, to, 0, [from, to, { x: 100, y: 5, r: 10 }]);
  const curves = new Float32Array(curveSize);
  writeCurve(curves, 0, from, to, bow, 0);
  assert.equal(distance(curves, 0, { x: 100, y: 5 }, 10), Infinity);
});

test('parallel edges fan out, and both directions share the fan', () => {
  const edges = [
    { id: '1', from: 'a', to: 'b' },
    { id: '2', from: 'b', to: 'a' },
    { id: '3', from: 'a', to: 'c' },
  ];
  const [one, two, three] = fan(edges);
  assert.equal(one, -0.5);
  assert.equal(two, -0.5);
  assert.ok(three === 0);
  assert.deepEqual(fan([...edges].reverse()).reverse(), fan(edges));
});

test('width and dots grow with the rate, within bounds', () => {
  assert.ok(widthOf(0) < widthOf(1e3) && widthOf(1e3) < widthOf(1e6));
  assert.ok(widthOf(1e15) <= 6.5);
  assert.equal(dotsOf(0), 0);
  assert.ok(dotsOf(1) > 0 && dotsOf(1e12) <= 5);
  assert.deepEqual(meanRate({ bytes: [100, 50] }, 10), [10, 5]);
});

test('labels never lie on each other nor on nodes', () => {
  const discs = Array.from({ length: 60 }, (_, i) => ({
    x: (i % 10) * 40,
    y: Math.floor(i / 10) * 40,
    r: 10,
  }));
  const labels = discs.map((disc, index) => ({
    index,
    spots: spotsBeside(disc, disc.r, 60, 14),
    width: 60,
    height: 14,
  }));
  const taken = new Taken();
  keepOff(taken, discs);
  const placed = place(labels, taken, 40);
  assert.ok(placed.length > 5 && placed.length <= 40);
  for (const a of placed)
    for (const b of placed)
      if (a !== b) assert.ok(Math.abs(a.x - b.x) >= 60 - 1e-9 || Math.abs(a.y - b.y) >= 14 - 1e-9);
});

test('a hull holds its points', () => {
  const corners = hull([
    { x: 0, y: 0 },
    { x: 10, y: 0 },
    { x: 5, y: 5 },
    { x: 10, y: 10 },
    { x: 0, y: 10 },
  ]);
  assert.equal(corners.length, 4);
  assert.ok(!corners.some(({ x, y }) => x === 5 && y === 5));
  assert.equal(hull([{ x: 1, y: 1 }]).length, 1);
});

test('arrow keys go to the nearest node that way', () => {
  const points = [
    { x: 0, y: 0 },
    { x: 100, y: 10 },
    { x: 300, y: 0 },
    { x: 0, y: -80 },
  ];
  assert.equal(neighbour(points, { x: 0, y: 0 }, 'right'), 1);
  assert.equal(neighbour(points, { x: 0, y: 0 }, 'up'), 3);
  assert.equal(neighbour(points, { x: 0, y: 0 }, 'left'), -1);
});
