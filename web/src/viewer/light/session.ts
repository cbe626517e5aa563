/** One series being looked at: its metadata, frames and stage put together, and a snapshot of them for the screen. */
import { describe, middleOf, type SeriesImages } from "./describe";
import type { Length } from "./measure";
import type { Quality } from "./plan";
import { presetsOf } from "./presets";
import { metadataOf } from "./source";
import type { Level, Stage } from "./stage";
import { FrameStore, type Progress } from "./store";
import type { Tool } from "./tools";

/** Why the node draws instead: said to the person. */
export type Simplified = "graphics" | "decoder" | "unreadable" | "form";

export interface View {
  phase: "opening" | "open" | "simplified";
  why: Simplified | null;
  /** What went wrong, in the words of the browser. */
  detail: string;
  series: SeriesImages | null;
  index: number;
  /** The frame that the canvas shows; another than `index` while that one is not there yet. */
  drawn: number;
  quality: Quality;
  progress: Progress | null;
  level: Level | null;
  inverted: boolean;
  tool: Tool;
  playing: boolean;
  lengths: Length[];
}

const OPENING: View = {
  phase: "opening",
  why: null,
  detail: "",
  series: null,
  index: 0,
  drawn: -1,
  quality: "none",
  progress: null,
  level: null,
  inverted: false,
  tool: "window",
  playing: false,
  lengths: [],
};
const STACK_FRAME_MS = 100;
const REPORT_MS = 120;

/** A point in the browser's own timeline, once an opening: what a person waits for can be measured. */
const mark = (name: string): void => {
  performance.mark(`archipel:light:${name}`);
};

export class Session {
  private view: View = OPENING;
  private readonly watchers = new Set<() => void>();
  private readonly stop = new AbortController();
  private readonly marked = new Set<string>();
  private store: FrameStore | null = null;
  private stage: Stage | null = null;
  private film: ReturnType<typeof setInterval> | null = null;
  private reporting: ReturnType<typeof setTimeout> | null = null;

  constructor(
    private readonly root: string,
    private readonly wordOf: (length: Length) => string,
    tool: Tool,
  ) {
    this.view = { ...OPENING, tool };
  }

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
  readonly now = (): View => this.view;

  async open(element: HTMLDivElement): Promise<void> {
    mark("open");
    // The engine's script comes while the node is asked what there is.
    const engine = import("./stage");
    engine.catch(() => undefined);
    let series: SeriesImages;
    try {
      series = describe(await metadataOf(this.root, this.stop.signal), this.root);
    } catch (trouble) {
      this.simplify("unreadable", trouble);
      return;
    }
    if (this.stop.signal.aborted) return;
    if (series.simplified !== "none") {
      this.simplify(series.simplified === "no-images" ? "unreadable" : "form", series.simplified);
      return;
    }
    const first = middleOf(series.frames.length);
    this.store = new FrameStore(
      series,
      { changed: (index) => this.changed(index), broken: (trouble) => this.simplify("decoder", trouble) },
      first,
    );
    this.set({ series, index: first, progress: this.store.progress });
    this.store.start(this.root);
    try {
      const { Stage: Opened } = await engine;
      if (this.stop.signal.aborted) return;
      this.stage = await Opened.open(element, series, first, {
        best: (index) => this.store?.best(index) ?? null,
        moved: (index) => this.moved(index),
        drawn: (index) => this.drawn(index),
        levelled: (level) => this.set({ level }),
        measured: (lengths) => this.set({ lengths }),
        lost: () => this.simplify("graphics", "the graphics context was lost"),
        wordOf: this.wordOf,
      });
      this.stage.use(this.view.tool);
      this.stage.improved(first);
      if (this.view.phase === "opening") this.set({ phase: "open" });
    } catch (trouble) {
      if (!this.stop.signal.aborted) this.simplify("graphics", trouble);
    }
    if (this.stop.signal.aborted) this.stage?.close();
  }

  go(index: number): void {
    const total = this.view.series?.frames.length ?? 0;
    this.stage?.go(Math.max(0, Math.min(total - 1, index)));
  }

  by(images: number): void {
    this.go(this.view.index + images);
  }

  use(tool: Tool): void {
    this.stage?.use(tool);
    this.set({ tool });
  }

  preset(at: number): void {
    const { series } = this.view;
    const image = series?.frames[this.view.index];
    if (!series || !image) return;
    const preset = presetsOf(series.modality, image.form.samples === 3)[at];
    if (!preset) return;
    const { center, width } = preset;
    const own = preset.name === "own" ? image.window : null;
    const level =
      center !== undefined && width !== undefined
        ? { center, width }
        : (own ?? this.stage?.wholeRange() ?? null);
    if (level) this.stage?.level(level);
  }

  invert(): void {
    const inverted = !this.view.inverted;
    const isInverse = this.view.series?.frames[this.view.index]?.inverse ?? false;
    this.stage?.invert(inverted !== isInverse);
    this.set({ inverted });
  }

  zoom(factor: number): void {
    this.stage?.zoom(factor);
  }

  reset(): void {
    this.stage?.reset();
    this.set({ inverted: false });
  }

  clearLengths(): void {
    this.stage?.clearLengths();
  }

  /** Play or pause. A frame that is not there yet is waited for: time stands still rather than frames be left out. */
  play(): void {
    if (this.film !== null) {
      clearInterval(this.film);
      this.film = null;
      this.set({ playing: false });
      return;
    }
    const total = this.view.series?.frames.length ?? 0;
    if (total < 2) return;
    const step = (): void => {
      const next = (this.view.index + 1) % total;
      const quality = this.store?.quality(next) ?? "none";
      if (quality === "none" || this.view.drawn !== this.view.index) this.store?.look(next);
      else this.go(next);
    };
    this.film = setInterval(step, this.view.series?.frameTimeMs ?? STACK_FRAME_MS);
    this.set({ playing: true });
  }

  close(): void {
    if (this.stop.signal.aborted) return;
    this.stop.abort();
    if (this.film !== null) clearInterval(this.film);
    if (this.reporting !== null) clearTimeout(this.reporting);
    this.store?.close();
    this.stage?.close();
    this.watchers.clear();
  }

  private set(change: Partial<View>): void {
    this.view = { ...this.view, ...change };
    for (const watcher of this.watchers) watcher();
  }

  private moved(index: number): void {
    this.store?.look(index);
    this.set({ index, quality: this.store?.quality(index) ?? "none" });
  }

  private drawn(index: number): void {
    const quality = this.store?.quality(index) ?? "none";
    this.once(quality === "full" ? "first-full" : "first-coarse");
    if (index === this.view.index) this.once("first-image");
    if (index !== this.view.drawn || quality !== this.view.quality)
      this.set({ drawn: index, quality: this.store?.quality(this.view.index) ?? "none" });
  }

  private changed(index: number): void {
    if (index === this.view.index) {
      this.stage?.improved(index);
      this.set({ quality: this.store?.quality(index) ?? "none" });
    }
    const progress = this.store?.progress;
    if (progress?.coarse === progress?.total) this.once("coarse-volume");
    if (progress?.full === progress?.total) this.once("full-volume");
    // Hundreds of frames arrive within seconds: the screen is told a few times a second.
    this.reporting ??= setTimeout(() => {
      this.reporting = null;
      if (this.store) this.set({ progress: this.store.progress });
    }, REPORT_MS);
  }

  private once(name: string): void {
    if (this.marked.has(name)) return;
    this.marked.add(name);
    mark(name);
  }

  private simplify(why: Simplified, trouble: unknown): void {
    if (this.stop.signal.aborted || this.view.phase === "simplified") return;
    this.set({ phase: "simplified", why, detail: String(trouble), playing: false });
    this.close();
  }
}
