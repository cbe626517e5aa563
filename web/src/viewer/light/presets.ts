/** The windows that readers reach for, by modality; `whole` takes all the values of the image. */
export interface Preset {
  name: "own" | "whole" | "soft" | "lung" | "bone" | "mediastinum" | "liver" | "brain";
  center?: number;
  width?: number;
}

const CT: Preset[] = [
  { name: "soft", center: 40, width: 400 },
  { name: "lung", center: -600, width: 1500 },
  { name: "bone", center: 400, width: 1800 },
  { name: "mediastinum", center: 50, width: 350 },
  { name: "liver", center: 60, width: 160 },
  { name: "brain", center: 40, width: 80 },
];

/** `own` is what the images themselves say. Colour has no window. */
export const presetsOf = (modality: string, isColour: boolean): Preset[] =>
  isColour ? [] : [{ name: "own" }, ...(modality === "CT" ? CT : []), { name: "whole" }];
