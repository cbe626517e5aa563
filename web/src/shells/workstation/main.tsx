/** The workstation: the entry page of professionals. */
import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "@/kit/base.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { onSignedOut, queryClient } from "@/api/client";
import { forget } from "@/api/session";
import { startSpeaking } from "@/i18n";
import { listenToKeys } from "@/kit/useKeys";
import { router } from "./router";

onSignedOut(() => {
  forget();
  void router.navigate({ to: "/login", search: { next: location.pathname + location.search, over: "1" } });
});
listenToKeys();

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
await startSpeaking();
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
