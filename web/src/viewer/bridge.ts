/**
 * What the shell and the image viewer say to each other (`postMessage`, same origin only).
 *
 * The viewer page and its plug-in speak the same words; every type starts with `archipel:`. Units are UCUM, frames
 * count from 1 (PS3.3 C.7.6.16), identifiers are UIDs. Anything else that arrives is not for us and is dropped.
 */

export interface Measurement {
  /** Tracking UID (0062,0021), or the viewer's own id. */
  id: string;
  label: string;
  value: number;
  unit: string;
  study_instance_uid: string;
  series_instance_uid: string;
  sop_instance_uid: string;
  frame: number;
}

export type FromViewer =
  | { type: "archipel:ready" }
  | { type: "archipel:measurement"; measurement: Measurement }
  | { type: "archipel:measurement-removed"; id: string }
  /** Shift+D on the images: put the last measurement into the report. */
  | { type: "archipel:insert"; id: string }
  /** A key the viewer does not use: the shell treats it as its own. */
  | { type: "archipel:key"; key: string; ctrlKey: boolean; shiftKey: boolean; altKey: boolean };

export type ToViewer =
  | {
      type: "archipel:jump";
      id: string;
      study_instance_uid: string;
      series_instance_uid: string;
      sop_instance_uid: string;
      frame: number;
    }
  | { type: "archipel:compare"; study_instance_uid: string | null }
  | { type: "archipel:focus" };

const UID = /^[0-9.]{1,64}$/;
const isText = (value: unknown, longest: number): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= longest;
const isUid = (value: unknown): value is string => typeof value === "string" && UID.test(value);

function measurementOf(raw: unknown): Measurement | null {
  if (typeof raw !== "object" || raw === null) return null;
  const { id, label, value, unit, frame = 1, ...uids } = raw as Record<string, unknown>;
  const { study_instance_uid, series_instance_uid, sop_instance_uid } = uids;
  if (!isText(id, 64) || typeof label !== "string" || typeof value !== "number" || !Number.isFinite(value))
    return null;
  if (typeof unit !== "string" || unit.length > 16 || !Number.isInteger(frame)) return null;
  if (!isUid(study_instance_uid) || !isUid(series_instance_uid) || !isUid(sop_instance_uid)) return null;
  return {
    id,
    label: label.slice(0, 200),
    value,
    unit,
    frame: frame as number,
    study_instance_uid,
    series_instance_uid,
    sop_instance_uid,
  };
}

/** Reads what arrived; null where it is not a message of the viewer, whole and well formed. */
export function heard(data: unknown): FromViewer | null {
  if (typeof data !== "object" || data === null) return null;
  const message = data as Record<string, unknown>;
  switch (message.type) {
    case "archipel:ready":
      return { type: "archipel:ready" };
    case "archipel:measurement": {
      const measurement = measurementOf(message.measurement);
      return measurement && { type: "archipel:measurement", measurement };
    }
    case "archipel:measurement-removed":
    case "archipel:insert":
      return isText(message.id, 64) ? { type: message.type, id: message.id } : null;
    case "archipel:key":
      return isText(message.key, 32)
        ? {
            type: "archipel:key",
            key: message.key,
            ctrlKey: message.ctrlKey === true,
            shiftKey: message.shiftKey === true,
            altKey: message.altKey === true,
          }
        : null;
    default:
      return null;
  }
}
