/**
 * Whether the node is reached: what the browser believes of its network, put to the test.
 *
 * A browser with no network but its own machine believes that it is offline (HTML, navigator.onLine), though the node
 * may be on that machine. So while it believes so the node is asked, and only its silence counts.
 */
const ASK_MS = 2000;

let answers = true;
let asking: ReturnType<typeof setInterval> | null = null;
const watchers = new Set<() => void>();

function learn(now: boolean): void {
  if (now === answers) return;
  answers = now;
  for (const watcher of watchers) watcher();
}

async function ask(): Promise<void> {
  const answered = await fetch("/health", { cache: "no-store", signal: AbortSignal.timeout(ASK_MS) }).then(
    () => true,
    () => false,
  );
  learn(answered || navigator.onLine);
}

function believe(): void {
  if (asking !== null) clearInterval(asking);
  asking = null;
  if (navigator.onLine) {
    learn(true);
    return;
  }
  asking = setInterval(() => void ask(), ASK_MS);
  void ask();
}

addEventListener("online", believe);
addEventListener("offline", believe);
believe();

export const isReached = (): boolean => answers;

/** Calls `watcher` when it changes. Returns how to stop. */
export function onReached(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}
