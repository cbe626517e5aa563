/** The length between two points of an image, and in what it can honestly be told. */
import type { FrameImage, Region } from "./describe";

/** Column and row, in pixels from the centre of the first one. */
export type ImagePoint = readonly [number, number];

export interface Length {
  value: number;
  /** `detector`: mm in the plane of the detector, larger than in the body. `px`: the image tells no size. */
  unit: "mm" | "detector" | "px";
}

const holds = (region: Region, [column, row]: ImagePoint): boolean =>
  column >= region.left && column <= region.right && row >= region.top && row <= region.bottom;

export function lengthOf(
  image: Pick<FrameImage, "spacingMm" | "spacingKind" | "regions">,
  from: ImagePoint,
  to: ImagePoint,
): Length {
  const columns = to[0] - from[0];
  const rows = to[1] - from[1];
  const region = image.regions.find((each) => holds(each, from) && holds(each, to));
  if (region) return { value: Math.hypot(columns * region.columnMm, rows * region.rowMm), unit: "mm" };
  if (image.spacingMm) {
    const [rowMm, columnMm] = image.spacingMm;
    return {
      value: Math.hypot(columns * columnMm, rows * rowMm),
      unit: image.spacingKind === "detector" ? "detector" : "mm",
    };
  }
  return { value: Math.hypot(columns, rows), unit: "px" };
}
