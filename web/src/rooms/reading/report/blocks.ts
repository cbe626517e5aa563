/** The text of a section: words, and measurement chips tied to their image. Pure functions over the API's blocks. */
import type { Schemas } from "@/api/client";
import { number } from "@/i18n/format";
import type { Measurement } from "@/viewer/bridge";

export type TextBlock = Schemas["TextBlock"];
export type MeasurementBlock = Schemas["MeasurementBlock"];
export type Block = TextBlock | MeasurementBlock;
export type Section = Schemas["Section"];
export type SectionCode = Section["code"];

export const CODES = ["indication", "technique", "comparison", "findings", "conclusion", "addendum"] as const;
/** The sections of a report; the last of all is written only as an addendum. */
export const REPORT_CODES: readonly SectionCode[] = CODES.slice(0, -1);

export const text = (words: string): TextBlock => ({ kind: "text", text: words });

export const chip = (measurement: Measurement): MeasurementBlock => ({
  kind: "measurement",
  deleted: false,
  ...measurement,
});

/** Neighbouring words become one block, empty words vanish: two ways of writing the same text compare equal. */
export function tidy(blocks: readonly Block[]): Block[] {
  const kept: Block[] = [];
  for (const block of blocks) {
    const last = kept.at(-1);
    if (block.kind === "measurement") kept.push(block);
    else if (block.text === "") continue;
    else if (last?.kind === "text") kept[kept.length - 1] = text(last.text + block.text);
    else kept.push(text(block.text));
  }
  return kept;
}

/** Every section, in order, whatever was stored. */
export const complete = (sections: readonly Section[]): Section[] =>
  CODES.map((code) => ({
    code,
    blocks: tidy(sections.find((section) => section.code === code)?.blocks ?? []),
  }));

export const isEmpty = (section: Section): boolean =>
  section.blocks.every((block) => block.kind === "text" && block.text.trim() === "");

export const same = (one: readonly Section[], two: readonly Section[]): boolean =>
  JSON.stringify(complete(one)) === JSON.stringify(complete(two));

/** `Longueur 17,2 mm`, as the chip and the plain text say it. */
export function words(measurement: Pick<Measurement, "label" | "value" | "unit">): string {
  const value = number(measurement.value, Math.abs(measurement.value) < 100 ? 1 : 0);
  return [measurement.label, value, measurement.unit].filter(Boolean).join(" ");
}

export const plain = (section: Section): string =>
  section.blocks.map((block) => (block.kind === "text" ? block.text : words(block))).join("");

/** Adds a measurement at the end of a section, with a space before it where words precede. */
export function withMeasurement(
  sections: readonly Section[],
  code: SectionCode,
  measurement: Measurement,
): Section[] {
  return complete(sections).map((section) => {
    if (section.code !== code) return section;
    const last = section.blocks.at(-1);
    const gap = last !== undefined && !(last.kind === "text" && /\s$/.test(last.text)) ? [text(" ")] : [];
    return { code, blocks: tidy([...section.blocks, ...gap, chip(measurement)]) };
  });
}

/** Marks the chips of a measurement that was deleted on the images: the words stay, in red. */
export const withDeleted = (sections: readonly Section[], id: string): Section[] =>
  sections.map((section) => ({
    ...section,
    blocks: section.blocks.map((block) =>
      block.kind === "measurement" && block.id === id ? { ...block, deleted: true } : block,
    ),
  }));

export type Choice = "mine" | "theirs" | "both";

/** A conflict settled section by section; nothing is lost by keeping both. */
export function settled(
  mine: readonly Section[],
  theirs: readonly Section[],
  choices: Partial<Record<SectionCode, Choice>>,
): Section[] {
  const their = complete(theirs);
  return complete(mine).map((section, index) => {
    const other = their[index] ?? section;
    switch (choices[section.code] ?? "mine") {
      case "theirs":
        return other;
      case "both":
        return { code: section.code, blocks: tidy([...section.blocks, text("\n"), ...other.blocks]) };
      default:
        return section;
    }
  });
}

export const differing = (mine: readonly Section[], theirs: readonly Section[]): SectionCode[] => {
  const their = complete(theirs);
  return complete(mine)
    .filter((section, index) => JSON.stringify(section) !== JSON.stringify(their[index]))
    .map((section) => section.code);
};
