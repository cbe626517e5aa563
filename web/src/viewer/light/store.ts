/**
 * The frames of one series in memory: a coarse one of each as soon as the low resolutions came, full ones around what
 * is looked at, as many as the budget allows.
 */
import { Decoders } from "./decoders";
import type { DecodeTask } from "./decoding";
import type { FrameImage, SeriesImages } from "./describe";
import type { LowRecord } from "./lowres";
import { type Drawable, enlarged } from "./pixels";
import { given, nextFrame, type Quality, reach } from "./plan";
import { type FetchedFrame, frameOf, lowResolutions, photometricAfter, Refused } from "./source";

export interface Progress {
  coarse: number;
  full: number;
  failed: number;
  /** Frames that will be full if nobody scrolls: all of them, or as many as memory allows. */
  aim: number;
  total: number;
  /** The series keeps low resolutions; null until that is known. */
  isLayered: boolean | null;
  /** Why low resolutions that were there could not be shown. */
  lowTrouble: string | null;
}

interface StoreHooks {
  /** The frame at this index looks better, or failed. */
  changed: (index: number) => void;
  /** Nothing of this series can be decoded here. */
  broken: (trouble: Error) => void;
}

const AT_ONCE = 6; // connections a browser opens to one HTTP/1.1 server
const LOW_SKIPS = 2; // a quarter in each direction
const TRIES = 2;
const HOPELESS = 3; // frames that failed while none succeeded

export const budgetBytes = (): number => {
  const { deviceMemory = 8 } = navigator as Navigator & { deviceMemory?: number };
  return (deviceMemory <= 4 || matchMedia("(max-width: 640px)").matches ? 160 : 512) << 20;
};

export class FrameStore {
  private readonly decoders = new Decoders();
  private readonly stop = new AbortController();
  private readonly coarse = new Map<number, Drawable>();
  private readonly full = new Map<number, Drawable>();
  private readonly asked = new Set<number>();
  private readonly decoding = new Set<number>();
  private readonly tries = new Map<number, number>();
  private readonly most: number;
  private current: number;
  private layered: boolean | null = null;
  private lowTrouble: string | null = null;

  constructor(
    private readonly images: SeriesImages,
    private readonly hooks: StoreHooks,
    first: number,
    budget = budgetBytes(),
  ) {
    this.current = first;
    const form = images.frames[0]?.form;
    const frameBytes = form ? form.rows * form.columns * form.samples * 2 : 1;
    this.most = Math.max(3, Math.floor(budget / Math.max(1, frameBytes)));
  }

  get progress(): Progress {
    const failed = [...this.tries.values()].filter((count) => count >= TRIES).length;
    const total = this.images.frames.length;
    return {
      coarse: this.coarse.size,
      full: this.full.size,
      failed,
      aim: Math.min(total, this.most),
      total,
      isLayered: this.layered,
      lowTrouble: this.lowTrouble,
    };
  }

  start(root: string): void {
    const places = new Map(this.images.frames.map(({ name }, index) => [name, index]));
    this.fill();
    lowResolutions(root, this.stop.signal, (record) => void this.keepLow(places, record))
      .then((isLayered) => {
        this.layered = isLayered;
      })
      .catch((trouble: unknown) => {
        this.layered = false;
        this.withoutLow(trouble);
      })
      .finally(() => this.fill());
  }

  /** Tell what is looked at now: it and its neighbours come first. */
  look(index: number): void {
    this.current = index;
    this.fill();
  }

  quality(index: number): Quality {
    if (this.full.has(index)) return "full";
    if (this.coarse.has(index)) return "coarse";
    return (this.tries.get(index) ?? 0) >= TRIES ? "failed" : "none";
  }

  /** The best picture of a frame, at its full size; null while there is none. */
  best(index: number): Drawable | null {
    const whole = this.full.get(index);
    if (whole) return whole;
    const coarse = this.coarse.get(index);
    const form = this.images.frames[index]?.form;
    return coarse && form ? enlarged(coarse, form.rows, form.columns) : null;
  }

  close(): void {
    this.stop.abort();
    this.decoders.close();
  }

  private async keepLow(places: Map<string, number>, record: LowRecord): Promise<void> {
    const index = places.get(record.name);
    const image = index === undefined ? undefined : this.images.frames[index];
    if (index === undefined || image === undefined) return;
    const low: FetchedFrame = { coding: "htj2k", bytes: record.codestream, decoded: true };
    try {
      const drawable = await this.decode(index, image, low, LOW_SKIPS, 0);
      this.coarse.set(index, drawable);
      if (!this.full.has(index)) this.hooks.changed(index);
    } catch (trouble) {
      this.withoutLow(trouble);
    }
  }

  /** The full pictures come all the same; that the coarse ones do not is said. */
  private withoutLow(trouble: unknown): void {
    if (this.stop.signal.aborted) return;
    this.lowTrouble = String(trouble);
    this.hooks.changed(this.current);
  }

  private decode(index: number, image: FrameImage, frame: FetchedFrame, skip: number, after: number) {
    const isRaw = frame.coding === "native" && !frame.decoded;
    const settled = { photometric: photometricAfter(image), highBit: image.form.bitsStored - 1 };
    const task: DecodeTask = {
      coding: frame.coding,
      bytes: frame.bytes,
      form: isRaw || frame.coding === "jpeg" ? image.form : { ...image.form, ...settled },
      palette: image.palette,
      slope: image.slope,
      intercept: image.intercept,
      skip,
      decoded: frame.decoded,
    };
    return this.decoders.decode(task, () =>
      index === this.current ? -1 : after + Math.abs(index - this.current),
    );
  }

  /** Keep as many requests under way as is good for the picture looked at. */
  private fill(): void {
    if (this.stop.signal.aborted) return;
    // While the coarse layer comes, only the frame looked at competes with it.
    const atOnce = this.layered === null ? 1 : AT_ONCE;
    const range: [number, number] =
      this.layered === null
        ? [this.current, this.current]
        : reach(this.current, this.images.frames.length, this.most);
    while (this.asked.size < atOnce) {
      const index = nextFrame(this.current, range, (each) => this.isWanted(each));
      const image = index === null ? undefined : this.images.frames[index];
      if (index === null || image === undefined) break;
      this.asked.add(index);
      void this.fetch(index, image).finally(() => {
        this.asked.delete(index);
        this.fill();
      });
    }
  }

  private isWanted(index: number): boolean {
    const isUnderWay = this.asked.has(index) || this.decoding.has(index);
    return !this.full.has(index) && !isUnderWay && (this.tries.get(index) ?? 0) < TRIES;
  }

  private async fetch(index: number, image: FrameImage): Promise<void> {
    try {
      const frame = await frameOf(image, this.stop.signal);
      this.keep(index, await this.held(index, () => this.decode(index, image, frame, 0, 1)));
    } catch (trouble) {
      if (this.stop.signal.aborted) return;
      const isFinal = trouble instanceof Refused && trouble.status < 500;
      this.tries.set(index, isFinal ? TRIES : (this.tries.get(index) ?? 0) + 1);
      this.hooks.changed(index);
      const { failed, full } = this.progress;
      const isOnly = this.images.frames.length <= failed;
      if (full === 0 && (failed >= HOPELESS || isOnly))
        this.hooks.broken(trouble instanceof Error ? trouble : new Error(String(trouble)));
    }
  }

  /** Decode what came: its connection is free for another frame, and it is not asked for again meanwhile. */
  private async held<T>(index: number, work: () => Promise<T>): Promise<T> {
    this.decoding.add(index);
    this.asked.delete(index);
    this.fill();
    try {
      return await work();
    } finally {
      this.decoding.delete(index);
    }
  }

  private keep(index: number, drawable: Drawable): void {
    this.full.set(index, drawable);
    this.tries.delete(index);
    for (const far of given(this.current, this.full.keys(), this.most)) this.full.delete(far);
    this.hooks.changed(index);
  }
}
