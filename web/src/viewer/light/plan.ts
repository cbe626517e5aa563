/** Which frame is fetched next, and which are kept: the nearest to what is looked at. */

export type Quality = "none" | "coarse" | "full" | "failed";

/** The frames worth having around `current` when `most` fit in memory: first and last index. */
export function reach(current: number, total: number, most: number): [number, number] {
  const kept = Math.max(1, Math.min(total, most));
  const from = Math.max(0, Math.min(total - kept, current - Math.floor(kept / 2)));
  return [from, from + kept - 1];
}

/** The nearest frame that nobody fetched yet; the one looked at first, then forwards before backwards. */
export function nextFrame(
  current: number,
  [from, to]: [number, number],
  isWanted: (index: number) => boolean,
): number | null {
  for (let away = 0; away <= Math.max(current - from, to - current); away += 1)
    for (const index of away === 0 ? [current] : [current + away, current - away])
      if (index >= from && index <= to && isWanted(index)) return index;
  return null;
}

/** The kept frames to give up so that at most `most` stay: the farthest from `current` first. */
export function given(current: number, kept: Iterable<number>, most: number): number[] {
  const byDistance = [...kept].sort((one, other) => Math.abs(one - current) - Math.abs(other - current));
  return byDistance.slice(Math.max(1, most));
}
