/**
 * The live stream of a tab: one EventSource, its state, and who listens.
 *
 * EventSource reconnects by itself with Last-Event-ID; here the state is kept that the screens show: live, or stale
 * since a time when nothing was heard for ten seconds beyond the keep-alive.
 */

export type LiveState = "live" | "connecting" | "stale";

export interface LiveStatus {
  state: LiveState;
  /** When the line was last known good, ms of this seat's clock. */
  at: number;
}

export interface ListChange {
  exam: string;
  change: string;
}

export interface ClaimChange<Claim> {
  exam: string;
  claim: Claim | null;
}

type Listener = (data: unknown) => void;

const EVENTS = ["list", "request", "exam", "claim", "reset", "network"] as const;
export type LiveEvent = (typeof EVENTS)[number];
export const STALE_AFTER_MS = 10_000;

export class LiveStream {
  private source: EventSource | null = null;
  private status: LiveStatus = { state: "connecting", at: Date.now() };
  private readonly watchers = new Set<() => void>();
  private readonly listeners = new Map<LiveEvent, Set<Listener>>();
  private staleTimer: ReturnType<typeof setTimeout> | null = null;
  private retryTimer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly open: (url: string) => EventSource = (url) => new EventSource(url)) {}

  start(topics: readonly string[]): void {
    this.stop();
    const url = `/api/events?topics=${encodeURIComponent(topics.join(","))}`;
    const source = this.open(url);
    this.source = source;
    this.becomeStaleUnlessHeard();
    source.addEventListener("open", () => this.heard());
    source.addEventListener("error", () => {
      this.becomeStaleUnlessHeard();
      // A refused stream (proxy, restart) is closed for good by the browser: try again ourselves.
      if (source.readyState === EventSource.CLOSED) {
        this.retryTimer = setTimeout(() => this.start(topics), 3000);
      }
    });
    for (const event of EVENTS) {
      source.addEventListener(event, (message) => {
        this.heard();
        this.tell(event, (message as MessageEvent<string>).data);
      });
    }
  }

  stop(): void {
    this.source?.close();
    this.source = null;
    for (const timer of [this.staleTimer, this.retryTimer]) if (timer !== null) clearTimeout(timer);
    this.staleTimer = null;
    this.retryTimer = null;
    // A stream that is closed proves nothing any more.
    if (this.status.state === "live") this.become("connecting");
  }

  on(event: LiveEvent, listener: Listener): () => void {
    const held = this.listeners.get(event) ?? new Set();
    held.add(listener);
    this.listeners.set(event, held);
    return () => held.delete(listener);
  }

  subscribe = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  snapshot = (): LiveStatus => this.status;

  private heard(): void {
    const wasStale = this.status.state === "stale";
    if (this.staleTimer !== null) clearTimeout(this.staleTimer);
    this.staleTimer = null;
    this.become("live");
    // What changed while the line was down may be beyond what the node still remembers.
    if (wasStale) this.tell("reset", "null");
  }

  private becomeStaleUnlessHeard(): void {
    if (this.status.state === "live") this.become("connecting");
    if (this.staleTimer !== null) return;
    this.staleTimer = setTimeout(() => {
      this.staleTimer = null;
      this.status = { state: "stale", at: this.status.at };
      for (const watcher of this.watchers) watcher();
    }, STALE_AFTER_MS);
  }

  private become(state: LiveState): void {
    this.status = { state, at: state === "live" ? Date.now() : this.status.at };
    for (const watcher of this.watchers) watcher();
  }

  private tell(event: LiveEvent, text: string): void {
    const data: unknown = parsed(text);
    for (const listener of this.listeners.get(event) ?? []) listener(data);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The stream of one page that the node sends whole whenever it changed. */
export const watching = (path: string): LiveStream => new LiveStream(() => new EventSource(path));

/** The stream of this tab. */
export const live = new LiveStream();
