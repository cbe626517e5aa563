/** Exams of one person over the years, one lane a place. The list beside it holds everything the drawing shows. */
import { type CSSProperties, type KeyboardEvent, useRef } from "react";
import { placeColour } from "./Marks";
import { lanesOf, scaleOf, type TimelineItem } from "./timeline";
import css from "./timeline.module.css";

interface TimelineProps {
  items: readonly TimelineItem[];
  now: number;
  label: string;
  current: string | undefined;
  compared?: string | undefined;
  choose: (id: string) => void;
  compact?: boolean;
}

export function Timeline({ items, now, label, current, compared, choose, compact = false }: TimelineProps) {
  const root = useRef<HTMLFieldSetElement>(null);
  const scale = scaleOf(items, now);
  const lanes = lanesOf(items, scale);
  const order = [...items].sort((one, two) => one.at - two.at).map((item) => item.id);

  const move = (event: KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const from = (event.target as HTMLElement).dataset.item;
    if (by === undefined || from === undefined) return;
    event.preventDefault();
    const next = order[Math.max(0, Math.min(order.length - 1, order.indexOf(from) + by))];
    root.current?.querySelector<HTMLElement>(`[data-item="${next ?? ""}"]`)?.focus();
  };
  return (
    <fieldset ref={root} className={`${css.timeline} ${compact ? css.compact : ""}`} onKeyDown={move}>
      <legend className="sr">{label}</legend>
      {lanes.map((lane) => (
        <div
          key={lane.key}
          className={css.lane}
          style={{ "--here": placeColour(lane.community) } as CSSProperties}
        >
          <div className={css.place}>
            <span className="reg">
              <b>{lane.name}</b>
            </span>
            {lane.detail && <small>{lane.detail}</small>}
          </div>
          <div
            className={css.track}
            style={{ minHeight: lane.rows * (compact ? 22 : 28) + (compact ? 4 : 14) }}
          >
            {scale.years.map((year) => (
              <i key={year.label} className={css.grid} style={{ left: `${String(year.place * 100)}%` }} />
            ))}
            {lane.items.map(({ item, place, row }) => (
              <button
                key={item.id}
                type="button"
                data-item={item.id}
                className={css.exam}
                style={{
                  left: `${String(place * 100)}%`,
                  top: row * (compact ? 22 : 28) + (compact ? 2 : 7),
                }}
                aria-current={item.id === current ? "true" : undefined}
                aria-pressed={item.id === compared ? true : undefined}
                tabIndex={item.id === (current ?? order.at(-1)) ? 0 : -1}
                title={item.title}
                onClick={() => choose(item.id)}
              >
                {item.word}
                <span className="sr">, {item.title}</span>
              </button>
            ))}
          </div>
        </div>
      ))}
      <div className={css.years} aria-hidden>
        {scale.years.map((year) => (
          <span key={year.label} style={{ left: `${String(year.place * 100)}%` }}>
            {year.label}
          </span>
        ))}
      </div>
    </fieldset>
  );
}
