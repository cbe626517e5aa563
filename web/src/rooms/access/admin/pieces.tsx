/** The pieces of every administration list: a table that can load, fail or be empty, and the dialogs. */
import { Modal, TextInput } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { troubleOf } from "@/api/client";
import { useTranslation } from "@/i18n";
import { Answer } from "@/kit/Answer";
import { IconCheck, IconCopy } from "@/kit/icons";
import { Table, type Row as TableRow } from "@/kit/Table";
import css from "./admin.module.css";

interface ListProps<Row> {
  title: string;
  note?: string;
  action?: ReactNode;
  query: UseQueryResult<Row[]>;
  columns: readonly string[];
  empty: string;
  row: (row: Row) => TableRow;
}

export function List<Row>({ title, note, action, query, columns, empty, row }: ListProps<Row>) {
  return (
    <section className="panel">
      <header>
        <h2>{title}</h2>
        {note && <span className="t2">{note}</span>}
        <i className="sp" />
        {action}
      </header>
      <Answer query={query} trouble={troubleOf} columns={columns.map(() => 1)} rows={4}>
        {(rows) =>
          rows.length === 0 ? (
            <p className="t2" style={{ padding: "4px 16px 18px", maxWidth: "70ch" }}>
              {empty}
            </p>
          ) : (
            <Table label={title} columns={columns} rows={rows.map(row)} />
          )
        }
      </Answer>
    </section>
  );
}

interface DialogProps {
  title: string;
  close: () => void;
  submit: (form: FormData) => void;
  word: string;
  busy: boolean;
  danger?: boolean;
  children: ReactNode;
}

export function Dialog({ title, close, submit, word, busy, danger = false, children }: DialogProps) {
  const { t } = useTranslation();
  return (
    <Modal
      opened
      onClose={close}
      title={title}
      size={520}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <form
        className={css.form}
        onSubmit={(event: FormEvent<HTMLFormElement>) => {
          event.preventDefault();
          submit(new FormData(event.currentTarget));
        }}
      >
        {children}
        <footer>
          <button type="button" className="btn ghost" onClick={close}>
            {t("common.cancel")}
          </button>
          <button type="submit" className={danger ? "btn danger" : "btn primary"} disabled={busy}>
            {word}
          </button>
        </footer>
      </form>
    </Modal>
  );
}

interface ConfirmProps {
  title: string;
  body: string;
  name: string;
  word: string;
  close: () => void;
  confirm: () => void;
}

/** What cannot be undone asks for the name of the thing, typed. */
export function Confirm({ title, body, name, word, close, confirm }: ConfirmProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState("");
  return (
    <Dialog
      title={title}
      close={close}
      submit={() => typed === name && confirm()}
      word={word}
      busy={typed !== name}
      danger
    >
      <p>{body}</p>
      <TextInput
        label={t("admin.confirm_word", { word: name })}
        autoComplete="off"
        data-autofocus
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </Dialog>
  );
}

/** A secret that is shown once. */
export function Secret({
  title,
  body,
  secret,
  close,
}: {
  title: string;
  body: string;
  secret: string;
  close: () => void;
}) {
  const { t } = useTranslation();
  const [copied, setCopied] = useState(false);
  return (
    <Modal
      opened
      onClose={close}
      title={title}
      size={520}
      closeOnClickOutside={false}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <p>{body}</p>
      <div className={css.secret}>
        <code>{secret}</code>
        <button
          type="button"
          className="btn"
          onClick={() => {
            void navigator.clipboard.writeText(secret).then(() => setCopied(true));
          }}
        >
          {copied ? <IconCheck size={15} aria-hidden /> : <IconCopy size={15} aria-hidden />}
          {t(copied ? "common.copied" : "common.copy")}
        </button>
      </div>
      <div className="row" style={{ justifyContent: "flex-end" }}>
        <button type="button" className="btn primary" onClick={close}>
          {t("common.close")}
        </button>
      </div>
    </Modal>
  );
}

export const field = (form: FormData, name: string): string => String(form.get(name) ?? "").trim();
