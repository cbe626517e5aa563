/** Images drawn by the node, for small screens and for nodes without the diagnostic viewer. Never for diagnosis. */
import { useQuery } from "@tanstack/react-query";
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "@/i18n";
import { Thumb } from "@/kit/Thumb";
import css from "./viewer.module.css";

export interface LightSeries {
  series_instance_uid: string;
  description: string;
  modality: string;
  images: number;
  thumbnail_url: string;
}

export interface LightViewerProps {
  studyInstanceUid: string;
  series: LightSeries[];
}

type DicomJson = Record<string, { Value?: unknown[] } | undefined>;
const SOP_INSTANCE_UID = "00080018";
const INSTANCE_NUMBER = "00200013";
const PIXELS_PER_IMAGE = 14;

const first = (dataset: DicomJson, tag: string): unknown => dataset[tag]?.Value?.[0];

/** QIDO-RS (PS3.18 section 10.6): the instances of a series in the order of Instance Number (0020,0013). */
async function instancesOf(root: string, signal: AbortSignal): Promise<string[]> {
  const answer = await fetch(`${root}/instances?includefield=${INSTANCE_NUMBER}`, {
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
    }))
    .sort((one, two) => one.number - two.number)
    .map(({ uid }) => uid);
}

export default function LightViewer({ studyInstanceUid, series }: LightViewerProps) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState(series[0]?.series_instance_uid ?? "");
  const current = series.find((each) => each.series_instance_uid === chosen) ?? series[0];
  if (current === undefined) return <p className={css.light}>{t("patients.series_none")}</p>;
  const name = (each: LightSeries): string => each.description || each.modality;
  return (
    <div className={css.light}>
      <div className={css.strip}>
        {series.map((each) => (
          <button
            key={each.series_instance_uid}
            type="button"
            aria-pressed={each === current}
            onClick={() => setChosen(each.series_instance_uid)}
          >
            <Thumb
              url={each.thumbnail_url}
              caption={name(each)}
              alt={`${t("reading.series")} ${name(each)}`}
            />
          </button>
        ))}
      </div>
      <Stack
        key={current.series_instance_uid}
        root={`/dicomweb/studies/${studyInstanceUid}/series/${current.series_instance_uid}`}
        name={name(current)}
      />
    </div>
  );
}

function Stack({ root, name }: { root: string; name: string }) {
  const { t } = useTranslation();
  const { data: instances, isError } = useQuery({
    queryKey: ["instances", root],
    queryFn: ({ signal }) => instancesOf(root, signal),
    staleTime: 60_000,
  });
  const total = instances?.length ?? 0;
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
      const uid = instances?.[next];
      if (uid) new Image().src = `${root}/instances/${uid}/rendered`;
    }
  }, [shown, instances, root]);

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
  const uid = instances?.[shown];
  return (
    <>
      <div className={css.stage} {...pointer} onWheel={(event) => go(shown + Math.sign(event.deltaY))}>
        {isError || broken ? (
          <p role="alert">{t("reading.image_failed")}</p>
        ) : (
          uid && (
            <img
              src={`${root}/instances/${uid}/rendered`}
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
