/**
 * What the images of a series are, read from its WADO-RS metadata (DICOM JSON, PS3.18 annex F).
 *
 * In an enhanced image the functional groups of the frame, then the shared ones, speak before the data set itself
 * (PS3.3 C.7.6.16). What this viewer cannot draw truly is named in `simplified`, and the node draws it instead.
 */

interface JsonElement {
  vr?: string;
  Value?: unknown[];
  InlineBinary?: string;
  BulkDataURI?: string;
}
export type DicomJson = Record<string, JsonElement | undefined>;

/** How the samples of a frame lie in its bytes (PS3.3 C.7.6.3). */
export interface PixelForm {
  rows: number;
  columns: number;
  samples: number;
  bitsAllocated: number;
  bitsStored: number;
  highBit: number;
  signed: boolean;
  planar: boolean;
  photometric: string;
}

/** Red, green and blue of a palette; `first` is the stored value of the first entry (PS3.3 C.7.9). */
export interface Palette {
  first: number;
  red: Uint8Array;
  green: Uint8Array;
  blue: Uint8Array;
}

/** A region in which pixels have a physical size (PS3.3 C.8.5.5), in pixels and mm. */
export interface Region {
  left: number;
  top: number;
  right: number;
  bottom: number;
  columnMm: number;
  rowMm: number;
}

export type SpacingKind = "patient" | "detector" | "regions" | "none";

export interface FrameImage {
  /** SOP Instance UID, a slash, the frame number (1 first): also its name in the low resolutions. */
  name: string;
  url: string;
  transferSyntax: string;
  form: PixelForm;
  palette: Palette | null;
  slope: number;
  intercept: number;
  window: { center: number; width: number } | null;
  inverse: boolean;
  position: [number, number, number] | null;
  /** Direction cosines along a row, then along a column. */
  orientation: number[] | null;
  /** Distance between rows and between columns, mm. */
  spacingMm: [number, number] | null;
  spacingKind: SpacingKind;
  regions: Region[];
}

export interface SeriesImages {
  modality: string;
  units: string;
  frames: FrameImage[];
  /** Milliseconds from frame to frame where the images are a film. */
  frameTimeMs: number | null;
  frameOfReference: string;
  /** Why the node has to draw this series, if it has to. */
  simplified: "none" | "no-images" | "float" | "lut" | "video" | "form";
}

const VIDEO = /^1\.2\.840\.10008\.1\.2\.4\.10[0-9]/;
const PROJECTIONS = new Set(["CR", "DX", "MG", "RF", "XA", "PX", "IO"]);
const CENTIMETRES = 3;
const MAX_PIXELS = 64 << 20; // of one frame: beyond it a browser's tab may end

const values = (from: DicomJson | undefined, tag: string): unknown[] =>
  (from?.[tag]?.Value ?? []).filter((value) => value !== null && value !== undefined);
const numbers = (from: DicomJson | undefined, tag: string): number[] =>
  values(from, tag).map(Number).filter(Number.isFinite);
const number = (from: DicomJson | undefined, tag: string, otherwise: number): number =>
  numbers(from, tag)[0] ?? otherwise;
const text = (from: DicomJson | undefined, tag: string): string => String(values(from, tag)[0] ?? "").trim();
const items = (from: DicomJson | undefined, tag: string): DicomJson[] =>
  values(from, tag).filter((value): value is DicomJson => typeof value === "object");

/** The data sets that may hold an attribute of a macro, the nearest to the frame first. */
function groups(top: DicomJson, frame: number, macro: string): DicomJson[] {
  const near = items(top, "52009230")[frame - 1];
  const shared = items(top, "52009229")[0];
  return [...items(near, macro), ...items(shared, macro), top];
}
const withTag = (candidates: DicomJson[], tag: string): DicomJson | undefined =>
  candidates.find((candidate) => values(candidate, tag).length > 0);

function formOf(top: DicomJson): PixelForm {
  const bitsAllocated = number(top, "00280100", 16);
  const bitsStored = number(top, "00280101", bitsAllocated);
  return {
    rows: number(top, "00280010", 0),
    columns: number(top, "00280011", 0),
    samples: number(top, "00280002", 1),
    bitsAllocated,
    bitsStored,
    highBit: number(top, "00280102", bitsStored - 1),
    signed: number(top, "00280103", 0) === 1,
    planar: number(top, "00280006", 0) === 1,
    photometric: text(top, "00280004"),
  };
}

const bytesOf = (inline: string): Uint8Array => Uint8Array.from(atob(inline), (char) => char.charCodeAt(0));

/** The palette of a data set; null where it has none that stands in the metadata. */
export function paletteOf(top: DicomJson): Palette | null {
  const [entries = 0, first = 0, bits = 16] = numbers(top, "00281101");
  const count = entries || 65_536;
  const channels = ["00281201", "00281202", "00281203"].map((tag) => {
    const inline = top[tag]?.InlineBinary;
    if (inline === undefined) return null;
    const data = bytesOf(inline);
    if (bits === 8 && data.length < count * 2) return data.slice(0, count);
    if (data.length < count * 2) return null;
    // 16-bit words, little endian; the high byte is what a screen shows (8-bit entries keep to the low one)
    return Uint8Array.from({ length: count }, (_, at) => data[at * 2 + (bits === 8 ? 0 : 1)] ?? 0);
  });
  const [red, green, blue] = channels;
  return red && green && blue ? { first, red, green, blue } : null;
}

function regionsOf(top: DicomJson): Region[] {
  return items(top, "00186011")
    .filter(
      (region) =>
        number(region, "00186024", 0) === CENTIMETRES && number(region, "00186026", 0) === CENTIMETRES,
    )
    .map((region) => ({
      left: number(region, "00186018", 0),
      top: number(region, "0018601A", 0),
      right: number(region, "0018601C", 0),
      bottom: number(region, "0018601E", 0),
      columnMm: Math.abs(number(region, "0018602C", 0)) * 10,
      rowMm: Math.abs(number(region, "0018602E", 0)) * 10,
    }))
    .filter((region) => region.columnMm > 0 && region.rowMm > 0);
}

function spacingOf(top: DicomJson, frame: number, modality: string, regions: Region[]) {
  const pair = (from: DicomJson | undefined, tag: string): [number, number] | null => {
    const [row, column] = numbers(from, tag);
    return row && column && row > 0 && column > 0 ? [row, column] : null;
  };
  const measured = pair(withTag(groups(top, frame, "00289110"), "00280030"), "00280030");
  const imager = pair(top, "00181164");
  if (measured) {
    // Equal to the spacing at the detector: nothing was corrected for magnification (PS3.3 10.7.1.3).
    const uncorrected = imager !== null && imager[0] === measured[0] && imager[1] === measured[1];
    const kind: SpacingKind = PROJECTIONS.has(modality) && (uncorrected || !imager) ? "detector" : "patient";
    return { spacingMm: measured, spacingKind: kind };
  }
  if (imager) return { spacingMm: imager, spacingKind: "detector" as SpacingKind };
  return { spacingMm: null, spacingKind: (regions.length > 0 ? "regions" : "none") as SpacingKind };
}

function describeFrame(top: DicomJson, frame: number, root: string, shared: InstanceFacts): FrameImage {
  const rescale = withTag(groups(top, frame, "00289145"), "00281053");
  const voi = withTag(groups(top, frame, "00289132"), "00281050");
  const plane = withTag(groups(top, frame, "00209113"), "00200032");
  const turned = withTag(groups(top, frame, "00209116"), "00200037");
  const [x, y, z] = numbers(plane, "00200032");
  const orientation = numbers(turned, "00200037");
  const center = numbers(voi, "00281050")[0];
  const width = numbers(voi, "00281051")[0];
  const shape = text(top, "20500020").toUpperCase();
  const sop = text(top, "00080018");
  return {
    name: `${sop}/${String(frame)}`,
    url: `${root}/instances/${sop}/frames/${String(frame)}`,
    transferSyntax: text(top, "00083002"),
    form: shared.form,
    palette: shared.palette,
    slope: number(rescale, "00281053", 1) || 1,
    intercept: number(rescale, "00281052", 0),
    window: center !== undefined && width !== undefined && width >= 1 ? { center, width } : null,
    inverse: shape ? shape === "INVERSE" : shared.form.photometric === "MONOCHROME1",
    position: x !== undefined && y !== undefined && z !== undefined ? [x, y, z] : null,
    orientation: orientation.length === 6 ? orientation : null,
    regions: shared.regions,
    ...spacingOf(top, frame, shared.modality, shared.regions),
  };
}

interface InstanceFacts {
  form: PixelForm;
  palette: Palette | null;
  regions: Region[];
  modality: string;
}

function whySimplified(images: { top: DicomJson; form: PixelForm }[]): SeriesImages["simplified"] {
  if (images.length === 0) return "no-images";
  for (const { top, form } of images) {
    if (VIDEO.test(text(top, "00083002"))) return "video";
    if (top["7FE00008"] ?? top["7FE00009"]) return "float";
    if (items(top, "00283000").length > 0) return "lut";
    const isColour = form.samples === 3 && form.bitsAllocated === 8;
    const isGray = form.samples === 1 && (form.bitsAllocated === 8 || form.bitsAllocated === 16);
    if (!isColour && !isGray) return "form";
    if (form.rows * form.columns > MAX_PIXELS) return "form";
    if (form.photometric === "PALETTE COLOR" && paletteOf(top) === null) return "lut";
  }
  return "none";
}

function frameTime(top: DicomJson): number | null {
  const timed = number(top, "00181063", 0);
  if (timed > 0) return timed;
  const rate = number(top, "00180040", 0) || number(top, "00082144", 0);
  return rate > 0 ? 1000 / rate : null;
}

/** Read the metadata of one series. Frames come by Instance Number (0020,0013), then by frame number. */
export function describe(datasets: DicomJson[], root: string): SeriesImages {
  const images = datasets
    .map((top) => ({ top, form: formOf(top) }))
    .filter(({ form }) => form.rows > 0 && form.columns > 0)
    .sort((one, other) => number(one.top, "00200013", 0) - number(other.top, "00200013", 0));
  const first = images[0]?.top;
  const modality = text(first, "00080060");
  const isFilm = images.length === 1 && number(first, "00280008", 1) > 1;
  const simplified = whySimplified(images);
  const frames =
    simplified === "none"
      ? images.flatMap(({ top, form }) => {
          const facts = { form, palette: paletteOf(top), regions: regionsOf(top), modality };
          const count = Math.max(1, number(top, "00280008", 1));
          return Array.from({ length: count }, (_, at) => describeFrame(top, at + 1, root, facts));
        })
      : [];
  return {
    modality,
    units: text(first, "00541001"),
    frames,
    frameTimeMs: isFilm && first ? (frameTime(first) ?? 100) : null,
    frameOfReference: text(first, "00200052"),
    simplified,
  };
}

export const middleOf = (images: number): number => Math.floor(images / 2);
