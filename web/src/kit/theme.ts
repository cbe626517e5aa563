/** Mantine dressed in our tokens, so that no component has a colour of its own. */
import { type CSSVariablesResolver, createTheme } from "@mantine/core";
import { brand, dark, light, properties, ramps } from "./tokens";

export const theme = createTheme({
  primaryColor: "lagon",
  primaryShade: { light: 6, dark: 5 },
  colors: ramps,
  fontFamily: "'Inter Variable', system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace",
  fontSizes: { xs: "11px", sm: "12px", md: "13px", lg: "14px", xl: "16px" },
  lineHeights: { xs: "1.3", sm: "1.35", md: "1.4", lg: "1.45", xl: "1.5" },
  spacing: { xs: "4px", sm: "8px", md: "12px", lg: "16px", xl: "24px" },
  radius: { xs: "3px", sm: "6px", md: "10px", lg: "16px", xl: "24px" },
  defaultRadius: "sm",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  // Named, not imported: a dialog's code comes with the first dialog.
  components: {
    Notification: { defaultProps: { styles: { description: { color: "var(--text2)" } } } },
    Modal: { defaultProps: { centered: true, radius: "md", transitionProps: { duration: 120 } } },
  },
});

const onMantine = (tokens: Record<keyof typeof dark, string>, control: string): Record<string, string> => ({
  ...properties(tokens),
  "--mantine-color-body": tokens.surface,
  "--mantine-color-text": tokens.text,
  "--mantine-color-dimmed": tokens.text2,
  "--mantine-color-default": control,
  "--mantine-color-default-hover": tokens.hover,
  "--mantine-color-default-border": tokens.line2,
  "--mantine-color-placeholder": tokens.text3,
  "--mantine-color-error": tokens.critical,
  "--mantine-color-anchor": tokens.accent,
});

export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: properties(brand),
  light: onMantine(light, light.surface),
  dark: onMantine(dark, dark.canvas),
});
