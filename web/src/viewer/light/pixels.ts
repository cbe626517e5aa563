/**
 * From the bytes of a frame to the values that are drawn (PS3.3 C.7.6.3, C.7.9, C.11.1).
 *
 * Gray becomes values after the modality rescale (Hounsfield units, Bq/ml ...), colour becomes red, green, blue.
 */
import type { Palette, PixelForm } from "./describe";

export type Samples = Uint8Array | Int8Array | Uint16Array | Int16Array;
export type Values = Uint8Array | Uint16Array | Int16Array | Float32Array;

export interface Drawable {
  values: Values;
  rows: number;
  columns: number;
  /** 1 for gray, 3 for colour. */
  components: 1 | 3;
  low: number;
  high: number;
}

/** Native little endian samples of a frame: bits beyond Bits Stored are gone, signs are extended. */
export function nativeSamples(bytes: Uint8Array, form: PixelForm): Samples {
  const count = form.rows * form.columns * form.samples;
  const width = form.bitsAllocated / 8;
  if (bytes.byteLength < count * width) throw new RangeError("the frame is shorter than described");
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice();
  if (width === 1) {
    const raw = new Uint8Array(aligned.buffer, aligned.byteOffset, count);
    return form.signed ? new Int8Array(raw.buffer, raw.byteOffset, count) : raw;
  }
  const raw = new Uint16Array(aligned.buffer, aligned.byteOffset, count);
  return settle(raw, form, form.highBit + 1 - form.bitsStored);
}

/** Give 16-bit samples their bits and sign; `shift` counts the bits below the lowest stored one. */
function settle(raw: Uint16Array, form: PixelForm, shift: number): Samples {
  const spare = 16 - form.bitsStored;
  if (form.signed) {
    const signed = new Int16Array(raw.buffer, raw.byteOffset, raw.length);
    if (spare === 0) return signed;
    return signed.map((value) => ((value >> shift) << (16 + spare)) >> (16 + spare));
  }
  if (spare === 0) return raw;
  const mask = (1 << form.bitsStored) - 1;
  return raw.map((value) => (value >> shift) & mask);
}

/** YBR_FULL_422: Y Y Cb Cr for each two pixels of a row. */
function upsampled422(bytes: Uint8Array, count: number): Uint8Array {
  if (bytes.length < count * 2) throw new RangeError("the frame is shorter than described");
  const full = new Uint8Array(count * 3);
  for (let pixel = 0, at = 0; pixel < count; pixel += 2, at += 4) {
    for (let side = 0; side < 2; side += 1) {
      full[(pixel + side) * 3] = bytes[at + side] ?? 0;
      full[(pixel + side) * 3 + 1] = bytes[at + 2] ?? 0;
      full[(pixel + side) * 3 + 2] = bytes[at + 3] ?? 0;
    }
  }
  return full;
}

/** Colour samples as red, green, blue of each pixel. `decoded`: the node took the frame out of its encoding. */
export function colours(bytes: Uint8Array, form: PixelForm, decoded: boolean): Uint8Array {
  const count = form.rows * form.columns;
  const is422 = form.photometric === "YBR_FULL_422" && !decoded;
  let samples = is422 ? upsampled422(bytes, count) : bytes;
  if (samples.length < count * 3) throw new RangeError("the frame is shorter than described");
  if (form.planar && !decoded && !is422) {
    const mixed = new Uint8Array(count * 3);
    for (let plane = 0; plane < 3; plane += 1)
      for (let at = 0; at < count; at += 1) mixed[at * 3 + plane] = samples[plane * count + at] ?? 0;
    samples = mixed;
  }
  return form.photometric.startsWith("YBR_FULL") ? fromYbr(samples, count) : samples.slice(0, count * 3);
}

/** YBR_FULL to RGB (PS3.3 C.7.6.3.1.2). */
function fromYbr(samples: Uint8Array, count: number): Uint8Array {
  const rgb = new Uint8ClampedArray(count * 3);
  for (let at = 0; at < count * 3; at += 3) {
    const y = samples[at] ?? 0;
    const cb = (samples[at + 1] ?? 0) - 128;
    const cr = (samples[at + 2] ?? 0) - 128;
    rgb[at] = y + 1.402 * cr;
    rgb[at + 1] = y - 0.344136 * cb - 0.714136 * cr;
    rgb[at + 2] = y + 1.772 * cb;
  }
  return new Uint8Array(rgb.buffer);
}

export function throughPalette(samples: ArrayLike<number>, palette: Palette): Uint8Array {
  const rgb = new Uint8Array(samples.length * 3);
  const last = palette.red.length - 1;
  for (let at = 0; at < samples.length; at += 1) {
    const entry = Math.min(last, Math.max(0, (samples[at] ?? 0) - palette.first));
    rgb[at * 3] = palette.red[entry] ?? 0;
    rgb[at * 3 + 1] = palette.green[entry] ?? 0;
    rgb[at * 3 + 2] = palette.blue[entry] ?? 0;
  }
  return rgb;
}

/** Values after the modality rescale, in the narrowest array that holds them exactly. */
export function rescaled(samples: Samples, slope: number, intercept: number): Values {
  const [low, high] = extremes(samples);
  const a = low * slope + intercept;
  const b = high * slope + intercept;
  const isWhole = Number.isInteger(slope) && Number.isInteger(intercept);
  const [least, most] = a < b ? [a, b] : [b, a];
  if (isWhole && slope === 1 && intercept === 0 && !(samples instanceof Int8Array)) return samples;
  if (isWhole && least >= -32_768 && most <= 32_767)
    return Int16Array.from(samples, (value) => value * slope + intercept);
  return Float32Array.from(samples, (value) => value * slope + intercept);
}

export function extremes(values: ArrayLike<number>): [number, number] {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return values.length > 0 ? [low, high] : [0, 0];
}

/**
 * A low resolution brought to the size of the whole: sample `k` of a wavelet's low band stands where sample
 * `k * scale` of the image stands, so the picture does not move when the full one takes its place.
 */
export function enlarged(coarse: Drawable, rows: number, columns: number): Drawable {
  const { values, components } = coarse;
  const scale = 2 ** Math.max(0, Math.round(Math.log2(columns / coarse.columns)));
  const larger = new (values.constructor as new (length: number) => Values)(rows * columns * components);
  const right = Int32Array.from({ length: columns }, (_, x) =>
    Math.min(coarse.columns - 1, Math.floor(x / scale)),
  );
  for (let y = 0; y < rows; y += 1) {
    const above = Math.min(coarse.rows - 1, Math.floor(y / scale));
    const below = Math.min(coarse.rows - 1, above + 1);
    const down = (y % scale) / scale;
    for (let x = 0; x < columns; x += 1) {
      const left = right[x] ?? 0;
      const next = Math.min(coarse.columns - 1, left + 1);
      const along = (x % scale) / scale;
      for (let c = 0; c < components; c += 1) {
        const at = (row: number, column: number): number =>
          values[(row * coarse.columns + column) * components + c] ?? 0;
        const top = at(above, left) * (1 - along) + at(above, next) * along;
        const bottom = at(below, left) * (1 - along) + at(below, next) * along;
        larger[(y * columns + x) * components + c] = top * (1 - down) + bottom * down;
      }
    }
  }
  return { ...coarse, values: larger, rows, columns };
}
