import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { dark, light } from "../src/kit/tokens";

const root = new URL("../src/", import.meta.url);
const files = (readdirSync(root, { recursive: true }) as string[])
  .filter((path) => /\.(tsx?|css)$/.test(path) && !path.endsWith("schema.d.ts"))
  .map((path) => ({ path, text: readFileSync(new URL(path, root), "utf8") }));

test("no colour is written outside tokens.ts", () => {
  const coloured = files.filter(
    ({ path, text }) =>
      path !== "kit/tokens.ts" &&
      /#[0-9a-f]{3,8}\b(?![-\w])/i.test(text.replaceAll(/href="#\w+"|url\(#\w+\)/g, "")),
  );

  expect(coloured.map(({ path }) => path)).toEqual([]);
});

test("no file outgrows 400 lines, styles apart", () => {
  const long = files.filter(({ path, text }) => !path.endsWith(".css") && text.split("\n").length > 400);

  expect(long.map(({ path }) => path)).toEqual([]);
});

test("every module says what it is for", () => {
  const silent = files.filter(
    ({ path, text }) =>
      /\.tsx?$/.test(path) &&
      !/^\/\*\*|^\/\/\/ /.test(text.trimStart()) &&
      !/\n\/\*\* /.test(text.slice(0, 1200)),
  );

  expect(silent.map(({ path }) => path)).toEqual([]);
});

test("no address outside this origin is asked for", () => {
  const foreign = files.filter(({ text }) => /https?:\/\/(?!www\.w3\.org\/)/.test(text));

  expect(foreign.map(({ path }) => path)).toEqual([]);
});

const channel = (value: number): number =>
  value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
const luminance = (hex: string): number => {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) =>
    channel(Number.parseInt(hex.slice(at, at + 2), 16) / 255),
  );
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (one: string, two: string): number => {
  const [high = 0, low = 0] = [luminance(one), luminance(two)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
};

test.each([
  ["dark", dark],
  ["light", light],
])("words keep 4.5:1 on every ground of the %s theme", (_, tokens) => {
  for (const ink of ["text", "text2", "text3", "accent", "critical", "urgent", "info", "ok"] as const) {
    for (const ground of ["canvas", "surface", "hover"] as const) {
      expect(contrast(tokens[ink], tokens[ground]), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  }
  for (const tone of ["critical", "urgent", "info", "ok"] as const) {
    expect(
      contrast(tokens[tone], tokens[`${tone}Soft`]),
      `${tone} on its soft ground`,
    ).toBeGreaterThanOrEqual(4.5);
  }
  expect(contrast(tokens.onAccent, tokens.accentBtn)).toBeGreaterThanOrEqual(4.5);
  expect(contrast(tokens.onCritical, tokens.critical)).toBeGreaterThanOrEqual(4.5);
});

test("the lock file names no host", () => {
  const lock = readFileSync(new URL("../package-lock.json", import.meta.url), "utf8");

  expect(lock).not.toContain('"resolved"');
});
