/** A decoded frame as what is drawn: gray values after the rescale, or colour. */
import type { Palette, PixelForm } from "./describe";
import { colours, type Drawable, extremes, nativeSamples, rescaled, throughPalette } from "./pixels";

interface How {
  slope: number;
  intercept: number;
  palette: Palette | null;
}

export function drawable(bytes: Uint8Array, form: PixelForm, how: How, decoded: boolean): Drawable {
  const size = { rows: form.rows, columns: form.columns };
  if (form.samples === 3)
    return { values: own(colours(bytes, form, decoded), bytes), ...size, components: 3, low: 0, high: 255 };
  const samples = nativeSamples(bytes, form);
  if (form.photometric === "PALETTE COLOR" && how.palette)
    return { values: throughPalette(samples, how.palette), ...size, components: 3, low: 0, high: 255 };
  const values = rescaled(samples, how.slope, how.intercept);
  const [low, high] = extremes(values);
  return { values: own(values, bytes), ...size, components: 1, low, high };
}

/** The values in a buffer of their own: what they were read from may hold more, or be the decoder's memory. */
function own<T extends Drawable["values"]>(values: T, from: Uint8Array): T {
  const isView = values.buffer === from.buffer && values.byteLength !== values.buffer.byteLength;
  return isView ? (values.slice() as T) : values;
}
