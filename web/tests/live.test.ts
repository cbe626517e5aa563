import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveStream, STALE_AFTER_MS } from "../src/api/live";

/** The browser's EventSource does not exist in Node: this one only lets the test say what the network did. */
class Line extends EventTarget {
  readyState = 0;
  closed = false;
  constructor(readonly url: string) {
    super();
  }
  close(): void {
    this.closed = true;
  }
  says(event: string, data: unknown): void {
    this.dispatchEvent(Object.assign(new Event(event), { data: JSON.stringify(data) }));
  }
}

let lines: Line[] = [];
const open = (url: string): EventSource => {
  const line = new Line(url);
  lines.push(line);
  return line as unknown as EventSource;
};

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", { CLOSED: 2 });
  lines = [];
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("it is live once the line opens, and tells events to those who listen", () => {
  const live = new LiveStream(open);
  const heard = vi.fn();
  live.on("list", heard);
  live.start(["list"]);
  lines[0]?.dispatchEvent(new Event("open"));
  lines[0]?.says("list", { exam: "a", change: "arrived" });

  expect(lines[0]?.url).toBe("/api/events?topics=list");
  expect(live.snapshot().state).toBe("live");
  expect(heard).toHaveBeenCalledWith({ exam: "a", change: "arrived" });
});

test("a short break is not worth a word; ten seconds are", () => {
  const live = new LiveStream(open);
  live.start(["list"]);
  lines[0]?.dispatchEvent(new Event("open"));
  lines[0]?.dispatchEvent(new Event("error"));
  vi.advanceTimersByTime(STALE_AFTER_MS - 1);

  expect(live.snapshot().state).toBe("connecting");

  vi.advanceTimersByTime(2);

  expect(live.snapshot().state).toBe("stale");
});

test("coming back after a stale time asks everybody to load again", () => {
  const live = new LiveStream(open);
  const reset = vi.fn();
  live.on("reset", reset);
  live.start(["list"]);
  vi.advanceTimersByTime(STALE_AFTER_MS + 1);
  lines[0]?.dispatchEvent(new Event("open"));

  expect(live.snapshot().state).toBe("live");
  expect(reset).toHaveBeenCalledOnce();
});

test("a line the browser gave up is opened again", () => {
  const live = new LiveStream(open);
  live.start(["list"]);
  const [first] = lines;
  if (first) first.readyState = 2;
  first?.dispatchEvent(new Event("error"));
  vi.advanceTimersByTime(3100);

  expect(lines).toHaveLength(2);
  expect(first?.closed).toBe(true);
});
