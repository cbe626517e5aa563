/**
 * Keys: screens register what their keys do; one listener runs them; help and palette read the same list.
 *
 * A stroke is written `j`, `Enter`, `Space`, `ctrl+k`, `shift+d`, or a sequence `g l`. Keys are matched by what they
 * print (`event.key`), because `/` and `?` sit elsewhere on an AZERTY board. Single keys rest while somebody types or
 * a dialog is open (WCAG 2.1.4); strokes with Ctrl, and F keys, do not rest while typing.
 */

export interface Binding {
  /** Stable name: the person's own key map is kept under it. */
  id: string;
  strokes: string[];
  label: string;
  run: () => void;
  /** In the help and the palette only under this heading; `global` ones are listed as "everywhere". */
  global?: boolean;
  /** Not offered in the palette (moving the selection makes no sense there). */
  quiet?: boolean;
  /** Runs even while a dialog is open. */
  always?: boolean;
}

export interface Stroke {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** The canonical writing of what was pressed. */
export function written(stroke: Stroke): string {
  const key = stroke.key === " " ? "Space" : stroke.key.length === 1 ? stroke.key.toLowerCase() : stroke.key;
  const parts: string[] = [];
  if (stroke.ctrlKey || stroke.metaKey) parts.push("ctrl");
  if (stroke.altKey) parts.push("alt");
  // Shift is part of how `?` is typed, so it only counts with letters and named keys.
  if (stroke.shiftKey && (key.length > 1 || /\p{L}/u.test(key))) parts.push("shift");
  return [...parts, key].join("+");
}

const SEQUENCE_MS = 1200;
const needsNoRest = (stroke: string): boolean => /^(ctrl|alt)\+|^F\d/.test(stroke);

/** Decides which binding a stroke runs. Holds the first half of a sequence for a moment. */
export class Keyboard {
  private held: { stroke: string; at: number } | null = null;

  press(
    stroke: Stroke,
    bindings: readonly Binding[],
    at: number,
    busy: { typing: boolean; dialog: boolean },
  ) {
    const now = written(stroke);
    const before =
      this.held !== null && at - this.held.at < SEQUENCE_MS ? `${this.held.stroke} ${now}` : null;
    this.held = null;
    if (busy.typing && !needsNoRest(now)) return null;
    const usable = busy.dialog ? bindings.filter((binding) => binding.always) : bindings;
    // The screen shown last wins over the frame around it.
    const latest = [...usable].reverse();
    const sequence = before === null ? undefined : latest.find((binding) => binding.strokes.includes(before));
    const found = sequence ?? latest.find((binding) => binding.strokes.includes(now));
    if (found) return found;
    if (latest.some((binding) => binding.strokes.some((written_) => written_.startsWith(`${now} `)))) {
      this.held = { stroke: now, at };
    }
    return null;
  }
}

/** A person's own keys over the default ones. */
export const remapped = (bindings: readonly Binding[], own: Readonly<Record<string, string>>): Binding[] =>
  bindings.map((binding) => {
    const stroke = own[binding.id];
    return stroke ? { ...binding, strokes: [stroke] } : binding;
  });
