/**
 * What the shell and the image viewer say to each other (`postMessage`, same origin only).
 *
 * The other end is `web/ohif/plugins/archipel-extension.js`. Up: `archipel:ready`, `archipel:measurement` (put it into
 * the report), `archipel:measurement-changed`, `archipel:measurement-removed`, `archipel:key-image` (mark it),
 * `archipel:no-key-image`, `archipel:key`. Down: `ToViewer`.
 * Frames count from 1 (PS3.3 C.7.6.16). Whatever arrives is read word by word; what is not for us is dropped.
 */

export interface Measurement {
  /** The viewer's id of the measurement. */
  id: string;
  label: string;
  value: number;
  /** As the viewer writes it, in UCUM where it is a length, an area or an angle. */
  unit: string;
  study_instance_uid: string;
  series_instance_uid: string;
  sop_instance_uid: string;
  frame: number;
}

/** An image in view, and the window it was seen with where that is the image's own unit. */
export interface SeenImage {
  study_instance_uid: string;
  series_instance_uid: string;
  sop_instance_uid: string;
  frame: number;
  window: { center: number; width: number } | null;
}

export type FromViewer =
  | { type: "archipel:ready" }
  /** `insert`: the reader asked for it in the report; otherwise it only is there, ready to insert. */
  | { type: "archipel:measurement"; measurement: Measurement; insert: boolean }
  | { type: "archipel:measurement-removed"; id: string }
  | { type: "archipel:key-image"; image: SeenImage }
  /** Asked to mark the view, but it shows no stored image (a reformatted plane, a volume). */
  | { type: "archipel:no-key-image" }
  /** A key the viewer leaves to the shell. */
  | { type: "archipel:key"; key: string; ctrlKey: boolean };

export type ToViewer =
  /** To a measurement, by the viewer's id; to where it was drawn, should the viewer not hold it (any more). */
  | { type: "archipel:jump"; uid: string; image: Omit<SeenImage, "window"> }
  | { type: "archipel:show"; image: SeenImage }
  /** Which prior stands beside the exam, and the words over its images; null: none. */
  | { type: "archipel:compare"; prior: { study: string; words: string } | null }
  | { type: "archipel:mark" };

const UID = /^[0-9.]{1,64}$/;
const isText = (value: unknown, longest: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= longest;
const isUid = (value: unknown): value is string => typeof value === "string" && UID.test(value);

/** `mm²` and `°` in the case-sensitive codes of UCUM. */
const UCUM: Record<string, string> = {
  "mm²": "mm2",
  "mm\u00b3": "mm3",
  "°": "deg",
  º: "deg",
  px: "1",
  HU: "[hnsf'U]",
};
const QUANTITY = /(-?\d+(?:[.,]\d+)?)\s*([^\s\d,;]{0,12})/;

/** The first quantity of what the viewer writes beside a measurement: `L: 17.2 mm W: 12.9 mm` gives 17.2 mm. */
export function quantityOf(text: string): { value: number; unit: string } | null {
  const [, digits, unit = ""] = QUANTITY.exec(text) ?? [];
  const value = Number(digits?.replace(",", "."));
  return digits === undefined || !Number.isFinite(value) ? null : { value, unit: UCUM[unit] ?? unit };
}

const frameOf = (frame: unknown): number =>
  typeof frame === "number" && Number.isInteger(frame) && frame > 0 ? frame : 1;

function measurementOf(raw: unknown): Measurement | null {
  if (typeof raw !== "object" || raw === null) return null;
  const { uid, label, text, study, series, instance, frame } = raw as Record<string, unknown>;
  const quantity = typeof text === "string" ? quantityOf(text) : null;
  if (!isText(uid, 64) || quantity === null || !isUid(study) || !isUid(series) || !isUid(instance))
    return null;
  return {
    id: uid,
    // The tool's own English name is no word for a report: without a label the value speaks alone.
    label: typeof label === "string" ? label.slice(0, 200) : "",
    ...quantity,
    study_instance_uid: study,
    series_instance_uid: series,
    sop_instance_uid: instance,
    frame: frameOf(frame),
  };
}

function imageOf(raw: unknown): SeenImage | null {
  if (typeof raw !== "object" || raw === null) return null;
  const { study, series, instance, frame, center, width } = raw as Record<string, unknown>;
  if (!isUid(study) || !isUid(series) || !isUid(instance)) return null;
  const isWindow = Number.isFinite(center) && Number.isFinite(width) && Number(width) > 0;
  return {
    study_instance_uid: study,
    series_instance_uid: series,
    sop_instance_uid: instance,
    frame: frameOf(frame),
    window: isWindow ? { center: Number(center), width: Number(width) } : null,
  };
}

/** Reads what arrived; null where it is not a message of the viewer, whole and well formed. */
export function heard(data: unknown): FromViewer | null {
  if (typeof data !== "object" || data === null) return null;
  const message = data as Record<string, unknown>;
  switch (message.type) {
    case "archipel:ready":
      return { type: "archipel:ready" };
    case "archipel:measurement":
    case "archipel:measurement-changed": {
      const measurement = measurementOf(message.measurement);
      const insert = message.type === "archipel:measurement";
      return measurement && { type: "archipel:measurement", measurement, insert };
    }
    case "archipel:measurement-removed":
      return isText(message.uid, 64) ? { type: "archipel:measurement-removed", id: message.uid } : null;
    case "archipel:key-image": {
      const image = imageOf(message.image);
      return image && { type: "archipel:key-image", image };
    }
    case "archipel:no-key-image":
      return { type: "archipel:no-key-image" };
    case "archipel:key":
      return isText(message.key, 32)
        ? { type: "archipel:key", key: message.key, ctrlKey: message.ctrl === true }
        : null;
    default:
      return null;
  }
}
