/** Decodes frames beside the page: HTJ2K by OpenJPH's WebAssembly, JPEG by the browser, native samples by ourselves. */
import type { DecodeAnswer, DecodeRequest, DecodeTask } from "./decoding";
import type { Palette, PixelForm } from "./describe";
import { drawable } from "./drawable";
import type { Drawable } from "./pixels";

// The page asks for the types of a document; these few are all that a worker needs of its own.
const worker = self as unknown as {
  onmessage: ((event: MessageEvent<DecodeRequest>) => void) | null;
  postMessage: (message: DecodeAnswer, transfer?: Transferable[]) => void;
};

async function byBrowser(bytes: Uint8Array<ArrayBuffer>, form: PixelForm): Promise<Uint8Array> {
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }), {
    colorSpaceConversion: "none",
  });
  if (picture.width !== form.columns || picture.height !== form.rows)
    throw new RangeError("the JPEG has another size than described");
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d", {
    willReadFrequently: true,
  });
  if (!context) throw new RangeError("no canvas to decode JPEG on");
  context.drawImage(picture, 0, 0);
  picture.close();
  const rgba = context.getImageData(0, 0, form.columns, form.rows).data;
  const samples = new Uint8Array(form.rows * form.columns * form.samples);
  for (let pixel = 0; pixel < form.rows * form.columns; pixel += 1)
    for (let c = 0; c < form.samples; c += 1) samples[pixel * form.samples + c] = rgba[pixel * 4 + c] ?? 0;
  return samples;
}

async function decode(task: DecodeTask): Promise<Drawable> {
  const { form, coding } = task;
  const how: { slope: number; intercept: number; palette: Palette | null } = task;
  if (coding === "htj2k") {
    const { htj2k } = await import("./htj2k");
    const { bytes, ...size } = await htj2k(task.bytes, form, task.skip);
    return drawable(bytes, { ...form, ...size }, how, true);
  }
  if (coding === "jpeg") {
    const bytes = await byBrowser(task.bytes, form);
    const photometric = form.samples === 3 ? "RGB" : form.photometric;
    return drawable(bytes, { ...form, photometric }, how, true);
  }
  return drawable(task.bytes, form, how, task.decoded);
}

worker.onmessage = ({ data: { id, task } }) => {
  decode(task).then(
    (done) => worker.postMessage({ id, drawable: done }, [done.values.buffer as ArrayBuffer]),
    (trouble: unknown) => worker.postMessage({ id, trouble: String(trouble) }),
  );
};
