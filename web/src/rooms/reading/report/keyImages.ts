/** The images that tell the result, in the order they were marked. Pure functions over the API's own form. */
import type { Schemas } from "@/api/client";
import type { SeenImage } from "@/viewer/bridge";

export type KeyImage = Schemas["KeyImage"];
export const MOST = 64;

const PICTURE_PX = 160;
const frameOf = (image: KeyImage): number => image.frame ?? 1;

export const isSame = (one: KeyImage, two: KeyImage): boolean =>
  one.sop_instance_uid === two.sop_instance_uid && frameOf(one) === frameOf(two);

/** The image at the end; one that is there already keeps its place and takes the new window. */
export const withImage = (images: readonly KeyImage[], image: KeyImage): KeyImage[] =>
  images.some((other) => isSame(other, image))
    ? images.map((other) => (isSame(other, image) ? image : other))
    : [...images, image];

export const withoutImage = (images: readonly KeyImage[], image: KeyImage): KeyImage[] =>
  images.filter((other) => !isSame(other, image));

/** What two people marked: nothing is lost. */
export const both = (mine: readonly KeyImage[], theirs: readonly KeyImage[]): KeyImage[] =>
  mine.reduce((kept: KeyImage[], image) => withImage(kept, image), [...theirs]).slice(0, MOST);

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
