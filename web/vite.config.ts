/** Builds the workstation into the package that serves it; `--mode states` also builds /__states. */
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const node = process.env.ARCHIPEL_NODE ?? "http://127.0.0.1:8042";

export default defineConfig(({ mode }) => ({
  plugins: [react()],
  resolve: { alias: { "@": here("src") } },
  build: {
    target: "es2022",
    outDir: mode === "states" ? here("dist-states") : here("../src/archipel/protocols/web/static/shell"),
    emptyOutDir: true,
    // Nothing is inlined: the Content-Security-Policy of the node allows no data: script or font.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: Object.fromEntries(["/api", "/dicomweb", "/viewer"].map((path) => [path, { target: node }])),
  },
  test: { include: ["tests/**/*.test.ts"] },
}));
