/** HTJ2K (ISO/IEC 15444-15) by OpenJPH in WebAssembly; a codestream may end behind any resolution. */
import open, { type HTJ2KDecoder, type OpenJph } from "@cornerstonejs/codec-openjph";
import wasm from "@cornerstonejs/codec-openjph/wasm?url";
import type { PixelForm } from "./describe";

let opened: Promise<OpenJph> | null = null;
let decoder: HTJ2KDecoder | null = null;

/** Samples of one frame, colour by pixel, little endian. Raises `RangeError` for what is no such frame. */
export async function htj2k(codestream: Uint8Array, form: PixelForm, skip: number) {
  opened ??= open({ locateFile: () => wasm });
  const jph = await opened;
  decoder ??= new jph.HTJ2KDecoder();
  decoder.getEncodedBuffer(codestream.length).set(codestream);
  decoder.readHeader();
  const about = decoder.getFrameInfo();
  if (!decoder.getIsHeaderValid()) throw new RangeError("this is no HTJ2K codestream");
  if (about.width !== form.columns || about.height !== form.rows || about.componentCount !== form.samples)
    throw new RangeError("the codestream has another size than described");
  const levels = Math.min(skip, decoder.getNumDecompositions());
  decoder.decodeSubResolution(levels);
  const trouble = decoder.getLastErrorMessage();
  if (trouble) throw new RangeError(trouble);
  const { width, height } = decoder.calculateSizeAtDecompositionLevel(levels);
  // A copy: the decoder's memory is used again by the next frame.
  const samples = decoder.getDecodedBuffer().slice();
  const bytesASample = about.bitsPerSample > 8 ? 2 : 1;
  if (samples.length !== width * height * form.samples * bytesASample)
    throw new RangeError("the codestream gave another size than it described");
  return { bytes: samples, rows: height, columns: width, bitsAllocated: bytesASample * 8 };
}
