/**
 * The picture and what one does with it: cornerstone3D on one element.
 *
 * Images reach the viewport through its images loader, whose listener may be given a better picture of the same image
 * at any time: the coarse one first, the full one when it is there.
 */
import {
  Enums,
  eventTarget,
  init as initCore,
  metaData,
  RenderingEngine,
  type Types,
  utilities,
} from "@cornerstonejs/core";
import type { FrameImage, SeriesImages } from "./describe";
import type { Length } from "./measure";
import { type Drawable, extremes } from "./pixels";
import { Instruments, type Tool } from "./tools";

/** A window of values, as one sets it: what is black below, white above. */
export interface Level {
  center: number;
  width: number;
}

export interface StageHooks {
  /** The best picture of a frame now; null while there is none. */
  best: (index: number) => Drawable | null;
  /** Somebody moved to this frame, by wheel, drag or touch. */
  moved: (index: number) => void;
  /** The canvas shows this frame now. */
  drawn: (index: number) => void;
  levelled: (level: Level) => void;
  measured: (lengths: Length[]) => void;
  lost: () => void;
  wordOf: (length: Length) => string;
}

interface Known {
  image: FrameImage;
  series: SeriesImages;
  index: number;
  stage: Stage;
}

const VIEWPORT = "light";
const SCHEME = "archipel:";
const known = new Map<string, Known>();

const identity = { row: [1, 0, 0], column: [0, 1, 0] };

/** What cornerstone asks about an image (its metadata modules). */
function provide(type: string, ...queries: unknown[]): unknown {
  const imageId = queries[0];
  const found = typeof imageId === "string" ? known.get(imageId) : undefined;
  if (!found) return undefined;
  const { image, series } = found;
  const { form } = image;
  switch (type) {
    case Enums.MetadataModules.IMAGE_PLANE:
      return {
        frameOfReferenceUID: series.frameOfReference || "unknown",
        rows: form.rows,
        columns: form.columns,
        imageOrientationPatient: image.orientation ?? [...identity.row, ...identity.column],
        rowCosines: image.orientation?.slice(0, 3) ?? identity.row,
        columnCosines: image.orientation?.slice(3) ?? identity.column,
        imagePositionPatient: image.position ?? [0, 0, 0],
        rowPixelSpacing: image.spacingMm?.[0] ?? 1,
        columnPixelSpacing: image.spacingMm?.[1] ?? 1,
        usingDefaultValues: image.spacingMm === null,
      };
    case Enums.MetadataModules.IMAGE_PIXEL:
      return { ...form, samplesPerPixel: form.samples, photometricInterpretation: photometricOf(image) };
    case Enums.MetadataModules.GENERAL_SERIES:
      return { modality: series.modality };
    case "imageRetrieveConfiguration":
      return { create: () => loader };
    default:
      return undefined;
  }
}

const isColour = (image: FrameImage): boolean =>
  image.form.samples === 3 || image.form.photometric === "PALETTE COLOR";
const photometricOf = (image: FrameImage): string =>
  isColour(image) ? "RGB" : image.inverse ? "MONOCHROME1" : "MONOCHROME2";

/** A viewport of images: it may be told of a better picture whenever there is one. */
interface Listener {
  successCallback: (imageId: string, image: Types.IImage) => void;
}

const loader = {
  loadImages: (imageIds: string[], listener: Listener) => {
    for (const imageId of imageIds) {
      const found = known.get(imageId);
      const best = found?.stage.hooks.best(found.index);
      if (found && best) listener.successCallback(imageId, cornerstoneImage(imageId, found.image, best));
    }
    return Promise.resolve([]);
  },
};

/** The window of an image: its own, or all its values. */
function levelOf(image: FrameImage, drawable: Drawable): Level {
  if (isColour(image)) return { center: 128, width: 256 };
  if (image.window) return image.window;
  const [low, high] = extremes(drawable.values);
  return { center: (low + high + 1) / 2, width: Math.max(1, high - low + 1) };
}

function cornerstoneImage(imageId: string, image: FrameImage, drawable: Drawable): Types.IImage {
  const { values, rows, columns, components } = drawable;
  const level = levelOf(image, drawable);
  const voxelManager = utilities.VoxelManager.createImageVoxelManager({
    width: columns,
    height: rows,
    scalarData: values,
    numberOfComponents: components,
  });
  return {
    imageId,
    minPixelValue: drawable.low,
    maxPixelValue: drawable.high,
    slope: 1,
    intercept: 0,
    windowCenter: level.center,
    windowWidth: level.width,
    voiLUTFunction: Enums.VOILUTFunctionType.LINEAR,
    getPixelData: () => values,
    rows,
    columns,
    height: rows,
    width: columns,
    color: components === 3,
    rgba: false,
    numberOfComponents: components,
    rowPixelSpacing: image.spacingMm?.[0] ?? 1,
    columnPixelSpacing: image.spacingMm?.[1] ?? 1,
    invert: image.inverse,
    photometricInterpretation: photometricOf(image),
    sizeInBytes: values.byteLength,
    voxelManager,
    preScale: { enabled: true, scaled: true, scalingParameters: { rescaleSlope: 1, rescaleIntercept: 0 } },
    dataType: values.constructor.name,
  } as unknown as Types.IImage; // cornerstone's own loaders fill no more than this either
}

let opened: Promise<void> | null = null;

const canDraw = (): boolean => document.createElement("canvas").getContext("webgl2") !== null;

async function openEngine(): Promise<void> {
  if (!canDraw()) throw new NoGraphics();
  await initCore({ rendering: { webGlContextCount: 1 } } as Parameters<typeof initCore>[0]);
  Instruments.open();
  metaData.addProvider(provide, 10_000);
}

/** This browser draws nothing in three dimensions: no WebGL 2. */
export class NoGraphics extends Error {}

export class Stage {
  private readonly ids: string[];
  private readonly engine: RenderingEngine;
  private readonly viewport: Types.IStackViewport & Listener;
  private readonly instruments: Instruments;
  private readonly size: ResizeObserver;
  private shown = -1;

  /** Draws the series on `element`, beginning with the frame `first`. Raises `NoGraphics`. */
  static async open(element: HTMLDivElement, series: SeriesImages, first: number, hooks: StageHooks) {
    opened ??= openEngine();
    try {
      await opened;
    } catch (trouble) {
      opened = null;
      throw trouble;
    }
    const stage = new Stage(element, series, hooks);
    await stage.viewport.setStack(stage.ids, first);
    return stage;
  }

  private constructor(
    private readonly element: HTMLDivElement,
    private readonly series: SeriesImages,
    readonly hooks: StageHooks,
  ) {
    this.ids = series.frames.map(({ url }) => SCHEME + url);
    series.frames.forEach((image, index) => {
      known.set(SCHEME + image.url, { image, series, index, stage: this });
    });
    this.engine = new RenderingEngine(`light-${crypto.randomUUID()}`);
    this.engine.enableElement({ viewportId: VIEWPORT, type: Enums.ViewportType.STACK, element });
    this.viewport = this.engine.getViewport(VIEWPORT) as Types.IStackViewport & Listener;
    this.instruments = new Instruments(this.engine.id, VIEWPORT, element, {
      imageAt: (imageId) => known.get(imageId)?.image,
      indexOf: (point) => {
        const at = this.viewport.getImageData()?.imageData.worldToIndex?.(point);
        return at ? [at[0] ?? 0, at[1] ?? 0] : null;
      },
      wordOf: hooks.wordOf,
      measured: hooks.measured,
    });
    element.addEventListener(Enums.Events.PRE_STACK_NEW_IMAGE, this.onMoved);
    element.addEventListener(Enums.Events.STACK_NEW_IMAGE, this.onImage);
    element.addEventListener(Enums.Events.IMAGE_RENDERED, this.onDrawn);
    element.addEventListener(Enums.Events.VOI_MODIFIED, this.onLevel);
    eventTarget.addEventListener(Enums.Events.WEBGL_CONTEXT_LOST, this.onLost);
    this.size = new ResizeObserver(() => {
      if (element.clientWidth > 1 && element.clientHeight > 1) this.engine.resize(true, true);
    });
    this.size.observe(element);
  }

  /** A better picture of this frame came. */
  improved(index: number): void {
    if (index !== this.viewport.getCurrentImageIdIndex()) return;
    const image = this.series.frames[index];
    const best = this.hooks.best(index);
    const id = this.ids[index];
    if (image && best && id) this.viewport.successCallback(id, cornerstoneImage(id, image, best));
  }

  go(index: number): void {
    void this.viewport.setImageIdIndex(Math.max(0, Math.min(this.ids.length - 1, index)));
  }

  use(tool: Tool): void {
    this.instruments.use(tool);
  }

  level({ center, width }: Level): void {
    // the linear function of PS3.3 C.11.2.1.2
    const lower = center - 0.5 - (width - 1) / 2;
    this.viewport.setProperties({ voiRange: { lower, upper: lower + Math.max(1, width - 1) } });
    this.viewport.render();
  }

  /** The window that takes all the values of the frame looked at. */
  wholeRange(): Level | null {
    const index = this.viewport.getCurrentImageIdIndex();
    const best = this.hooks.best(index);
    return best ? { center: (best.low + best.high + 1) / 2, width: best.high - best.low + 1 } : null;
  }

  invert(on: boolean): void {
    this.viewport.setProperties({ invert: on });
    this.viewport.render();
  }

  zoom(factor: number): void {
    this.viewport.setZoom(this.viewport.getZoom() * factor);
    this.viewport.render();
  }

  reset(): void {
    this.viewport.resetProperties();
    this.viewport.resetCamera();
    this.viewport.render();
  }

  clearLengths(): void {
    this.instruments.clear();
    this.viewport.render();
  }

  close(): void {
    if (this.engine.hasBeenDestroyed) return;
    eventTarget.removeEventListener(Enums.Events.WEBGL_CONTEXT_LOST, this.onLost);
    const { element } = this;
    element.removeEventListener(Enums.Events.PRE_STACK_NEW_IMAGE, this.onMoved);
    element.removeEventListener(Enums.Events.STACK_NEW_IMAGE, this.onImage);
    element.removeEventListener(Enums.Events.IMAGE_RENDERED, this.onDrawn);
    element.removeEventListener(Enums.Events.VOI_MODIFIED, this.onLevel);
    this.size.disconnect();
    this.instruments.close();
    this.engine.destroy();
    for (const id of this.ids) known.delete(id);
  }

  private readonly onMoved = (event: Event): void => {
    this.hooks.moved((event as CustomEvent<{ imageIdIndex: number }>).detail.imageIdIndex);
  };
  private readonly onImage = (event: Event): void => {
    // Between pixels, values are blended: no blocks on a screen finer than the image.
    if (this.shown < 0)
      this.viewport.setProperties({ interpolationType: Enums.InterpolationType.LINEAR }, true);
    this.shown = (event as CustomEvent<{ imageIdIndex: number }>).detail.imageIdIndex;
  };
  private readonly onDrawn = (): void => {
    if (this.shown >= 0) this.hooks.drawn(this.shown);
  };
  private readonly onLevel = (event: Event): void => {
    const { range } = (event as CustomEvent<{ range?: { lower: number; upper: number } }>).detail;
    if (range) {
      const width = range.upper - range.lower + 1;
      this.hooks.levelled({ center: range.lower + width / 2, width });
    }
  };
  private readonly onLost = (event: Event): void => {
    const { detail } = event as CustomEvent<{ renderingEngineId: string }>;
    if (detail.renderingEngineId === this.engine.id) this.hooks.lost();
  };
}
