import { describe, expect, test } from "vitest";
import { delayOf } from "../src/rooms/reading/delay";
import {
  type ExamRow,
  grouped,
  merge,
  NOTHING,
  type Shown,
  showAll,
  suggested,
  withClaim,
} from "../src/rooms/reading/merge";
import { filtersOn, readReadingSearch, toQuery, withoutFilters } from "../src/rooms/reading/search";

const row = (
  exam: string,
  urgency: ExamRow["urgency"] = "routine",
  more: Partial<ExamRow> = {},
): ExamRow => ({
  exam,
  study_instance_uid: `1.2.${exam.length}`,
  urgency,
  status: "ready",
  patient: {
    person: "p",
    family_name: "TEST-POMME",
    given_name: "Zoé",
    name_as_sent: "TEST-POMME^Zoé",
    sex: "F",
    birth_date: "1960-03-12",
    identifier: "1",
    issuer: "chu",
    identity_status: "qualified",
  },
  modalities: ["CT"],
  description: "",
  body_part: "",
  accession_number: "",
  referring_physician: "",
  site: { key: "chu", name: "CHU" },
  community: "martinique",
  study_at: null,
  arrived_at: "2026-11-24T12:00:00Z",
  images: { received: 1, series: 1, complete: true, last_received_at: "2026-11-24T12:00:00Z" },
  priors: { count: 0, marks: [] },
  claim: null,
  report: { state: "none", version: 0, author: null, saved_at: null, contested: false },
  ...more,
});
const claim = (exam: string, mine: boolean): NonNullable<ExamRow["claim"]> => ({
  exam,
  login: "l",
  name: "Dr TEST",
  mine,
  since: "2026-11-24T12:00:00Z",
  until: "2026-11-24T12:15:00Z",
  fence: mine ? 1 : null,
});
const names = (rows: readonly ExamRow[]): string => rows.map((each) => each.exam).join(" ");

describe("live changes enter the list", () => {
  const shown: Shown = showAll([row("a"), row("b"), row("c")]);

  test("a new row waits behind the pill", () => {
    const after = merge(shown, [row("a"), row("new"), row("b"), row("c")], "b");

    expect(names(after.rows)).toBe("a b c");
    expect(names(after.waiting)).toBe("new");
  });

  test("STAT enters at once, at the place the node gave it", () => {
    const after = merge(shown, [row("s", "stat"), row("a"), row("b"), row("c")], "b");

    expect(names(after.rows)).toBe("s a b c");
    expect(after.waiting).toEqual([]);
  });

  test("a row keeps its place though the node would move it, and takes its new content", () => {
    const after = merge(shown, [row("c", "urgent"), row("a"), row("b")], "a");

    expect(names(after.rows)).toBe("a b c");
    expect(after.rows[2]?.urgency).toBe("urgent");
  });

  test("a row that left goes, but the selected one stays, marked", () => {
    const after = merge(shown, [row("c")], "b");

    expect(names(after.rows)).toBe("b c");
    expect([...after.gone]).toEqual(["b"]);
    expect(names(merge(after, [row("c")], "c").rows)).toBe("c");
  });

  test("the next page is added at the end", () => {
    const after = merge(shown, [row("a"), row("b"), row("c"), row("d"), row("e")], "a");

    expect(names(after.rows)).toBe("a b c d e");
    expect(after.waiting).toEqual([]);
  });

  test("an empty list shows what arrives", () => {
    expect(names(merge(NOTHING, [row("a")], undefined).rows)).toBe("a");
  });

  test("what waited is dropped when the node no longer lists it", () => {
    const waiting = merge(shown, [row("new"), row("a"), row("b"), row("c")], "a");

    expect(merge(waiting, [row("a"), row("b"), row("c")], "a").waiting).toEqual([]);
  });
});

describe("claims", () => {
  test("a claim marks its row only", () => {
    const [a, b] = withClaim([row("a"), row("b")], "b", claim("b", false));

    expect(a?.status).toBe("ready");
    expect(b?.status).toBe("claimed");
    expect(b?.claim?.name).toBe("Dr TEST");
  });

  test("given back, the exam is to read again, or a draft where one was written", () => {
    const drafted = row("a", "routine", {
      status: "claimed",
      report: { state: "draft", version: 1, author: "Dr TEST", saved_at: null, contested: false },
    });

    expect(withClaim([drafted], "a", null)[0]?.status).toBe("draft");
    expect(withClaim([row("a", "routine", { status: "claimed" })], "a", null)[0]?.status).toBe("ready");
  });

  test("the suggested exam is free, complete, and not the one on screen", () => {
    const rows = [
      row("a", "stat", { claim: claim("a", false) }),
      row("b", "stat", { status: "acquiring" }),
      row("c", "urgent"),
      row("d"),
    ];

    expect(suggested(rows, undefined)?.exam).toBe("c");
    expect(suggested(rows, "c")?.exam).toBe("d");
  });
});

test("rows are grouped under their urgency, in order", () => {
  const lines = grouped([row("a", "stat"), row("b", "stat"), row("c")], true);

  expect(lines.map((line) => (line.kind === "group" ? `${line.urgency} ${line.count}` : line.index))).toEqual(
    ["stat 2", 0, 1, "routine 1", 2],
  );
});

test("rows that come the latest first stand under no urgency: a heading would come again and again", () => {
  const lines = grouped([row("a"), row("b", "stat"), row("c")], false);

  expect(lines.map((line) => (line.kind === "exam" ? line.row.exam : line.urgency))).toEqual(["a", "b", "c"]);
});

describe("the delay", () => {
  const now = Date.parse("2026-11-24T12:10:00Z");

  test("runs from the last image received", () => {
    const delay = delayOf(row("a", "stat"), now);

    expect(delay?.leftMs).toBe(5 * 60_000);
    expect(delay?.overdue).toBe(false);
  });

  test("is overdue after it, and has not begun while images come", () => {
    expect(delayOf(row("a", "stat"), now + 6 * 60_000)?.overdue).toBe(true);
    expect(delayOf(row("a", "stat", { status: "acquiring" }), now)).toBeNull();
  });
});

describe("the address of the list", () => {
  test("keeps what it knows and drops the rest without complaint", () => {
    const search = readReadingSearch({
      list: "mine",
      modality: "CT,x,MR",
      urgency: "stat,soon",
      since: "1y",
      evil: "1",
    });

    expect(search).toEqual({ list: "mine", modality: "CT,MR", urgency: "stat" });
  });

  test("never carries the text filter, which may be a patient's name", () => {
    expect(readReadingSearch({ q: "TEST-POMME" })).toEqual({});
  });

  test("STAT and reception are saved filters over the node's lists", () => {
    const now = new Date(2026, 10, 24, 12);

    expect(toQuery({ list: "stat" }, now)).toMatchObject({ list: "to-read", urgency: ["stat"] });
    expect(toQuery({ list: "acquiring" }, now)).toMatchObject({ list: "all", status: ["acquiring"] });
    expect(toQuery({ since: "48h" }, now).since).toBe("2026-11-22");
  });

  test("clearing the filters keeps the list and the row", () => {
    const search = { list: "mine", modality: "CT", since: "24h", exam: "a" } as const;

    expect(filtersOn(search)).toBe(2);
    expect(withoutFilters(search)).toEqual({ list: "mine", exam: "a" });
  });
});
