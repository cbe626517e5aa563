/** Blocks to editable DOM and back. Words are text nodes and line breaks; a chip is one element that cannot be typed in. */
import { type Block, type MeasurementBlock, text, tidy, words } from "./blocks";

const DATA = "measurement";

export interface ChipWords {
  jump: (what: string) => string;
  deleted: (what: string) => string;
}

function chipElement(block: MeasurementBlock, say: ChipWords): HTMLElement {
  const element = document.createElement("span");
  const what = words(block);
  element.contentEditable = "false";
  element.className = block.deleted ? "chip gone" : "chip";
  element.dataset[DATA] = JSON.stringify(block);
  element.setAttribute("role", "button");
  element.tabIndex = -1;
  element.setAttribute("aria-label", block.deleted ? say.deleted(what) : say.jump(what));
  element.textContent = what;
  return element;
}

/** Draws the blocks into the editor, replacing what it held. */
export function draw(root: HTMLElement, blocks: readonly Block[], say: ChipWords): void {
  root.replaceChildren(
    ...blocks.map((block) =>
      block.kind === "text" ? document.createTextNode(block.text) : chipElement(block, say),
    ),
  );
  // A chip at the very end leaves no place for the caret.
  if (blocks.at(-1)?.kind === "measurement") root.append(document.createTextNode(""));
}

/** The measurement a chip stands for; null where the element is no chip. */
export function chipOf(element: Element | null): MeasurementBlock | null {
  const held = element instanceof HTMLElement ? element.dataset[DATA] : undefined;
  return held === undefined ? null : (JSON.parse(held) as MeasurementBlock);
}

function readElement(element: Element, before: boolean): Block[] {
  const block = chipOf(element);
  if (block) return [block];
  if (element.tagName === "BR") return [text("\n")];
  const inside = [...element.childNodes].flatMap((child, index) => readNode(child, before || index > 0));
  return element.tagName === "DIV" && before ? [text("\n"), ...inside] : inside;
}

function readNode(node: Node, before: boolean): Block[] {
  if (node.nodeType === Node.TEXT_NODE) return [text(node.textContent ?? "")];
  return node instanceof Element ? readElement(node, before) : [];
}

/** Reads what the editor holds now. Browsers may wrap lines in div or br: both are line ends. */
export const read = (root: Node): Block[] =>
  tidy([...root.childNodes].flatMap((child, index) => readNode(child, index > 0)));
