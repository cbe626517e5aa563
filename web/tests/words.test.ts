import { beforeAll, expect, test } from "vitest";
import i18next from "../src/i18n";
import {
  age,
  bytes,
  clock,
  countdown,
  date,
  day,
  duration,
  personName,
  setTimeZone,
  when,
} from "../src/i18n/format";
import { schemeFor } from "../src/kit/scheme";
import { parseSearch, stringifySearch } from "../src/shells/workstation/search";

beforeAll(async () => {
  await i18next.init({
    lng: "fr",
    resources: {
      fr: { translation: { common: { day_short: "j", months: "{{n}} mois", years: "{{n}} ans" } } },
    },
  });
});

test("durations are as fine as a reader needs", () => {
  const t = i18next.t;
  expect(
    [42_000, 12 * 60_000, 185 * 60_000, 26 * 3_600_000, 80 * 3_600_000].map((ms) => duration(ms, t)),
  ).toEqual(["42 s", "12 min", "3 h 05", "1 j 2 h", "3 j"]);
});

test("a countdown shows seconds below the hour, and counts up when late", () => {
  expect(countdown(221_000, i18next.t)).toBe("03:41");
  expect(countdown(-80_000, i18next.t)).toBe("01:20");
  expect(countdown(2 * 3_600_000, i18next.t)).toBe("2 h");
});

test("a birth date is a calendar date: no time zone shifts it", () => {
  expect(date("1960-03-12")).toBe("12/03/1960");
});

test("hours are written in the zone of the site, and those without a zone as they stand", () => {
  setTimeZone("America/Cayenne");
  expect(clock("2026-11-25T01:30:00Z")).toBe("22:30");
  expect(day("2026-11-25T01:30:00Z")).toBe("24/11/2026");
  expect(when("2026-11-25T01:30:00Z", Date.parse("2026-11-25T03:30:00Z"))).toBe("24/11 22:30");
  expect(when("2026-11-25T01:30:00Z", Date.parse("2026-11-25T02:59:00Z"))).toBe("22:30");
  expect(when("2026-11-24T23:10:00", Date.parse("2026-11-25T03:30:00Z"))).toBe("24/11 23:10");
  setTimeZone("Europe/Paris");
  expect(clock("2026-11-25T01:30:00Z")).toBe("02:30");
  expect(clock("2026-11-24T09:30:00")).toBe("09:30");
  setTimeZone("");
});

test("age is in months for the smallest, and silent where it is not known", () => {
  const now = Date.parse("2026-11-24T12:00:00Z");
  expect(age("2025-12-25", now, i18next.t)).toBe("10 mois");
  expect(age("1960-03-12", now, i18next.t)).toBe("66 ans");
  expect(age(null, now, i18next.t)).toBe("");
  expect(age("2027-01-01", now, i18next.t)).toBe("");
});

test("bytes are decimal, in the words of the language", () => {
  expect(bytes(710_000_000_000)).toBe("710\u00a0Go");
  expect(bytes(3_100_000_000)).toBe("3,1\u00a0Go");
});

test("a person name of DICOM is said as people say it", () => {
  expect(personName("TEST-POMME^Alice^^Dr")).toBe("Dr Alice TEST-POMME");
  expect(personName("")).toBe("");
});

test("an address keeps commas readable and never writes an empty value", () => {
  expect(stringifySearch({ list: "mine", modality: "CT,MR", since: undefined, site: "" })).toBe(
    "?list=mine&modality=CT,MR",
  );
  expect(parseSearch("?list=mine&modality=CT,MR")).toEqual({ list: "mine", modality: "CT,MR" });
});

test("beside images it is always dark; elsewhere the person, the seat, then the system decide", () => {
  expect(schemeFor("images", "light", "light", "light")).toBe("dark");
  expect(schemeFor("reading", "reading", "light", "light")).toBe("dark");
  expect(schemeFor("reading", "light", null, "dark")).toBe("light");
  expect(schemeFor("other", "reading", null, "light")).toBe("light");
  expect(schemeFor("other", "reading", "dark", "light")).toBe("dark");
});
