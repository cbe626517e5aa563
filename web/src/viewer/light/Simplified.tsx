/** Pictures drawn by the node, where the images themselves cannot be drawn here. */
import { useQuery } from "@tanstack/react-query";
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "@/i18n";
import { IconAlertTriangle, IconRefresh } from "@/kit/icons";
import css from "./light.module.css";
import type { Simplified as Why } from "./session";

type DicomJson = Record<string, { Value?: unknown[] } | undefined>;
const SOP_INSTANCE_UID = "00080018";
const INSTANCE_NUMBER = "00200013";
const NUMBER_OF_FRAMES = "00280008";
const PIXELS_PER_IMAGE = 14;

const first = (dataset: DicomJson, tag: string): unknown => dataset[tag]?.Value?.[0];

/** QIDO-RS (PS3.18 section 10.6): a picture for each frame, by Instance Number (0020,0013). */
async function picturesOf(root: string, signal: AbortSignal): Promise<string[]> {
  const fields = `includefield=${INSTANCE_NUMBER}&includefield=${NUMBER_OF_FRAMES}`;
  const answer = await fetch(`${root}/instances?${fields}`, {
    headers: { accept: "application/dicom+json" },
    signal,
  });
  if (answer.status === 204) return [];
  if (!answer.ok) throw new Error(`HTTP ${String(answer.status)}`);
  const found = (await answer.json()) as DicomJson[];
  return found
    .map((dataset) => ({
      uid: String(first(dataset, SOP_INSTANCE_UID)),
      number: Number(first(dataset, INSTANCE_NUMBER) ?? 0),
      frames: Math.max(1, Number(first(dataset, NUMBER_OF_FRAMES) ?? 1)),
    }))
    .sort((one, two) => one.number - two.number)
    .flatMap(({ uid, frames }) =>
      Array.from({ length: frames }, (_, at) => `${root}/instances/${uid}/frames/${String(at + 1)}/rendered`),
    );
}

interface SimplifiedProps {
  root: string;
  name: string;
  why: Why;
  detail: string;
  again: () => void;
}

export function Simplified({ root, name, why, detail, again }: SimplifiedProps) {
  const { t } = useTranslation();
  const { data: pictures, isError } = useQuery({
    queryKey: ["pictures", root],
    queryFn: ({ signal }) => picturesOf(root, signal),
    staleTime: 60_000,
  });
  const total = pictures?.length ?? 0;
  const [at, setAt] = useState<number | null>(null);
  const [broken, setBroken] = useState(false);
  const drag = useRef<{ y: number; from: number } | null>(null);
  const shown = at ?? Math.floor(total / 2);
  const go = (index: number): void => {
    setBroken(false);
    setAt(Math.max(0, Math.min(total - 1, index)));
  };
  useEffect(() => {
    // The neighbours are fetched ahead, so that scrolling does not wait for each picture.
    for (const next of [shown + 1, shown - 1, shown + 2]) {
      const picture = pictures?.[next];
      if (picture) new Image().src = picture;
    }
  }, [shown, pictures]);

  const pointer = {
    onPointerDown: (event: PointerEvent) => {
      drag.current = { y: event.clientY, from: shown };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      if (drag.current)
        go(drag.current.from + Math.round((event.clientY - drag.current.y) / PIXELS_PER_IMAGE));
    },
    onPointerUp: () => {
      drag.current = null;
    },
  };
  const picture = pictures?.[shown];
  return (
    <>
      <div className={css.notice} role="status">
        <IconAlertTriangle size={15} aria-hidden />
        <div>
          <b>{t("light.simplified")}</b> {t(`light.why.${why}`)}
          {detail && (
            <details>
              <summary>{t("light.detail")}</summary>
              {detail}
            </details>
          )}
        </div>
        <button type="button" onClick={again}>
          <IconRefresh size={14} aria-hidden /> {t("light.again")}
        </button>
      </div>
      <div
        className={css.stage}
        data-simplified
        {...pointer}
        onWheel={(event) => go(shown + Math.sign(event.deltaY))}
      >
        {isError || broken ? (
          <p role="alert">{t("reading.image_failed")}</p>
        ) : (
          picture && (
            <img
              src={picture}
              alt={t("reading.image_alt", { series: name, n: shown + 1, total })}
              draggable={false}
              onError={() => setBroken(true)}
            />
          )
        )}
        <span className={css.mark}>{t("common.not_diagnostic")}</span>
        <span className={css.count} aria-hidden>
          {total > 0 && `${String(shown + 1)} / ${String(total)}`}
        </span>
      </div>
      {total > 1 && (
        <div className={css.slider}>
          <input
            type="range"
            min={0}
            max={total - 1}
            value={shown}
            aria-label={`${name} — ${t("reading.image_of", { n: shown + 1, total })}`}
            onChange={(event) => go(Number(event.currentTarget.value))}
          />
        </div>
      )}
    </>
  );
}
