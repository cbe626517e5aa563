/** One section of the report: plain words with chips. No rich text: the report's form belongs to its renderers. */
import { type KeyboardEvent, type MouseEvent, useEffect, useRef } from "react";
import { useTranslation } from "@/i18n";
import { type Block, type MeasurementBlock, type SectionCode, tidy } from "./blocks";
import { chipOf, draw, read } from "./dom";
import css from "./report.module.css";

interface SectionEditorProps {
  code: SectionCode;
  blocks: Block[];
  readOnly: boolean;
  change: (blocks: Block[]) => void;
  jump: (block: MeasurementBlock) => void;
}

export function SectionEditor({ code, blocks, readOnly, change, jump }: SectionEditorProps) {
  const { t } = useTranslation();
  const editor = useRef<HTMLDivElement>(null);
  // What the editor shows: drawing anew while somebody types would take the caret away.
  const shown = useRef<string | null>(null);
  const wanted = JSON.stringify(tidy(blocks));
  useEffect(() => {
    if (editor.current === null || shown.current === wanted) return;
    draw(editor.current, JSON.parse(wanted) as Block[], {
      jump: (what) => t("report.jump", { what }),
      deleted: (what) => t("report.measure_deleted", { what }),
    });
    shown.current = wanted;
  }, [wanted, t]);

  const typed = (): void => {
    if (editor.current === null) return;
    const now = read(editor.current);
    shown.current = JSON.stringify(now);
    change(now);
  };
  const clicked = (event: MouseEvent): void => {
    const block = chipOf((event.target as Element).closest("[data-measurement]"));
    if (block) jump(block);
  };
  const pressed = (event: KeyboardEvent<HTMLDivElement>): void => {
    if (event.key !== "Enter" || event.ctrlKey) return;
    // One line end for Enter in every browser, instead of nested paragraphs.
    event.preventDefault();
    insertText("\n");
  };
  const title = t(`report.section.${code}`);
  return (
    <section className={css.section}>
      <h3 id={`section-${code}`}>{title}</h3>
      {/* biome-ignore lint/a11y/useSemanticElements: a textarea cannot hold the measurement chips */}
      <div
        ref={editor}
        className={css.editor}
        contentEditable={!readOnly}
        suppressContentEditableWarning
        role="textbox"
        aria-multiline="true"
        aria-labelledby={`section-${code}`}
        aria-readonly={readOnly}
        tabIndex={0}
        data-section={code}
        data-empty={blocks.length === 0}
        data-hint={t(`report.hint.${code}`)}
        spellCheck
        onInput={typed}
        onClick={clicked}
        onKeyDown={pressed}
        onPaste={(event) => {
          event.preventDefault();
          insertText(event.clipboardData.getData("text/plain"));
        }}
      />
    </section>
  );
}

/** Types at the caret, keeping the browser's own undo. */
function insertText(words: string): void {
  // Deprecated, but still the only way that keeps Ctrl Z working inside contentEditable.
  document.execCommand("insertText", false, words);
}
