/**
 * The low resolutions of a series, record by record as they arrive (`application/vnd.archipel.lowres`).
 *
 * A record is: u32 length of the name, u32 length of the codestream, the name in ASCII (SOP Instance UID, a slash,
 * the frame number), the codestream; numbers are little endian.
 */

export interface LowRecord {
  name: string;
  codestream: Uint8Array<ArrayBuffer>;
}

const HEAD_BYTES = 8;
const MAX_NAME_BYTES = 80; // a UID takes 64, a frame number 10
const MAX_CODESTREAM_BYTES = 64 << 20;

/** Cuts the bytes of an answer into records, however they were cut on their way. */
export class LowRecords {
  private held = new Uint8Array(0);

  /** The records that are whole with this piece. Raises `RangeError` on what is no such answer. */
  push(piece: Uint8Array): LowRecord[] {
    const bytes = new Uint8Array(this.held.length + piece.length);
    bytes.set(this.held);
    bytes.set(piece, this.held.length);
    const view = new DataView(bytes.buffer);
    const whole: LowRecord[] = [];
    let at = 0;
    while (bytes.length - at >= HEAD_BYTES) {
      const nameBytes = view.getUint32(at, true);
      const codeBytes = view.getUint32(at + 4, true);
      if (nameBytes > MAX_NAME_BYTES || codeBytes > MAX_CODESTREAM_BYTES)
        throw new RangeError("this is no answer of low resolutions");
      const end = at + HEAD_BYTES + nameBytes + codeBytes;
      if (end > bytes.length) break;
      const name = String.fromCharCode(...bytes.subarray(at + HEAD_BYTES, at + HEAD_BYTES + nameBytes));
      whole.push({ name, codestream: bytes.slice(at + HEAD_BYTES + nameBytes, end) });
      at = end;
    }
    this.held = bytes.slice(at);
    return whole;
  }

  /** Whether the answer ended inside a record. */
  get unfinished(): boolean {
    return this.held.length > 0;
  }
}
