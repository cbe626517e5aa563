/** A few workers that decode, and the line in front of them: what matters most now is decoded first. */
import type { DecodeAnswer, DecodeRequest, DecodeTask } from "./decoding";
import type { Drawable } from "./pixels";

interface Waiting {
  task: DecodeTask;
  /** Smaller is sooner; asked when a worker is free, not when the task came. */
  urgency: () => number;
  done: (drawable: Drawable) => void;
  failed: (trouble: Error) => void;
}

interface Seat {
  worker: Worker;
  busy: { id: number; waiting: Waiting } | null;
}

export const decodersOf = (cores: number): number => Math.max(1, Math.min(4, cores - 1));

export class Decoders {
  private readonly seats: Seat[];
  private waiting: Waiting[] = [];
  private last = 0;

  constructor(count = decodersOf(navigator.hardwareConcurrency || 2)) {
    this.seats = Array.from({ length: count }, () => this.seat());
  }

  decode(task: DecodeTask, urgency: () => number): Promise<Drawable> {
    return new Promise((done, failed) => {
      this.waiting.push({ task, urgency, done, failed });
      this.next();
    });
  }

  close(): void {
    for (const { worker } of this.seats) worker.terminate();
    this.waiting = [];
  }

  private seat(): Seat {
    const worker = new Worker(new URL("./decoder.worker.ts", import.meta.url), { type: "module" });
    const seat: Seat = { worker, busy: null };
    worker.onmessage = ({ data }: MessageEvent<DecodeAnswer>) => {
      const busy = seat.busy;
      if (busy?.id !== data.id) return;
      seat.busy = null;
      if ("drawable" in data) busy.waiting.done(data.drawable);
      else busy.waiting.failed(new Error(data.trouble));
      this.next();
    };
    worker.onerror = (event) => {
      // The script did not load or ended: nothing will come from this seat any more.
      event.preventDefault();
      this.seats.splice(this.seats.indexOf(seat), 1);
      const trouble = new Error(event.message || "a decoder did not start");
      seat.busy?.waiting.failed(trouble);
      if (this.seats.length === 0) for (const each of this.waiting.splice(0)) each.failed(trouble);
    };
    return seat;
  }

  private next(): void {
    for (const seat of this.seats) {
      if (seat.busy !== null || this.waiting.length === 0) continue;
      const soonest = this.waiting.reduce((best, each) => (each.urgency() < best.urgency() ? each : best));
      this.waiting.splice(this.waiting.indexOf(soonest), 1);
      this.last += 1;
      seat.busy = { id: this.last, waiting: soonest };
      const request: DecodeRequest = { id: this.last, task: soonest.task };
      seat.worker.postMessage(request, [soonest.task.bytes.buffer]);
    }
    if (this.seats.length === 0)
      for (const each of this.waiting.splice(0)) each.failed(new Error("no decoder is left"));
  }
}
