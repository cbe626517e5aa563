/** The arc of growing islands. */
export function Logo({ size = 26 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <rect width="32" height="32" rx="8" fill="var(--brand-tile)" />
      <path
        d="M9.2 6.5C16 10 20.5 17 21.8 25.5"
        fill="none"
        stroke="var(--brand-line)"
        strokeWidth="1.2"
        opacity=".45"
      />
      <circle cx="9.4" cy="6.8" r="2.1" fill="var(--brand-isle)" />
      <circle cx="14.6" cy="10.6" r="2.9" fill="var(--brand-isle)" />
      <circle cx="18.8" cy="16" r="3.6" fill="var(--brand-isle)" />
      <circle cx="21.4" cy="23.4" r="4.4" fill="var(--brand-sun)" />
    </svg>
  );
}
