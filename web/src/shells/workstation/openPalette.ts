/** Opens the palette; its code comes at the first Ctrl K. */

type Watcher = () => void;
const watchers = new Set<Watcher>();
let asked = 0;

export function openPalette(): void {
  asked += 1;
  for (const watcher of watchers) watcher();
}

/** How often it was asked for: 0 until the first time. */
export const timesAsked = (): number => asked;

export function onPaletteAsked(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
