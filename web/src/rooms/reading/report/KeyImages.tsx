/** The strip of key images: each opens in the viewer; the last place marks what is in view. */
import { useTranslation } from "@/i18n";
import { IconPlus, IconStar, IconX } from "@/kit/icons";
import { Kbd } from "@/kit/Kbd";
import { Thumb } from "@/kit/Thumb";
import { type KeyImage, pictureOf } from "./keyImages";
import css from "./report.module.css";

interface KeyImagesProps {
  images: KeyImage[];
  /** The study of the exam: an image of another is of a prior, and says so. */
  study: string;
  readOnly: boolean;
  show: (image: KeyImage) => void;
  remove: (image: KeyImage) => void;
  /** Absent where no viewer can be asked what is in view. */
  mark: (() => void) | undefined;
}

export function KeyImages({ images, study, readOnly, show, remove, mark }: KeyImagesProps) {
  const { t } = useTranslation();
  const canMark = mark !== undefined && !readOnly;
  if (images.length === 0 && !canMark) return null;
  return (
    <section className={css.keyimages} aria-labelledby="key-images">
      <h3 id="key-images">
        <IconStar size={13} aria-hidden /> {t("report.key_images")}
        {images.length > 0 && ` · ${String(images.length)}`}
        <i className="sp" />
        {canMark && (
          <span className={css.keyhint} aria-hidden>
            <Kbd stroke="k" /> {t("report.key_images_hint")}
          </span>
        )}
      </h3>
      <ul>
        {images.map((image, index) => {
          const n = index + 1;
          // The button says it whole: the title of the picture inside would hide its own words.
          const prior = image.study_instance_uid === study ? "" : ` · ${t("report.key_image_prior")}`;
          return (
            <li key={`${image.sop_instance_uid}/${String(image.frame)}`}>
              <button
                type="button"
                aria-label={`${t("report.key_image_show", { n })}${prior}`}
                onClick={() => show(image)}
              >
                <Thumb url={pictureOf(image)} caption={`${String(n)}${prior}`} alt="" />
              </button>
              {!readOnly && (
                <button
                  type="button"
                  className={css.drop}
                  aria-label={t("report.key_image_remove", { n })}
                  title={t("report.key_image_remove", { n })}
                  onClick={() => remove(image)}
                >
                  <IconX size={12} aria-hidden />
                </button>
              )}
            </li>
          );
        })}
        {canMark && (
          <li>
            <button type="button" className={css.mark} onClick={mark}>
              <IconPlus size={16} aria-hidden />
              {t("report.key_image_view")}
            </button>
          </li>
        )}
      </ul>
    </section>
  );
}
