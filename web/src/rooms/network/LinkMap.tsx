/** The islands and the lines between them, drawn by hand. The table beside it says all that it shows. */
import { useTranslation } from "@/i18n";
import { bow, type Health, healthOf, lineKey, type Placed, place, width } from "./lines";
import css from "./network.module.css";
import type { Isle, Line, Network } from "./queries";
import { useWords } from "./useWords";

interface LinkMapProps {
  network: Network;
  chosen: Line | undefined;
  choose: (line: Line) => void;
}

export function LinkMap({ network, chosen, choose }: LinkMapProps) {
  const { t } = useTranslation();
  const { figures, sentence } = useWords();
  const placed = place(network.nodes);
  const at = new Map(placed.map((one) => [one.isle.name, one.at]));
  const drawn = network.links.flatMap((line) => {
    const from = at.get(line.a);
    const to = at.get(line.b);
    return from && to ? [{ line, health: healthOf(line), ...bow(from, to) }] : [];
  });
  return (
    <svg className={css.map} viewBox="0 0 1114 560" role="img" aria-label={sentence(network)}>
      <Sea />
      {drawn.map(({ line, health, path }) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the same choice is a button of the table
        <g key={lineKey(line)} className={css.line} data-health={health} onClick={() => choose(line)}>
          <path d={path} strokeWidth={16} stroke="transparent" />
          <path
            d={path}
            className={css.stroke}
            strokeWidth={line === chosen ? width(line.bps) + 2 : width(line.bps)}
          />
        </g>
      ))}
      {drawn.map(({ line, health, middle }) => (
        <Pill key={lineKey(line)} at={middle} health={health} words={figures(line)} />
      ))}
      {placed.map((one) => (
        <Spot
          key={one.isle.name}
          placed={one}
          health={shapeOf(one.isle, network.links)}
          sites={t("network.sites_n", { count: one.isle.sites.length })}
        />
      ))}
    </svg>
  );
}

function Sea() {
  const { t } = useTranslation();
  return (
    <>
      <text className={css.sea} x="30" y="330" transform="rotate(-72 30 330)">
        {t("network.sea_caribbean")}
      </text>
      <text className={css.sea} x="470" y="490">
        {t("network.sea_atlantic")}
      </text>
      <g className={css.land}>
        <path d="M176 44c5-6 16-7 22-2c5 5 1 12-7 14c-9 2-20-5-15-12z" />
        <path d="M258 96c-9 6-13 20-11 34c2 15 9 30 17 33c9 2 16-8 18-20c1-9 6-14 5-24c-1-10-9-16-14-22c-4-4-10-4-15-1z" />
        <path d="M286 112c4-8 12-14 22-17c11-3 22-12 33-9c9 3 4 10 12 15c8 4 22 5 27 10c3 5-9 7-20 8c-14 1-20 10-33 11c-14 1-34 2-40-4c-4-4-3-9-1-14z" />
        <ellipse cx="345" cy="166" rx="14" ry="13" />
        <path d="M318 200c-6 6-5 22 0 32c3 6 9 4 11-3c3-10 1-24-4-30c-2-3-5-2-7 1z" />
        <path d="M330 250c5-9 16-10 25-5c9 4 13 11 20 15c8 1 18-3 22 1c3 5-9 8-15 11c-3 6 5 11 9 18c5 9 6 19 2 26c-4 7-10 4-13-3c-4-6-11-3-18-5c-8-2-3-8 0-13c3-6-2-9-8-13c-11-7-27-15-24-32z" />
        <path d="M338 396c-7 9-11 22-10 34c1 12 6 22 12 22c8 0 13-13 14-26c1-13-2-27-8-32c-3-2-6-1-8 2z" />
        <path d="M778 406c14-14 30-22 48-18c22 6 36 18 52 34c14 14 32 26 38 42c4 14-8 24-14 38c-6 16-12 30-26 36c-14 4-26-4-40-4c-16 0-34 8-46 0c-10-8 2-20 0-34c-2-18-16-34-18-54c-1-16-4-30 6-40z" />
        <path d="M920 38l16 10l20 6l20 10l-4 20l4 18l-10 12l-22-2l-18 8l-24-8l4-26l-18-18l-14-8l22-6l10-12z" />
      </g>
    </>
  );
}

function Pill({ at, health, words }: { at: { x: number; y: number }; health: Health; words: string }) {
  const wide = words.length * 6.5 + 22;
  return (
    <g className={css.pill} data-health={health} transform={`translate(${at.x} ${at.y})`} aria-hidden>
      <rect x={-wide / 2} y={-12} width={wide} height={24} rx={12} />
      <text y={4} textAnchor="middle">
        {words}
      </text>
    </g>
  );
}

/** Out of reach from here, but not from another: it is no island on its own. */
function shapeOf(isle: Isle, lines: readonly Line[]): Health {
  if (isle.state === "here" || isle.state === "up") return "ok";
  if (isle.state === "unreached") return "unknown";
  const reached = lines.some((line) => [line.a, line.b].includes(isle.name) && line.state === "up");
  return reached ? "degraded" : "cut";
}

interface SpotProps {
  placed: Placed;
  health: Health;
  sites: string;
}

function Spot({ placed: { isle, at, label, anchor }, health, sites }: SpotProps) {
  const { t } = useTranslation();
  return (
    <g aria-hidden>
      <g className={css.spot} data-health={health} transform={`translate(${at.x} ${at.y})`}>
        {health === "cut" ? (
          <path d="M-7 -7L7 7M7 -7L-7 7" strokeWidth={3.5} />
        ) : health === "degraded" ? (
          <path className={css.turned} d="M0 -9L9 0L0 9L-9 0Z" />
        ) : (
          <>
            <circle r={isle.here ? 8 : 6} />
            <circle r={isle.here ? 14 : 11} className={css.ring} />
          </>
        )}
      </g>
      <text className={css.name} data-here={isle.here} x={label.x} y={label.y} textAnchor={anchor}>
        {isle.title}
      </text>
      <text className={css.under} x={label.x} y={label.y + 17} textAnchor={anchor}>
        {isle.here ? `${sites} · ${t("network.you_are_here")}` : sites}
      </text>
    </g>
  );
}
