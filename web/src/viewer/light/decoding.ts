/** What is asked of a decoder, and what it answers. Shared by the page and its workers. */
import type { Palette, PixelForm } from "./describe";
import type { Drawable } from "./pixels";

/** `htj2k`: ended behind `skip` resolutions, or whole. `jpeg`: the browser's own decoder. `native`: samples. */
export type Coding = "htj2k" | "jpeg" | "native";

export interface DecodeTask {
  coding: Coding;
  bytes: Uint8Array<ArrayBuffer>;
  form: PixelForm;
  palette: Palette | null;
  slope: number;
  intercept: number;
  /** How many resolutions are left out: 2 is a quarter in each direction. HTJ2K only. */
  skip: number;
  /** The node took the samples out of another encoding: colour comes by pixel. */
  decoded: boolean;
}

export interface DecodeRequest {
  id: number;
  task: DecodeTask;
}

export type DecodeAnswer = { id: number; drawable: Drawable } | { id: number; trouble: string };
