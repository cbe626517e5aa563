/** A request for an exam that is not acquired yet: which one, of whom, and under what number it will come. */
import { NativeSelect, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { Answer } from "@/kit/Answer";
import { IconClipboardText } from "@/kit/icons";
import { Block } from "@/kit/States";
import { awaitedPartnersQuery, personQuery } from "../queries";
import { LIMITS, MODALITIES, writtenAhead } from "./draft";
import type { FieldsProps } from "./Fields";
import { Filling, type FormWays } from "./Form";
import css from "./form.module.css";

interface AheadProps extends FormWays {
  person: string;
  /** The key of the organisation that asks: the exam will come under an identifier of its own. */
  organisation: string;
}

export function AheadForm({ person, organisation, ...ways }: AheadProps) {
  const { t } = useTranslation();
  const query = useQuery(personQuery(person));
  return (
    <Answer query={query} trouble={troubleOf} columns={[2, 1]} rows={8} home={ways.home}>
      {(page) => {
        const own = page.identifiers.find((one) => one.organisation?.key === organisation);
        if (!own)
          return (
            <div className="page">
              <Block icon={IconClipboardText} title={t("tele.not_ours")} actions={ways.home}>
                <p>{t("tele.not_ours_detail")}</p>
              </Block>
            </div>
          );
        const whose = { person: page.person, identifier: own.value, issuer: own.issuer };
        return (
          <Filling
            {...ways}
            seat={`person ${page.person}`}
            patient={page.banner}
            urgency="urgent"
            about={(fields) => <WhichExam {...fields} />}
            images={null}
            partnersOf={(draft) => awaitedPartnersQuery(whose, draft.modality, draft.urgency)}
            body={(draft, partners) => writtenAhead(whose, draft, partners)}
          />
        );
      }}
    </Answer>
  );
}

function WhichExam({ draft, change, errorOf, touch }: FieldsProps) {
  const { t } = useTranslation();
  return (
    <>
      <h2>{t("tele.awaited_title")}</h2>
      <div className={css.which}>
        <NativeSelect
          label={t("tele.modality")}
          value={draft.modality}
          data={[...MODALITIES]}
          onChange={(event) => change({ modality: event.currentTarget.value })}
        />
        <div data-field="procedure">
          <TextInput
            label={t("tele.procedure")}
            placeholder={t("tele.procedure_hint")}
            value={draft.procedure}
            required
            withAsterisk={false}
            maxLength={LIMITS.name}
            error={errorOf("procedure")}
            onChange={(event) => change({ procedure: event.currentTarget.value })}
            onBlur={() => touch("procedure")}
          />
        </div>
        <TextInput
          label={t("tele.accession")}
          description={t("tele.accession_hint")}
          inputWrapperOrder={["label", "input", "description", "error"]}
          value={draft.accession}
          maxLength={LIMITS.accession}
          autoComplete="off"
          onChange={(event) => change({ accession: event.currentTarget.value })}
        />
      </div>
    </>
  );
}
