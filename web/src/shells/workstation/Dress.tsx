/** Puts the page in its theme; notices live here too. */
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import type { ReactNode } from "react";
import { type PageKind, useScheme } from "@/kit/scheme";
import { cssVariablesResolver, theme } from "@/kit/theme";

interface DressProps {
  page: PageKind;
  preferred: "reading" | "light";
  children: ReactNode;
}

export function Dress({ page, preferred, children }: DressProps) {
  const scheme = useScheme(page, preferred);
  return (
    <MantineProvider theme={theme} forceColorScheme={scheme} cssVariablesResolver={cssVariablesResolver}>
      <Notifications position="bottom-center" containerWidth={460} limit={3} autoClose={6000} />
      {children}
    </MantineProvider>
  );
}
