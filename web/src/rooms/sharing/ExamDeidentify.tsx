/** On the page of an exam: let it leave for a project without its names. What is kept is chosen and said. */
import { Checkbox, Modal, Radio, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { ApiError, troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { IconUserOff } from "@/kit/icons";
import { done } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import { type DeidentifyRequest, type Leaving, useDeidentifying } from "./queries";
import css from "./sharing.module.css";

type Option = NonNullable<DeidentifyRequest["options"]>[number];
type Dates = "removed" | "modified-dates" | "full-dates";
const DATES: readonly Dates[] = ["removed", "modified-dates", "full-dates"];
const KEPT: readonly Option[] = ["characteristics", "device", "institution", "uids", "safe-private"];
const CLEANED: readonly Option[] = ["descriptors", "graphics", "structured-content", "pixels"];

export function ExamDeidentify({ exam }: { exam: string }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <section className="panel" aria-labelledby="deidentify">
      <header>
        <h2 id="deidentify" className="sp">
          {t("deidentify.title")}
        </h2>
        <button type="button" className="btn" onClick={() => setAsking(true)}>
          <IconUserOff size={15} aria-hidden /> {t("deidentify.open")}
        </button>
      </header>
      <p className={`t2 ${css.card}`}>{t("deidentify.what")}</p>
      {asking && <Dialog exam={exam} close={() => setAsking(false)} />}
    </section>
  );
}

function Dialog({ exam, close }: { exam: string; close: () => void }) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const leave = useDeidentifying(exam);
  const [dates, setDates] = useState<Dates>("modified-dates");
  const [options, setOptions] = useState<string[]>([]);
  const [stuck, setStuck] = useState("");
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const said = new FormData(event.currentTarget);
    const wanted: DeidentifyRequest = {
      project: String(said.get("project") ?? "").trim(),
      options: [...(options as Option[]), ...(dates === "removed" ? [] : [dates])],
      leave_out: said.get("leave_out") !== null,
    };
    leave.mutateAsync(wanted).then(
      (made) => {
        saved(made);
        done(t("deidentify.done", { count: made.objects }));
        close();
      },
      (error: unknown) => {
        const trouble = troubleOf(error);
        if (error instanceof ApiError && error.kind === "conflict") setStuck(error.detail);
        else say(trouble);
      },
    );
  };
  return (
    <Modal
      opened
      onClose={close}
      size={620}
      title={t("deidentify.open")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form className={css.form} onSubmit={submit}>
        <TextInput
          name="project"
          label={t("deidentify.project")}
          description={t("deidentify.project_why")}
          required
          maxLength={64}
          pattern="[\p{L}\p{N}_ .\-]+"
          autoComplete="off"
          data-autofocus
        />
        <Radio.Group
          label={t("deidentify.dates")}
          value={dates}
          onChange={(value) => setDates(value as Dates)}
        >
          <div className={css.choices}>
            {DATES.map((each) => (
              <Radio key={each} value={each} label={t(`deidentify.option.${each}`)} />
            ))}
          </div>
        </Radio.Group>
        <Checkbox.Group label={t("deidentify.kept")} value={options} onChange={setOptions}>
          <div className={css.choices}>
            {KEPT.map((each) => (
              <Checkbox key={each} value={each} label={t(`deidentify.option.${each}`)} />
            ))}
          </div>
        </Checkbox.Group>
        <Checkbox.Group label={t("deidentify.cleaned")} value={options} onChange={setOptions}>
          <div className={css.choices}>
            {CLEANED.map((each) => (
              <Checkbox key={each} value={each} label={t(`deidentify.option.${each}`)} />
            ))}
          </div>
        </Checkbox.Group>
        <p className="strip" role="status">
          <span>{t("deidentify.note")}</span>
        </p>
        {stuck && (
          <div className="strip critical" role="alert">
            <span>
              {t("deidentify.stuck")} <span lang="en">{stuck}</span>
            </span>
          </div>
        )}
        {stuck && <Checkbox name="leave_out" label={t("deidentify.leave_out")} />}
        <footer className={css.foot}>
          <button type="button" className="btn ghost" onClick={close}>
            {t("common.cancel")}
          </button>
          <button type="submit" className="btn primary" disabled={leave.isPending}>
            <IconUserOff size={15} aria-hidden />{" "}
            {t(leave.isPending ? "deidentify.making" : "deidentify.make")}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

/** Hands the archive to the browser as a download. */
function saved({ archive, name }: Leaving): void {
  const url = URL.createObjectURL(archive);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
