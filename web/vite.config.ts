/** Builds the workstation into the package that serves it; `--mode states` also builds /__states. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const node = process.env.ARCHIPEL_NODE ?? "http://127.0.0.1:8042";

/** Leaves a .br and a .gz beside each file that gains by it: the node sends those to browsers that read them. */
export function packed(): Plugin {
  const quality = { [constants.BROTLI_PARAM_QUALITY]: 9 };
  return {
    name: "packed",
    apply: "build",
    writeBundle({ dir }) {
      if (dir === undefined) return;
      for (const found of readdirSync(dir, { recursive: true, withFileTypes: true })) {
        if (!found.isFile() || !/\.(js|css|wasm|svg|html)$/.test(found.name)) continue;
        const path = join(found.parentPath, found.name);
        const content = readFileSync(path);
        if (content.length < 1024) continue;
        writeFileSync(`${path}.br`, brotliCompressSync(content, { params: quality }));
        writeFileSync(`${path}.gz`, gzipSync(content));
      }
    },
  };
}

export default defineConfig(({ mode }) => ({
  plugins: [react(), packed()],
  // vtk.js reaches for Node's `events`, through a writer of XML that nobody calls.
  resolve: { alias: { "@": here("src"), events: "events/" } },
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: mode === "states" ? here("dist-states") : here("../src/archipel/protocols/web/static/shell"),
    emptyOutDir: true,
    // Nothing is inlined: the Content-Security-Policy of the node allows no data: script or font.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The image engine is one file of 3.4 MB, fetched when the first image is opened.
    chunkSizeWarningLimit: 3600,
  },
  server: {
    proxy: Object.fromEntries(["/api", "/dicomweb", "/viewer"].map((path) => [path, { target: node }])),
  },
  test: { include: ["tests/**/*.test.ts"] },
}));
