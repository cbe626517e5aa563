/** Our own light viewer: the series of an exam, one at a time, coarse first. Never for diagnosis, and it says so. */
import { useState } from "react";
import { useTranslation } from "@/i18n";
import { Thumb } from "@/kit/Thumb";
import css from "./light.module.css";
import { Viewport } from "./Viewport";

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

export default function LightViewer({ studyInstanceUid, series }: LightViewerProps) {
  const { t } = useTranslation();
  const drawn = series.filter((each) => each.images > 0);
  const [chosen, setChosen] = useState(drawn[0]?.series_instance_uid ?? "");
  const current = drawn.find((each) => each.series_instance_uid === chosen) ?? drawn[0];
  if (current === undefined) return <p className={css.light}>{t("patients.series_none")}</p>;
  const name = (each: LightSeries): string => each.description || each.modality;
  return (
    <div className={css.light}>
      {drawn.length > 1 && (
        <div className={css.strip}>
          {drawn.map((each) => (
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
      )}
      <Viewport
        key={current.series_instance_uid}
        root={`/dicomweb/studies/${studyInstanceUid}/series/${current.series_instance_uid}`}
        name={name(current)}
      />
    </div>
  );
}
