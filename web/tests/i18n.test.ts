import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

type Tree = { [key: string]: string | Tree };
const read = (path: string): string => readFileSync(new URL(path, import.meta.url), "utf8");
const catalogue = (language: string): Map<string, string> =>
  flat(JSON.parse(read(`../src/i18n/${language}.json`)));

function flat(tree: Tree, before = ""): Map<string, string> {
  const leaves = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === "string") leaves.set(before + key, value);
    else for (const [path, text] of flat(value, `${before}${key}.`)) leaves.set(path, text);
  }
  return leaves;
}

const placeholders = (text: string): string[] => (text.match(/\{\{\w+\}\}/g) ?? []).sort();
const sources = (readdirSync(new URL("../src", import.meta.url), { recursive: true }) as string[])
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => read(`../src/${path}`))
  .join("\n");

describe.each(["en", "es"])("the %s catalogue", (language) => {
  const french = catalogue("fr");
  const other = catalogue(language);

  test("has the keys of the French one, neither more nor fewer", () => {
    expect([...other.keys()]).toEqual([...french.keys()]);
  });

  test("fills in the same placeholders", () => {
    for (const [key, text] of french)
      expect(placeholders(other.get(key) ?? ""), key).toEqual(placeholders(text));
  });

  test("is translated: no sentence is still French", () => {
    const same = [...french].filter(
      ([key, text]) => text === other.get(key) && /\s\S+\s/.test(text) && !/\{\{/.test(text),
    );

    expect(same).toEqual([]);
  });
});

test("no text is empty and no plural is alone", () => {
  const french = catalogue("fr");
  for (const [key, text] of french) {
    expect(text, key).not.toBe("");
    if (key.endsWith("_one")) expect(french.has(key.replace(/_one$/, "_other")), key).toBe(true);
  }
});

test("every sentence of the catalogue is used by a screen", () => {
  const unused = [...catalogue("fr").keys()].filter((key) => {
    const bare = key.replace(/_(one|other)$/, "");
    const family = bare.replace(/[^.]+$/, "");
    const isUsed = sources.includes(`"${bare}"`) || sources.includes(`\`${family}$`);
    const isPartOfName =
      /_[a-z0-9]+$/i.test(bare) && sources.includes(`\`${bare.replace(/[a-z0-9]+$/i, "")}$`);
    return !isUsed && !isPartOfName;
  });

  expect(unused).toEqual([]);
});
