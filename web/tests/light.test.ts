import { expect, test } from "vitest";
import { type DicomJson, describe as described, middleOf } from "../src/viewer/light/describe";
import { drawable } from "../src/viewer/light/drawable";
import { LowRecords } from "../src/viewer/light/lowres";
import { lengthOf } from "../src/viewer/light/measure";
import { colours, enlarged, nativeSamples, rescaled, throughPalette } from "../src/viewer/light/pixels";
import { given, nextFrame, reach } from "../src/viewer/light/plan";
import { presetsOf } from "../src/viewer/light/presets";
import { acceptOf, photometricAfter } from "../src/viewer/light/source";

const element = (vr: string, ...Value: unknown[]) => ({ vr, Value });
const ct = (number: number, more: DicomJson = {}): DicomJson => ({
  "00080018": element("UI", `1.2.${String(number)}`),
  "00080060": element("CS", "CT"),
  "00083002": element("UI", "1.2.840.10008.1.2.1"),
  "00200013": element("IS", number),
  "00280002": element("US", 1),
  "00280004": element("CS", "MONOCHROME2"),
  "00280010": element("US", 4),
  "00280011": element("US", 6),
  "00280100": element("US", 16),
  "00280101": element("US", 12),
  "00280102": element("US", 11),
  "00280103": element("US", 1),
  "00281052": element("DS", -1024),
  "00281053": element("DS", 1),
  "00280030": element("DS", 0.5, 0.25),
  ...more,
});
const FORM = {
  rows: 2,
  columns: 2,
  samples: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  signed: true,
  planar: false,
  photometric: "MONOCHROME2",
};
const PLAIN = { slope: 1, intercept: 0, palette: null };

test("images come in the order of their number, whatever the order of the answer", () => {
  const { frames } = described([ct(3), ct(1), ct(2)], "/series");

  expect(frames.map(({ name }) => name)).toEqual(["1.2.1/1", "1.2.2/1", "1.2.3/1"]);
  expect(frames[0]?.url).toBe("/series/instances/1.2.1/frames/1");
  expect(middleOf(frames.length)).toBe(1);
});

test("the functional groups of a frame speak before the shared ones, those before the data set", () => {
  const measures = (row: number, column: number) => ({
    "00289110": element("SQ", { "00280030": element("DS", row, column) }),
  });
  const enhanced = ct(1, {
    "00280008": element("IS", 2),
    "52009229": element("SQ", measures(3, 4)),
    "52009230": element("SQ", measures(1, 2), {}),
  });

  const { frames, frameTimeMs } = described([enhanced], "/series");

  expect(frames.map(({ spacingMm }) => spacingMm)).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(frameTimeMs).toBe(100);
});

test("a radiograph not corrected for magnification is measured in the plane of its detector", () => {
  const dx = { "00080060": element("CS", "DX"), "00181164": element("DS", 0.5, 0.25) };

  const corrected = { ...dx, "00181164": element("DS", 0.6, 0.3) };

  expect(described([ct(1, dx)], "").frames[0]?.spacingKind).toBe("detector");
  expect(described([ct(1, corrected)], "").frames[0]?.spacingKind).toBe("patient");
});

test("what cannot be drawn truly is left to the node", () => {
  expect(described([], "").simplified).toBe("no-images");
  expect(described([ct(1, { "7FE00008": { vr: "OF" } })], "").simplified).toBe("float");
  expect(described([ct(1, { "00280100": element("US", 1) })], "").simplified).toBe("form");
  expect(described([ct(1, { "00280004": element("CS", "PALETTE COLOR") })], "").simplified).toBe("lut");
  expect(described([ct(1)], "").simplified).toBe("none");
});

test("a length is in mm where the image tells the size of its pixels, in pixels where it does not", () => {
  const none = { spacingMm: null, spacingKind: "none" as const, regions: [] };
  const region = { left: 0, top: 0, right: 10, bottom: 10, columnMm: 2, rowMm: 2 };
  const patient = { ...none, spacingMm: [0.5, 0.25] as [number, number], spacingKind: "patient" as const };

  expect(lengthOf(none, [0, 0], [3, 4])).toEqual({ value: 5, unit: "px" });
  expect(lengthOf(patient, [0, 0], [12, 8])).toEqual({ value: 5, unit: "mm" });
  expect(lengthOf({ ...patient, spacingKind: "detector" }, [0, 0], [12, 8]).unit).toBe("detector");
  expect(lengthOf({ ...none, regions: [region] }, [0, 0], [3, 4])).toEqual({ value: 10, unit: "mm" });
  expect(lengthOf({ ...none, regions: [region] }, [0, 0], [30, 40]).unit).toBe("px");
});

test("bits beyond those stored do not change a value, and signs are extended", () => {
  const words = Uint16Array.of(0xf_001, 0x0_fff, 0x0_800, 0x0_7ff);
  const bytes = new Uint8Array(words.buffer);

  expect([...nativeSamples(bytes, FORM)]).toEqual([1, -1, -2048, 2047]);
  expect([...nativeSamples(bytes, { ...FORM, signed: false })]).toEqual([1, 4095, 2048, 2047]);
  expect(() => nativeSamples(bytes.slice(1), FORM)).toThrow(RangeError);
});

test("a rescale keeps whole values whole and falls back to fractions", () => {
  expect(rescaled(Int16Array.of(0, 10), 1, -1024)).toEqual(Int16Array.of(-1024, -1014));
  expect(rescaled(Int16Array.of(0, 10), 0.5, 0)).toEqual(Float32Array.of(0, 5));
  expect(rescaled(Uint16Array.of(0, 60_000), 2, 0)).toEqual(Float32Array.of(0, 120_000));
});

test("colour comes out red, green, blue from planes, YBR and palettes", () => {
  const rgb = {
    ...FORM,
    rows: 1,
    columns: 2,
    samples: 3,
    bitsAllocated: 8,
    bitsStored: 8,
    photometric: "RGB",
  };
  const planes = Uint8Array.of(1, 4, 2, 5, 3, 6);
  const palette = {
    first: 10,
    red: Uint8Array.of(1, 2),
    green: Uint8Array.of(3, 4),
    blue: Uint8Array.of(5, 6),
  };

  expect([...colours(planes, { ...rgb, planar: true }, false)]).toEqual([1, 2, 3, 4, 5, 6]);
  expect([...colours(Uint8Array.of(76, 85, 255, 128, 128, 128), { ...rgb, photometric: "YBR_FULL" }, true)])
    // the red of JFIF's own table, and a middle gray
    .toEqual([254, 0, 0, 128, 128, 128]);
  expect([
    ...colours(Uint8Array.of(50, 60, 128, 128), { ...rgb, photometric: "YBR_FULL_422" }, false),
  ]).toEqual([50, 50, 50, 60, 60, 60]);
  expect([...throughPalette([0, 10, 11, 99], palette)]).toEqual([1, 3, 5, 1, 3, 5, 2, 4, 6, 2, 4, 6]);
});

test("a frame that is a part of a larger buffer is handed on alone", () => {
  const whole = new Uint8Array(64);
  const { values } = drawable(whole.subarray(8, 16), { ...FORM, bitsStored: 16, highBit: 15 }, PLAIN, true);

  expect(values.buffer.byteLength).toBe(8);
});

test("an enlarged coarse picture has the samples of the low band where the wavelet put them", () => {
  const values = Int16Array.of(0, 40, 80, 120);
  const coarse = { values, rows: 2, columns: 2, components: 1 as const, low: 0, high: 120 };

  const large = enlarged(coarse, 8, 8);

  expect([large.values[0], large.values[4], large.values[8 * 4], large.values[8 * 4 + 4]]).toEqual([
    0, 40, 80, 120,
  ]);
  expect(large.values[2]).toBe(20);
  expect(large.values.length).toBe(64);
});

const record = (name: string, code: number[]): number[] => {
  const head = new Uint8Array(new Uint32Array([name.length, code.length]).buffer);
  return [...head, ...[...name].map((char) => char.charCodeAt(0)), ...code];
};

test.each([1, 3, 7, 1000])("records of low resolutions are whole again when cut every %i bytes", (step) => {
  const sent = [...record("1.2.3/1", [9, 8, 7]), ...record("1.2.4/12", []), ...record("1.2.5/1", [1])];
  const records = new LowRecords();

  const read = [];
  for (let at = 0; at < sent.length; at += step)
    read.push(...records.push(Uint8Array.from(sent.slice(at, at + step))));

  expect(read.map(({ name, codestream }) => [name, [...codestream]])).toEqual([
    ["1.2.3/1", [9, 8, 7]],
    ["1.2.4/12", []],
    ["1.2.5/1", [1]],
  ]);
  expect(records.unfinished).toBe(false);
});

test("an answer that is no low resolutions is refused, one that was cut off is noticed", () => {
  const cut = new LowRecords();
  cut.push(Uint8Array.from(record("1.2.3/1", [9, 8, 7])).subarray(0, 12));

  expect(cut.unfinished).toBe(true);
  expect(() => new LowRecords().push(Uint8Array.from({ length: 8 }, () => 255))).toThrow(RangeError);
});

test("the frame looked at is fetched first, then its neighbours, within what memory holds", () => {
  const done = new Set<number>();
  const order: number[] = [];
  for (let at = nextFrame(5, reach(5, 10, 4), (i) => !done.has(i)); at !== null; ) {
    order.push(at);
    done.add(at);
    at = nextFrame(5, reach(5, 10, 4), (i) => !done.has(i));
  }

  expect(order).toEqual([5, 6, 4, 3]);
  expect(reach(0, 10, 4)).toEqual([0, 3]);
  expect(reach(9, 10, 4)).toEqual([6, 9]);
  expect(reach(2, 3, 100)).toEqual([0, 2]);
  expect(given(5, [1, 5, 6, 9], 2)).toEqual([1, 9]);
});

test("JPEG is left to the browser only where its colours are beyond doubt", () => {
  const jpeg = { transferSyntax: "1.2.840.10008.1.2.4.50", form: { ...FORM, bitsStored: 8, samples: 3 } };
  const with_ = (photometric: string) => ({ ...jpeg, form: { ...jpeg.form, photometric } });
  Object.assign(globalThis, { OffscreenCanvas: class {} });

  expect(acceptOf(with_("YBR_FULL_422"))).toContain("image/jpeg");
  expect(acceptOf(with_("RGB"))).not.toContain("image/jpeg");
  expect(acceptOf({ ...jpeg, transferSyntax: "1.2.840.10008.1.2.4.70" })).not.toContain("image/jpeg");
  expect(photometricAfter(with_("YBR_FULL_422"))).toBe("RGB");
  expect(photometricAfter({ ...with_("YBR_FULL"), transferSyntax: "1.2.840.10008.1.2.5" })).toBe("YBR_FULL");
});

test("only a scanner's values have windows by tissue, colour has none", () => {
  expect(presetsOf("CT", false).map(({ name }) => name)).toContain("lung");
  expect(presetsOf("MR", false).map(({ name }) => name)).toEqual(["own", "whole"]);
  expect(presetsOf("US", true)).toEqual([]);
});
