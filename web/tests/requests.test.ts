import { expect, test } from "vitest";
import { columnOf, figures, neighbour, sorted, stepsOf } from "../src/rooms/requests/board";
import { blank, missing, written } from "../src/rooms/requests/form/draft";
import type { Partners, RequestRow } from "../src/rooms/requests/queries";

const NOW = Date.parse("2026-11-24T18:30:00Z");
const site = (key: string) => ({ key, name: key, node: "n" });

function row(request: string, change: Partial<RequestRow> = {}): RequestRow {
  return {
    request,
    exam: `chu~${request}`,
    accession: "",
    side: "asking",
    asking: site("chu"),
    reading: site("clinique"),
    asked_by: "K. Manip-Test",
    patient: {
      family_name: "TEST-BALISIER",
      given_name: "Raymond",
      sex: "M",
      birth_date: null,
      identifier: "1",
      issuer: "X",
    },
    modality: "CT",
    procedure: "Angio-TSA",
    question: "Occlusion proximale ?",
    urgency: "urgent",
    stage: "placed",
    placed_at: "2026-11-24T18:00:00Z",
    promised_s: 3600,
    due_at: "2026-11-24T19:00:00Z",
    changed_at: "2026-11-24T18:00:00Z",
    answered_at: null,
    images: { state: "waiting", percent: null, eta_s: null, estimated: true },
    line: null,
    waits_for_line: false,
    reader: null,
    report: "none",
    report_digest: null,
    conflict: false,
    unclaimed: false,
    acknowledged: null,
    notes: 0,
    may: [],
    ...change,
  };
}

test("the most urgent comes first, then the soonest due, and what was refused before all else", () => {
  const { columns } = sorted([
    row("late", { due_at: "2026-11-24T20:00:00Z" }),
    row("stat", { urgency: "stat", due_at: "2026-11-24T21:00:00Z" }),
    row("refused", { urgency: "routine", stage: "declined" }),
    row("soon", { due_at: "2026-11-24T18:40:00Z" }),
  ]);

  expect(columns.placed.map((each) => each.request)).toEqual(["refused", "stat", "soon", "late"]);
});

test("a refused request goes back to who asked, and is closed for who refused it", () => {
  expect(columnOf(row("a", { stage: "declined" }))).toBe("placed");
  expect(columnOf(row("a", { stage: "declined", side: "reading" }))).toBeNull();
  expect(columnOf(row("a", { stage: "cancelled" }))).toBeNull();
});

test("the figures count what is owed, what is late and how long answers took", () => {
  const said = figures(
    [
      row("due"),
      row("late", { due_at: "2026-11-24T18:20:00Z", urgency: "stat" }),
      row("back", { stage: "returned", may: ["acknowledge"], answered_at: "2026-11-24T18:10:00Z" }),
      row("seen", { stage: "acknowledged", answered_at: "2026-11-24T18:30:00Z" }),
    ],
    NOW,
  );

  expect(said).toMatchObject({ waiting: 2, stat: 1, answered: 2, toAcknowledge: 1 });
  expect(said.next?.request).toBe("due");
  expect(said.late.map((each) => each.request)).toEqual(["late"]);
  expect(said.medianMs).toBe(20 * 60_000);
});

test("arrows move within a column and over the empty ones", () => {
  const { columns } = sorted([
    row("a"),
    row("b", { due_at: "2026-11-24T19:30:00Z" }),
    row("c", { stage: "reading" }),
  ]);
  const from = (at: string, way: "up" | "down" | "left" | "right") => neighbour(columns, at, way)?.request;

  expect([
    from("a", "down"),
    from("b", "down"),
    from("b", "right"),
    from("c", "left"),
    from("c", "right"),
  ]).toEqual(["b", "b", "c", "a", "c"]);
});

test("the road tells what is behind, what is going on and when", () => {
  const log = [
    { kind: "request.placed", at: "2026-11-24T18:00:00Z" },
    { kind: "request.arrived", at: "2026-11-24T18:02:00Z" },
  ];

  expect(
    stepsOf(row("a", { stage: "reading" }), log).map((step) => [step.name, step.state, step.at]),
  ).toEqual([
    ["placed", "done", "2026-11-24T18:00:00Z"],
    ["images", "done", "2026-11-24T18:02:00Z"],
    ["reading", "now", null],
    ["returned", "coming", null],
    ["acknowledged", "coming", null],
  ]);
  expect(stepsOf(row("a", { stage: "cancelled" }), log).some((step) => step.state === "now")).toBe(false);
});

const PARTNERS: Partners = {
  exam: "chu~1",
  priors: [],
  near: [],
  rungs: ["clinique", "lyon"].map((key, index) => ({
    site: site(key),
    level: "region",
    chosen: index === 0,
    reason: index === 0 ? "chosen" : "fits",
    parameters: {},
    images_in_s: 0,
    promised_s: 900,
    waiting: 0,
    phone: "",
  })),
};

test("a request is sent only when nothing is missing, and another reader only with a reason", () => {
  const empty = blank("urgent", "K. Manip-Test", new Date(NOW));
  expect(Object.keys(missing(empty, PARTNERS))).toEqual(["question", "reason", "consent", "name", "phone"]);

  const full = {
    ...empty,
    question: "Occlusion proximale ?",
    reason: "AVC",
    consent: "given" as const,
    name: "Urgences",
    phone: "0596 00 44 17",
  };
  expect(missing(full, PARTNERS)).toEqual({});
  expect(missing({ ...full, consent: "emergency" }, PARTNERS)).toEqual({ consent: "tele.missing.emergency" });
  expect(missing({ ...full, partner: "lyon" }, PARTNERS)).toEqual({ override: "tele.missing.override" });
  expect(written("chu~1", { ...full, partner: "lyon", override: "neuro" }, PARTNERS)).toMatchObject({
    partner: "lyon",
    override: "neuro",
    consent: { kind: "given", by: "K. Manip-Test", at: "2026-11-24T18:30:00.000Z" },
  });
  expect(written("chu~1", full, PARTNERS)).not.toHaveProperty("partner");
});
