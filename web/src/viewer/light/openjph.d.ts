/** The part of OpenJPH's JavaScript face that is used here; the package brings no types. */
declare module "@cornerstonejs/codec-openjph" {
  export interface HTJ2KDecoder {
    getEncodedBuffer(bytes: number): Uint8Array;
    getDecodedBuffer(): Uint8Array<ArrayBuffer>;
    readHeader(): void;
    decodeSubResolution(level: number): void;
    calculateSizeAtDecompositionLevel(level: number): { width: number; height: number };
    getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
    getNumDecompositions(): number;
    getIsHeaderValid(): boolean;
    getLastErrorMessage(): string;
  }
  export interface OpenJph {
    HTJ2KDecoder: new () => HTJ2KDecoder;
  }
  const open: (settings: { locateFile: (name: string) => string }) => Promise<OpenJph>;
  export default open;
}
