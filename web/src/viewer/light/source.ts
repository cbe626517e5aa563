/** What the viewer asks of the node: metadata, low resolutions and frames of one series (PS3.18 section 10.4). */
import type { Coding } from "./decoding";
import type { DicomJson, FrameImage } from "./describe";
import { type LowRecord, LowRecords } from "./lowres";

const NATIVE = new Set(["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"]);
const JPEG_BASELINE = "1.2.840.10008.1.2.4.50";

/** The node said that this may not be seen, is gone, or that nobody is signed in. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${String(status)}`);
  }
}

async function answered(url: string, accept: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(url, { headers: { accept }, signal, credentials: "same-origin" });
  if (!answer.ok) throw new Refused(answer.status);
  return answer;
}

export async function metadataOf(root: string, signal: AbortSignal): Promise<DicomJson[]> {
  const answer = await answered(`${root}/metadata`, "application/dicom+json", signal);
  return answer.status === 204 ? [] : ((await answer.json()) as DicomJson[]);
}

/** Reads the low resolutions as they come; false where the series keeps none. */
export async function lowResolutions(
  root: string,
  signal: AbortSignal,
  each: (record: LowRecord) => void,
): Promise<boolean> {
  let answer: Response;
  try {
    answer = await answered(`${root}/lowres`, "application/vnd.archipel.lowres", signal);
  } catch (trouble) {
    if (trouble instanceof Refused && trouble.status === 404) return false;
    throw trouble;
  }
  const records = new LowRecords();
  const reader = answer.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read())
    for (const record of records.push(read.value)) each(record);
  if (records.unfinished) throw new RangeError("the low resolutions were cut off");
  return true;
}

/** Whether the browser itself can decode the frames of an image without a doubt about their colour. */
export const isBrowsersJpeg = (image: Pick<FrameImage, "transferSyntax" | "form">): boolean =>
  image.transferSyntax === JPEG_BASELINE &&
  image.form.bitsStored === 8 &&
  (image.form.samples === 1 || image.form.photometric.startsWith("YBR")) &&
  typeof OffscreenCanvas !== "undefined";

/** HTJ2K as kept, JPEG where the browser can; the node decodes the rest. */
export const acceptOf = (image: Pick<FrameImage, "transferSyntax" | "form">): string =>
  ["image/jphc", ...(isBrowsersJpeg(image) ? ["image/jpeg"] : []), "application/octet-stream"].join(", ");

export interface FetchedFrame {
  coding: Coding;
  bytes: Uint8Array<ArrayBuffer>;
  /** The node decoded it: colour comes by pixel, and no longer as YBR_FULL_422 or in planes. */
  decoded: boolean;
}

export async function frameOf(image: FrameImage, signal: AbortSignal): Promise<FetchedFrame> {
  const answer = await answered(image.url, acceptOf(image), signal);
  const type = answer.headers.get("content-type") ?? "";
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (type.startsWith("image/jphc")) return { coding: "htj2k", bytes, decoded: true };
  if (type.startsWith("image/jpeg")) return { coding: "jpeg", bytes, decoded: true };
  if (type.startsWith("application/octet-stream"))
    return { coding: "native", bytes, decoded: !NATIVE.has(image.transferSyntax) };
  throw new RangeError(`frames of type ${type} are not read here`);
}

/** What colour the node leaves after decoding (as `imaging.frames.photometric_of` says). */
export function photometricAfter(image: Pick<FrameImage, "transferSyntax" | "form">): string {
  const { photometric, samples } = image.form;
  const wasTransformed =
    /^1\.2\.840\.10008\.1\.2\.4\.5[0-6]$/.test(image.transferSyntax) ||
    photometric === "YBR_RCT" ||
    photometric === "YBR_ICT";
  if (samples > 1 && wasTransformed) return "RGB";
  return photometric;
}
