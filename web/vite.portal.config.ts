/** Builds the results portal: a bundle of its own, without anything of the workstation. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import { packed } from "./vite.config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const node = process.env.ARCHIPEL_NODE ?? "http://127.0.0.1:8042";

export default defineConfig({
  base: "/portal/",
  publicDir: false,
  plugins: [packed()],
  resolve: { alias: { "@": here("src") } },
  build: {
    target: "es2020", // phones that get no new browser any more
    outDir: here("../src/archipel/protocols/web/static/portal"),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: here("portal.html") },
  },
  server: { proxy: { "/portal/api": { target: node } } },
});
