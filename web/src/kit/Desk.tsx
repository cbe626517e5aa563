/** A desk: panels of things that wait for somebody's decision, each calm where nothing waits. */
import type { ReactNode } from "react";
import css from "./desk.module.css";
import { IconCircleCheck } from "./icons";

interface DeskProps {
  title: string;
  lead: string;
  children: ReactNode;
}

export function Desk({ title, lead, children }: DeskProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the desk scrolls, also where nothing in it takes the focus (WCAG 2.1.1)
    <section className={css.screen} aria-label={title} tabIndex={0}>
      <header className={css.head}>
        <h1>{title}</h1>
        <p className="t2">{lead}</p>
      </header>
      {children}
    </section>
  );
}

interface PanelProps {
  icon: ReactNode;
  title: string;
  count: number;
  /** What is said where nothing waits. */
  empty: string;
  children: ReactNode;
}

export function DeskPanel({ icon, title, count, empty, children }: PanelProps) {
  return (
    <section className={`panel ${css.panel ?? ""}`}>
      <header>
        {icon}
        <h2>{title}</h2>
        <span className="t2">{count}</span>
      </header>
      {count === 0 ? (
        <p className={`row ${css.note ?? ""}`}>
          <span className="c-ok">
            <IconCircleCheck size={16} aria-hidden />
          </span>
          <span className="t2">{empty}</span>
        </p>
      ) : (
        children
      )}
    </section>
  );
}

export function DeskNote({ children }: { children: ReactNode }) {
  return <p className={`t2 ${css.note ?? ""}`}>{children}</p>;
}

interface CardsProps<One> {
  of: readonly One[];
  nameOf: (one: One) => string;
  children: (one: One) => ReactNode;
}

export function DeskCards<One>({ of, nameOf, children }: CardsProps<One>) {
  return (
    <ul className={css.cards}>
      {of.map((one) => (
        <li key={nameOf(one)}>{children(one)}</li>
      ))}
    </ul>
  );
}
