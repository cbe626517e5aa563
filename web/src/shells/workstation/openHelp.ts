/** Opens the help on keys; its code comes the first time it is asked for. */

const watchers = new Set<() => void>();
let isOpen = false;

function set(open: boolean): void {
  isOpen = open;
  for (const watcher of watchers) watcher();
}

export const openHelp = (): void => set(true);
export const closeHelp = (): void => set(false);
export const isHelpOpen = (): boolean => isOpen;

export function onHelp(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
