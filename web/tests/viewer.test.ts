import { expect, test } from "vitest";
import {
  complete,
  differing,
  plain,
  type Section,
  same,
  settled,
  text,
  tidy,
  withDeleted,
  withMeasurement,
} from "../src/rooms/reading/report/blocks";
import { both, pictureOf, withImage, withoutImage } from "../src/rooms/reading/report/keyImages";
import { heard, type Measurement, quantityOf } from "../src/viewer/bridge";

const raw = {
  uid: "m1",
  tool: "Length",
  label: "",
  text: "17.2 mm",
  study: "1.2.3",
  series: "1.2.3.4",
  instance: "1.2.3.4.5",
  frame: 81,
};
const measurement: Measurement = {
  id: "m1",
  label: "",
  value: 17.2,
  unit: "mm",
  study_instance_uid: "1.2.3",
  series_instance_uid: "1.2.3.4",
  sop_instance_uid: "1.2.3.4.5",
  frame: 81,
};

test("a measurement of the viewer becomes value and unit", () => {
  expect(heard({ type: "archipel:measurement", measurement: raw })).toEqual({
    type: "archipel:measurement",
    measurement,
    insert: true,
  });
  expect(heard({ type: "archipel:measurement-changed", measurement: raw })).toMatchObject({ insert: false });
});

test("the first quantity counts, its unit in UCUM", () => {
  expect(quantityOf("L: 17.2 mm W: 12.9 mm")).toEqual({ value: 17.2, unit: "mm" });
  expect(quantityOf("Area: 2201 mm²")).toEqual({ value: 2201, unit: "mm2" });
  expect(quantityOf("34.5°")).toEqual({ value: 34.5, unit: "deg" });
  expect(quantityOf("no number")).toBeNull();
});

const seen = { study: "1.2.3", series: "1.2.3.4", instance: "1.2.3.4.5", frame: 7 };
const image = {
  study_instance_uid: "1.2.3",
  series_instance_uid: "1.2.3.4",
  sop_instance_uid: "1.2.3.4.5",
  frame: 7,
  window: { center: -600, width: 1500 },
};

test("an image in view comes with its window, or with none where that is no window", () => {
  const told = (more: object) => heard({ type: "archipel:key-image", image: { ...seen, ...more } });
  expect(told({ center: -600, width: 1500 })).toEqual({ type: "archipel:key-image", image });
  for (const none of [{}, { center: 40 }, { center: 40, width: 0 }, { center: Number.NaN, width: 1 }])
    expect(told(none)).toEqual({ type: "archipel:key-image", image: { ...image, window: null } });
  expect(told({ instance: "../1" })).toBeNull();
});

test("an image is a key image once, with its caption and the window it was seen with last", () => {
  const told = { ...image, caption: "Nodule" };
  const other = { ...image, frame: 8, caption: "" };
  const brain = { ...image, window: { center: 40, width: 80 } };
  expect(withImage([told], { ...image, frame: 8 })).toEqual([told, other]);
  expect(withImage([told, other], brain)).toEqual([{ ...brain, caption: "Nodule" }, other]);
  expect(withoutImage([told, other], told)).toEqual([other]);
  expect(both([told], [{ ...brain, caption: "" }, other])).toEqual([told, other]);
});

test("the picture of a key image is its frame as it was seen", () => {
  expect(pictureOf({ ...image, caption: "" })).toBe(
    "/dicomweb/studies/1.2.3/series/1.2.3.4/instances/1.2.3.4.5/frames/7/rendered" +
      "?viewport=160,160&window=-600,1500,linear",
  );
  expect(pictureOf({ ...image, caption: "", window: { center: 0.2, width: 0.5 } })).toContain("linear-exact");
});

test("what is not a whole message of the viewer is dropped", () => {
  for (const data of [
    null,
    "archipel:ready",
    { type: "other" },
    { type: "archipel:measurement", measurement: { ...raw, study: "../1" } },
    { type: "archipel:measurement", measurement: { ...raw, text: "" } },
    { type: "archipel:measurement-removed" },
    { type: "archipel:key", key: "x".repeat(40) },
  ]) {
    expect(heard(data)).toBeNull();
  }
});

const sections = (findings: string, conclusion = ""): Section[] =>
  complete([
    { code: "findings", blocks: [text(findings)] },
    { code: "conclusion", blocks: [text(conclusion)] },
  ]);

test("the same text written in other pieces is the same text", () => {
  expect(tidy([text("a"), text(""), text("b")])).toEqual([text("ab")]);
  expect(same([{ code: "findings", blocks: [text("a"), text("b")] }], sections("ab"))).toBe(true);
  expect(same(sections("a"), sections("b"))).toBe(false);
});

test("a measurement enters its section after a space and is marked when deleted on the images", () => {
  const written = withMeasurement(sections("Nodule"), "findings", measurement);

  expect(written[3]?.blocks.map((block) => block.kind)).toEqual(["text", "measurement"]);
  expect(written[3] && plain(written[3])).toMatch(/^Nodule 17[.,]2 mm$/);

  const [, , , findings] = withDeleted(written, "m1");

  expect(findings?.blocks[1]).toMatchObject({ id: "m1", deleted: true });
});

test("a conflict is settled section by section, and both can stay", () => {
  const mine = sections("A", "mine");
  const theirs = sections("A", "theirs");

  expect(differing(mine, theirs)).toEqual(["conclusion"]);
  expect(settled(mine, theirs, {})).toEqual(mine);
  expect(settled(mine, theirs, { conclusion: "theirs" })).toEqual(theirs);
  expect(settled(mine, theirs, { conclusion: "both" })[4]?.blocks).toEqual([text("mine\ntheirs")]);
});
