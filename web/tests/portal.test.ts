/** The portal: its words whole in three languages, its dates, and nothing of the workstation in it. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { isoDate } from "../src/shells/portal/entry";
import { CATALOGUES, day, moment, setTimeZone } from "../src/shells/portal/words";

const root = new URL("../src/shells/portal/", import.meta.url);
const holes = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();

test.each(["en", "es"] as const)("%s says everything that French says, with the same holes", (language) => {
  for (const [key, text] of Object.entries(CATALOGUES.fr)) {
    const said = CATALOGUES[language][key as keyof typeof CATALOGUES.fr];
    expect(said, key).toBeTruthy();
    expect(holes(said), key).toEqual(holes(text));
  }
});

test("every word is spoken somewhere", () => {
  const code = readdirSync(root)
    .filter((name) => name.endsWith(".ts") && !/^(words|fr|en|es)\.ts$/.test(name))
    .map((name) => readFileSync(new URL(name, root), "utf8"))
    .join("");
  const built = ["report+key-images", "report+images", "indication", "technique", "comparison", "findings"];
  const silent = Object.keys(CATALOGUES.fr).filter(
    (key) => !code.includes(`"${key}"`) && !built.includes(key),
  );

  expect(silent).toEqual([]);
});

test.each([
  ["14/04/1958", "1958-04-14"],
  ["1/2/1960", "1960-02-01"],
  ["14.04.1958", "1958-04-14"],
  ["14041958", "1958-04-14"],
  ["31/02/1960", null],
  ["1958-04-14", null],
  ["", null],
])("the date %s is %s", (typed, date) => {
  expect(isoDate(typed)).toBe(date);
});

test("a birth date is the same day in every time zone", () => {
  const zone = process.env.TZ;
  for (const place of ["America/Martinique", "Pacific/Auckland", "UTC"]) {
    process.env.TZ = place;
    expect(day("1960-03-12"), place).toBe("12 mars 1960");
  }
  process.env.TZ = zone;
});

test("hours are written in the zone of the node, those of an exam as they stand", () => {
  setTimeZone("America/Cayenne");
  expect(moment("2026-11-25T01:30:00Z")).toBe("24/11/2026 22:30");
  expect(moment("2026-11-24T09:30:00")).toBe("24/11/2026 09:30");
  setTimeZone("");
});

test("the portal imports nothing of the workstation but its colours and the types of the node", () => {
  const imports = readdirSync(root)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => readFileSync(new URL(name, root), "utf8").match(/(?<=from ")[^"]+/g) ?? [])
    .filter((path) => !path.startsWith("./"));

  expect([...new Set(imports)].sort()).toEqual(["@/api/schema", "@/kit/tokens"]);
});
