import { describe, expect, it } from "vitest";
import { whoLooked } from "@/rooms/archive/looks";

const look = (at: string, actor: string, action = "read") => ({
  at,
  actor,
  name: `${actor}-Test`,
  action,
  kind: "person" as const,
  organisation: "CHU",
  door: "web",
});

describe("who looked", () => {
  it("names a person once for what they did, with how often and since when, the latest first", () => {
    const told = whoLooked([
      look("2026-11-24T14:00:00Z", "Dr A"),
      look("2026-11-24T13:00:00Z", "Dr B"),
      look("2026-11-24T12:00:00Z", "Dr A"),
      look("2026-11-24T11:00:00Z", "Dr A", "report"),
    ]);

    expect(told.map(({ actor, action, times, at, first }) => [actor, action, times, at, first])).toEqual([
      ["Dr A", "read", 2, "2026-11-24T14:00:00Z", "2026-11-24T12:00:00Z"],
      ["Dr B", "read", 1, "2026-11-24T13:00:00Z", "2026-11-24T13:00:00Z"],
      ["Dr A", "report", 1, "2026-11-24T11:00:00Z", "2026-11-24T11:00:00Z"],
    ]);
  });
});
