/** The sign-in drawing: a chain of islands, the last one across the sea. Decoration only. */

const CURRENTS = Array.from({ length: 18 }, (_, index) => {
  const y = 120 + index * 54;
  const bend = 60 + index * 60;
  return {
    path: `M-40 ${y}C 240 ${bend} 420 ${260 + index * 44} 1040 ${150 + index * 58}`,
    opacity: 0.05 + index * 0.004,
  };
});

const ISLANDS = [
  { x: 150, y: 120, r: 9 },
  { x: 262, y: 186, r: 14 },
  { x: 352, y: 290, r: 19 },
  { x: 414, y: 410, r: 25 },
  { x: 452, y: 548, r: 31 },
];

export function Art() {
  return (
    <svg viewBox="0 0 980 1000" preserveAspectRatio="xMidYMid slice" aria-hidden focusable="false">
      {CURRENTS.map(({ path, opacity }) => (
        <path key={path} d={path} fill="none" stroke="var(--brand-line)" opacity={opacity} />
      ))}
      <path
        d="M150 120C330 220 440 380 452 548S600 800 760 840"
        fill="none"
        stroke="var(--brand-line)"
        strokeWidth="1.4"
        strokeDasharray="2 8"
        strokeLinecap="round"
        opacity=".7"
      />
      {ISLANDS.map(({ x, y, r }) => (
        <g key={x} fill="var(--brand-isle)">
          <circle cx={x} cy={y} r={r * 2.1} opacity=".08" />
          <circle cx={x} cy={y} r={r} />
        </g>
      ))}
      <g fill="var(--brand-sun)">
        <circle cx="760" cy="840" r="76" opacity=".08" />
        <circle cx="760" cy="840" r="38" />
      </g>
    </svg>
  );
}
