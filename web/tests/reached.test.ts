/** The node is reached until it is silent and the browser knows of no network. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const SOON_MS = 2100;
const heard: Record<string, () => void> = {};
let answers = true;
const browser = { onLine: true };

async function fresh() {
  vi.resetModules();
  return import("@/api/reached");
}

const turn = (onLine: boolean): void => {
  browser.onLine = onLine;
  heard[onLine ? "online" : "offline"]?.();
};

beforeEach(() => {
  vi.useFakeTimers();
  answers = true;
  browser.onLine = true;
  vi.stubGlobal("navigator", browser);
  vi.stubGlobal("addEventListener", (name: string, run: () => void) => {
    heard[name] = run;
  });
  vi.stubGlobal("fetch", () => (answers ? Promise.resolve({}) : Promise.reject(new TypeError())));
});

afterEach(() => {
  turn(true);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("reached", () => {
  it("does not believe a browser without a network while the node answers", async () => {
    browser.onLine = false;
    const { isReached } = await fresh();
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(isReached()).toBe(true);
  });

  it("says so when the node falls silent, and when it is back without the browser noticing", async () => {
    const { isReached, onReached } = await fresh();
    const told: boolean[] = [];
    onReached(() => told.push(isReached()));
    answers = false;
    turn(false);
    await vi.advanceTimersByTimeAsync(SOON_MS);
    answers = true;
    await vi.advanceTimersByTimeAsync(SOON_MS);
    expect(told).toEqual([false, true]);
  });

  it("asks nobody while the browser has a network", async () => {
    const asked = vi.fn(() => Promise.resolve({}));
    vi.stubGlobal("fetch", asked);
    await fresh();
    await vi.advanceTimersByTimeAsync(3 * SOON_MS);
    expect(asked).not.toHaveBeenCalled();
  });
});
