/** Two patients are one person: found, put side by side, said for a reason. It can be taken back. */
import { Modal, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { date } from "@/i18n/format";
import { Answer } from "@/kit/Answer";
import { IconArrowLeft, IconCheck, IconChevronRight, IconX } from "@/kit/icons";
import { done } from "@/kit/notify";
import { useSayFailure } from "@/kit/useSay";
import css from "./identity.module.css";
import {
  type Hit,
  hitsQuery,
  identityQuery,
  SHORTEST_SEARCH,
  type Source,
  useLink,
  useUnlink,
} from "./queries";

const LONGEST = 500;
const SHORTEST = 3;
const PAUSE_MS = 250;
const REASONS = ["card", "patient", "letter"] as const;

interface LinkDialogProps {
  /** Whom one links. */
  person: string;
  /** Whom with, where it is known already. */
  other?: string;
  close: () => void;
  /** The person behind both sources now. */
  linked: (person: string) => void;
}

export function LinkDialog({ person, other, close, linked }: LinkDialogProps) {
  const { t } = useTranslation();
  const [chosen, choose] = useState(other ?? null);
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title={t("identity.link_title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {chosen === null ? (
        <Search but={person} choose={choose} />
      ) : (
        <Beside
          person={person}
          other={chosen}
          back={other ? undefined : () => choose(null)}
          close={close}
          linked={linked}
        />
      )}
    </Modal>
  );
}

function Search({ but, choose }: { but: string; choose: (person: string) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState("");
  const [q] = useDebouncedValue(text, PAUSE_MS);
  const query = useQuery(hitsQuery(q));
  const asked = q.trim().length >= SHORTEST_SEARCH;
  return (
    <div className={css.search}>
      <TextInput
        type="search"
        label={t("identity.search")}
        placeholder={t("common.search_placeholder")}
        autoComplete="off"
        data-autofocus
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <div aria-live="polite">
        {asked ? (
          <Answer query={query} trouble={troubleOf} columns={[3, 2]} rows={3}>
            {({ persons }) => <Hits hits={persons.filter((one) => one.person !== but)} choose={choose} />}
          </Answer>
        ) : (
          <p className="t2">{t("identity.search_help")}</p>
        )}
      </div>
    </div>
  );
}

function Hits({ hits, choose }: { hits: Hit[]; choose: (person: string) => void }) {
  const { t } = useTranslation();
  if (hits.length === 0) return <p className="t2">{t("identity.search_none")}</p>;
  return (
    <ul className={css.hits}>
      {hits.map(({ person, banner, exams, sites }) => (
        <li key={person}>
          <button type="button" onClick={() => choose(person)}>
            <span>
              <b>
                {banner.family_name} {banner.given_name}
              </b>
              <small className="t2">
                {[date(banner.birth_date), banner.identifier, ...sites.map((site) => site.name)]
                  .filter(Boolean)
                  .join(" · ")}
              </small>
            </span>
            <small className="nw">{t("common.exams", { count: exams })}</small>
            <IconChevronRight size={16} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

interface BesideProps {
  person: string;
  other: string;
  back: (() => void) | undefined;
  close: () => void;
  linked: (person: string) => void;
}

function Beside({ person, other, back, close, linked }: BesideProps) {
  const one = useQuery(identityQuery(person));
  const two = useQuery(identityQuery(other));
  return (
    <Answer query={one} trouble={troubleOf} columns={[1, 2, 2]} rows={4}>
      {(left) => (
        <Answer query={two} trouble={troubleOf} columns={[1, 2, 2]} rows={4}>
          {(right) => (
            <Decide left={left.sources} right={right.sources} back={back} close={close} linked={linked} />
          )}
        </Answer>
      )}
    </Answer>
  );
}

interface DecideProps {
  left: Source[];
  right: Source[];
  back: (() => void) | undefined;
  close: () => void;
  linked: (person: string) => void;
}

function Decide({ left, right, back, close, linked }: DecideProps) {
  const { t } = useTranslation();
  const say = useSayFailure();
  const link = useLink();
  const unlink = useUnlink();
  const [reason, setReason] = useState("");
  const [one] = left;
  const [other] = right;
  const enough = reason.trim().length >= SHORTEST;
  if (!one || !other) return null;
  const ends = { one: one.source, other: other.source };
  const undo = () =>
    void unlink.mutateAsync(ends).then(
      () => done(t("identity.unlinked")),
      (error: unknown) => say(troubleOf(error)),
    );
  return (
    <form
      className={css.decide}
      onSubmit={(event) => {
        event.preventDefault();
        if (!enough || link.isPending) return;
        link.mutate(
          { ...ends, basis: reason.trim() },
          {
            onSuccess: (said) => {
              done(t("identity.linked"), { label: t("common.undo"), run: undo });
              close();
              linked(said.person);
            },
            onError: (error) => say(troubleOf(error)),
          },
        );
      }}
    >
      <Comparison one={one} other={other} />
      <p className="t2">{t("identity.link_help")}</p>
      <div className={css.reasons}>
        {REASONS.map((word) => (
          <button
            key={word}
            type="button"
            className="btn small"
            onClick={() => setReason(t(`identity.reason.${word}`))}
          >
            {t(`identity.reason.${word}`)}
          </button>
        ))}
      </div>
      <Textarea
        label={t("common.reason")}
        required
        maxLength={LONGEST}
        autosize
        minRows={2}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="row wrap" style={{ justifyContent: "flex-end" }}>
        {back && (
          <button type="button" className="btn ghost" onClick={back}>
            <IconArrowLeft size={15} aria-hidden /> {t("identity.another")}
          </button>
        )}
        <i className="sp" />
        <button type="button" className="btn ghost" onClick={close}>
          {t("common.cancel")}
        </button>
        <button type="submit" className="btn primary" disabled={!enough || link.isPending}>
          {t("identity.link")}
        </button>
      </div>
    </form>
  );
}

function Comparison({ one, other }: { one: Source; other: Source }) {
  const { t } = useTranslation();
  const [left, right] = [one.seen.at(-1), other.seen.at(-1)];
  const sexOf = (said: "F" | "M" | "O" | "" | undefined): string => (said ? t(`exam.sex.${said}`) : "");
  const lines = [
    { word: "name" as const, values: [left?.family_name, right?.family_name], counts: true },
    { word: "given" as const, values: [left?.given_name, right?.given_name], counts: true },
    { word: "birth" as const, values: [date(left?.birth_date), date(right?.birth_date)], counts: true },
    { word: "sex" as const, values: [sexOf(left?.sex), sexOf(right?.sex)], counts: true },
    { word: "identifier" as const, values: [one.source.value, other.source.value], counts: false },
    { word: "site" as const, values: [left?.organisation.name, right?.organisation.name], counts: false },
  ];
  return (
    <table className={css.comparison}>
      <caption className="sr">{t("identity.side_by_side")}</caption>
      <thead>
        <tr>
          <td />
          <th scope="col">{t("identity.mine")}</th>
          <th scope="col">{t("identity.theirs")}</th>
          <th scope="col">{t("identity.agrees")}</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(({ word, values: [mine, theirs], counts }) => (
          <tr key={word}>
            <th scope="row">{t(`identity.${word}`)}</th>
            <td>{mine || t("common.unknown")}</td>
            <td>{theirs || t("common.unknown")}</td>
            <td>{counts && mine && theirs && <Agrees yes={plain(mine) === plain(theirs)} />}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Case and accents say nothing. */
const plain = (text: string): string => text.normalize("NFD").replace(/\p{M}/gu, "").toUpperCase().trim();

function Agrees({ yes }: { yes: boolean }) {
  const { t } = useTranslation();
  return yes ? (
    <span className="c-ok">
      <IconCheck size={14} aria-hidden /> {t("identity.same")}
    </span>
  ) : (
    <span className="c-urgent">
      <IconX size={14} aria-hidden /> {t("identity.not_same")}
    </span>
  );
}
