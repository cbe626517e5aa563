/** The colours of Archipel, once. Every other file names them (`var(--ok)`); a test forbids a hex colour elsewhere. */

export const dark = {
  viewport: "#000000",
  canvas: "#0B0D0F",
  surface: "#121518",
  raised: "#191D21",
  hover: "#20262C",
  selected: "#17323A",
  line: "#252B31",
  line2: "#363E46",
  text: "#DCE1E5",
  text2: "#A9B2BA",
  text3: "#8E98A2",
  accent: "#4FBAC6",
  accentBtn: "#1A7A87",
  accentSoft: "#12303A",
  onAccent: "#FFFFFF",
  critical: "#FF7D5E",
  criticalSoft: "#35170F",
  onCritical: "#1C0600",
  urgent: "#F0B545",
  urgentSoft: "#31240B",
  info: "#6DB6F2",
  infoSoft: "#10283C",
  ok: "#5ADBBA",
  okSoft: "#0D2C24",
  neutral: "#9AA3AC",
  neutralSoft: "#20262C",
  ai: "#F0A3D0",
  aiSoft: "#37182B",
  focus: "#8FE3EC",
  gp: "#E3A95C",
  mq: "#4FBAC6",
  gf: "#9CC466",
  lc: "#D79BE0",
  fr: "#9FACF5",
} as const;

export type Token = keyof typeof dark;

export const light: Record<Token, string> = {
  viewport: "#000000",
  canvas: "#F4F6F4",
  surface: "#FFFFFF",
  raised: "#FFFFFF",
  hover: "#EDF1EF",
  selected: "#DCEFF1",
  line: "#DDE3E0",
  line2: "#C3CCC8",
  text: "#14201F",
  text2: "#465553",
  text3: "#596865",
  accent: "#0A6673",
  accentBtn: "#0A6673",
  accentSoft: "#DFF0F1",
  onAccent: "#FFFFFF",
  critical: "#9C2405",
  criticalSoft: "#FBE7DF",
  onCritical: "#FFFFFF",
  urgent: "#8F6000",
  urgentSoft: "#FBF0D6",
  info: "#0B5C9C",
  infoSoft: "#E1EEF9",
  ok: "#00664F",
  okSoft: "#DEF2EB",
  neutral: "#66726F",
  neutralSoft: "#E9EDEB",
  ai: "#9A2F73",
  aiSoft: "#F9E5F1",
  focus: "#0A6673",
  gp: "#B4701A",
  mq: "#0A7C8B",
  gf: "#5B8522",
  lc: "#8E4AA8",
  fr: "#4A5AC2",
};

/** The drawing of the sign-in page, the logo and words over an image keep their colours in both themes. */
export const brand = {
  "brand-deep": "#07161B",
  "brand-mid": "#0A2229",
  "brand-high": "#12414B",
  "brand-ink": "#E6F2F3",
  "brand-ink2": "#A9C6CA",
  "brand-line": "#8FE3EC",
  "brand-isle": "#4FBAC6",
  "brand-sun": "#F0B545",
  "brand-tile": "#12303A",
  "image-ink": "#E8ECEF",
} as const;

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Custom properties of one theme: `accentBtn` becomes `--accent-btn`. */
export const properties = (tokens: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(tokens).map(([name, value]) => [`--${kebab(name)}`, value]));

const ramp = (...shades: [string, string, string, string, string, string, string, string, string, string]) =>
  shades;

/** Ten-step ramps for Mantine; step 4 is the dark theme's colour, step 6 the light one's. */
export const ramps = {
  lagon: ramp(
    "#EAF7F8",
    "#D3EEF1",
    "#B0E0E5",
    "#84CFD7",
    "#4FBAC6",
    "#1A7A87",
    "#0A6673",
    "#085762",
    "#074750",
    "#05333A",
  ),
  critical: ramp(
    "#FFEFEC",
    "#FFDED7",
    "#FFC4B7",
    "#FFA48E",
    "#FF7D5E",
    "#CE5032",
    "#9C2405",
    "#851F04",
    "#6D1904",
    "#4E1202",
  ),
  dark: ramp(
    "#DCE1E5",
    "#A9B2BA",
    "#8E98A2",
    "#5B656E",
    "#363E46",
    "#252B31",
    "#191D21",
    "#121518",
    "#0B0D0F",
    "#000000",
  ),
};
