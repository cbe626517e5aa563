/** What a mouse, a finger or two do on the picture: cornerstone's tools, bound once for desk and phone. */
import { eventTarget, type Types } from "@cornerstonejs/core";
import {
  addTool,
  annotation,
  Enums,
  init as initTools,
  LengthTool,
  PanTool,
  StackScrollTool,
  ToolGroupManager,
  WindowLevelTool,
  ZoomTool,
} from "@cornerstonejs/tools";
import type { FrameImage } from "./describe";
import { type ImagePoint, type Length, lengthOf } from "./measure";

export const TOOLS = ["window", "scroll", "pan", "zoom", "length"] as const;
export type Tool = (typeof TOOLS)[number];

const NAMES: Record<Tool, string> = {
  window: WindowLevelTool.toolName,
  scroll: StackScrollTool.toolName,
  pan: PanTool.toolName,
  zoom: ZoomTool.toolName,
  length: LengthTool.toolName,
};
const { MouseBindings } = Enums;

interface InstrumentHooks {
  imageAt: (imageId: string) => FrameImage | undefined;
  /** Column and row of a point of the world in the image on the screen. */
  indexOf: (point: Types.Point3) => ImagePoint | null;
  wordOf: (length: Length) => string;
  measured: (lengths: Length[]) => void;
}

/** What else than the main button or one finger moves a tool, whichever is chosen. */
const ALWAYS: Record<string, { mouseButton?: number; numTouchPoints?: number }[]> = {
  [ZoomTool.toolName]: [{ mouseButton: MouseBindings.Secondary }, { numTouchPoints: 2 }],
  [PanTool.toolName]: [{ mouseButton: MouseBindings.Auxiliary }],
  [StackScrollTool.toolName]: [{ mouseButton: MouseBindings.Wheel }],
};

export class Instruments {
  static open(): void {
    initTools();
    for (const tool of [WindowLevelTool, StackScrollTool, PanTool, ZoomTool, LengthTool]) addTool(tool);
  }

  private readonly group: NonNullable<ReturnType<typeof ToolGroupManager.createToolGroup>>;

  constructor(
    engineId: string,
    viewportId: string,
    private readonly element: HTMLDivElement,
    private readonly hooks: InstrumentHooks,
  ) {
    const group = ToolGroupManager.createToolGroup(engineId);
    if (!group) throw new Error("a tool group of this name stands already");
    this.group = group;
    for (const name of Object.values(NAMES)) group.addTool(name, this.settings(name));
    group.addViewport(viewportId, engineId);
    this.use("window");
    for (const event of [Enums.Events.ANNOTATION_COMPLETED, Enums.Events.ANNOTATION_MODIFIED])
      eventTarget.addEventListener(event, this.onMeasured);
  }

  use(tool: Tool): void {
    for (const [each, name] of Object.entries(NAMES)) {
      const always = ALWAYS[name] ?? [];
      const chosen = each === tool ? [{ mouseButton: MouseBindings.Primary }] : [];
      this.group.setToolPassive(name, { removeAllBindings: true });
      if (always.length + chosen.length > 0)
        this.group.setToolActive(name, { bindings: [...chosen, ...always] });
    }
  }

  clear(): void {
    for (const each of this.lengths())
      if (each.annotationUID) annotation.state.removeAnnotation(each.annotationUID);
    this.hooks.measured([]);
  }

  close(): void {
    for (const event of [Enums.Events.ANNOTATION_COMPLETED, Enums.Events.ANNOTATION_MODIFIED])
      eventTarget.removeEventListener(event, this.onMeasured);
    for (const each of this.lengths())
      if (each.annotationUID) annotation.state.removeAnnotation(each.annotationUID);
    ToolGroupManager.destroyToolGroup(this.group.id);
  }

  private settings(name: string): Record<string, unknown> {
    if (name === LengthTool.toolName)
      return { getTextLines: (data: LengthData, target: string) => this.words(data, target) };
    if (name === StackScrollTool.toolName) return { debounceIfNotLoaded: false };
    return {};
  }

  private words(data: LengthData, target: string): string[] {
    const length = this.lengthIn(data, target.replace(/^imageId:/, ""));
    return length ? [this.hooks.wordOf(length)] : [];
  }

  private lengthIn(data: LengthData, imageId: string): Length | null {
    const image = this.hooks.imageAt(imageId);
    const [from, to] = data.handles.points.map((point) => this.hooks.indexOf(point));
    return image && from && to ? lengthOf(image, from, to) : null;
  }

  private lengths() {
    return annotation.state.getAnnotations(LengthTool.toolName, this.element) ?? [];
  }

  private readonly onMeasured = (): void => {
    const told = this.lengths().map(({ data, metadata }) =>
      this.lengthIn(data as unknown as LengthData, metadata?.referencedImageId ?? ""),
    );
    this.hooks.measured(told.filter((length) => length !== null));
  };
}

interface LengthData {
  handles: { points: Types.Point3[] };
}
