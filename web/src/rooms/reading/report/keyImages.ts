/** The images that tell the result, in the order they were marked. Pure functions over the API's own form. */
import type { Schemas } from "@/api/client";
import type { SeenImage } from "@/viewer/bridge";

export type KeyImage = Schemas["KeyImage"];
export const MOST = 64;
type Frame = Pick<KeyImage, "sop_instance_uid" | "frame">;

const PICTURE_PX = 160;
const frameOf = (image: Frame): number => image.frame ?? 1;

export const isSame = (one: Frame, two: Frame): boolean =>
  one.sop_instance_uid === two.sop_instance_uid && frameOf(one) === frameOf(two);

/** The image at the end; one that is there already keeps its place and its caption, and takes the new window. */
export const withImage = (images: readonly KeyImage[], seen: SeenImage): KeyImage[] =>
  images.some((other) => isSame(other, seen))
    ? images.map((other) => (isSame(other, seen) ? { ...other, window: seen.window } : other))
    : [...images, { ...seen, caption: "" }];

export const withoutImage = (images: readonly KeyImage[], image: KeyImage): KeyImage[] =>
  images.filter((other) => !isSame(other, image));

/** What two people marked: nothing is lost; of an image that both marked, mine stands. */
export const both = (mine: readonly KeyImage[], theirs: readonly KeyImage[]): KeyImage[] =>
  [
    ...theirs.map((image) => mine.find((other) => isSame(other, image)) ?? image),
    ...mine.filter((image) => !theirs.some((other) => isSame(other, image))),
  ].slice(0, MOST);

/** As the viewer wants it. */
export const whole = (image: KeyImage): SeenImage => ({
  study_instance_uid: image.study_instance_uid,
  series_instance_uid: image.series_instance_uid,
  sop_instance_uid: image.sop_instance_uid,
  frame: frameOf(image),
  window: image.window ?? null,
});

/** WADO-RS, a rendered frame (PS3.18 section 10.4.1.1.3) with the window it was seen with. */
export function pictureOf(image: KeyImage): string {
  const root =
    `/dicomweb/studies/${image.study_instance_uid}/series/${image.series_instance_uid}` +
    `/instances/${image.sop_instance_uid}/frames/${String(frameOf(image))}/rendered`;
  const query = [`viewport=${String(PICTURE_PX)},${String(PICTURE_PX)}`];
  if (image.window) {
    const { center, width } = image.window;
    query.push(`window=${String(center)},${String(width)},${width < 1 ? "linear-exact" : "linear"}`);
  }
  return `${root}?${query.join("&")}`;
}
