import { expect, test } from "vitest";
import { bow, foremost, healthOf, lineOf, place, spark, width } from "../src/rooms/network/lines";
import type { Isle, Line } from "../src/rooms/network/queries";

const line = (change: Partial<Line> = {}): Line => ({
  a: "mq",
  b: "gf",
  told_by: "mq",
  as_of: null,
  state: "up",
  since: null,
  rtt_ms: 70,
  rtt_min_ms: 68,
  loss_pct: 0,
  bps: 1e6,
  queues: [],
  samples: [],
  detail: null,
  switch: null,
  ...change,
});

const isle = (name: string, community: string): Isle => ({
  name,
  title: name,
  community,
  sites: [],
  here: false,
  state: "up",
  since: null,
  last_heard: null,
});

test("a line is nominal, degraded by loss or lateness, cut, or not tried", () => {
  expect(healthOf(line())).toBe("ok");
  expect(healthOf(line({ loss_pct: 1.8 }))).toBe("degraded");
  expect(healthOf(line({ rtt_ms: 400 }))).toBe("degraded");
  expect(healthOf(line({ rtt_ms: 9, rtt_min_ms: 0.4 }))).toBe("ok");
  expect(healthOf(line({ state: "down" }))).toBe("cut");
  expect(healthOf(line({ state: "refused" }))).toBe("cut");
  expect(healthOf(line({ state: "unreached", rtt_ms: null }))).toBe("unknown");
});

test("one looks first at what is cut, then at what has most to carry", () => {
  const queue = { of_class: "stat", way: "in", studies: 1, bytes: 5, eta_s: null } as const;
  const busy = line({ b: "gp", queues: [queue] });
  const cut = line({ b: "fr", state: "down" });

  expect(foremost([line(), busy, cut])).toBe(cut);
  expect(foremost([line(), busy])).toBe(busy);
  expect(foremost([])).toBeUndefined();
});

test("a line is found by its ends in either order", () => {
  const lines = [line()];

  expect(lineOf(lines, "gf-mq")).toBe(lines[0]);
  expect(lineOf(lines, "mq-gf")).toBe(lines[0]);
  expect(lineOf(lines, "mq-gp")).toBeUndefined();
});

test("nodes of one region stand apart, those of none stand in a row", () => {
  const placed = place([isle("a", "guyane"), isle("b", "Guyane"), isle("c", "bretagne"), isle("d", "")]);
  const spots = new Set(placed.map(({ at }) => `${String(at.x)} ${String(at.y)}`));

  expect(spots.size).toBe(4);
});

test("a bow ends where its nodes are, whichever is named first", () => {
  const one = { x: 10, y: 20 };
  const other = { x: 300, y: 90 };

  expect(bow(one, other)).toEqual(bow(other, one));
  expect(bow(one, other).path).toMatch(/^M10 20Q.* 300 90$/);
});

test("the width of a line grows with what it carries, within bounds", () => {
  expect(width(null)).toBe(2);
  expect(width(1e6)).toBeLessThan(width(1e8));
  expect(width(1e12)).toBe(8);
});

test("a curve has a gap where nothing was measured", () => {
  expect(spark([1, 2, null, 2, 1], 40, 16).match(/M/g)).toHaveLength(2);
  expect(spark([1], 40, 16)).toBe("");
});
