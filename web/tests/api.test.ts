import { readFileSync } from "node:fs";
import openapiTS, { astToString } from "openapi-typescript";
import { expect, test } from "vitest";

test("schema.d.ts is what the OpenAPI document of the node gives: `npm run api` after it changes", async () => {
  const made = astToString(await openapiTS(new URL("../openapi.json", import.meta.url)));
  const held = readFileSync(new URL("../src/api/schema.d.ts", import.meta.url), "utf8");

  expect(held).toContain(made.trim());
}, 30_000); // a busy machine takes its time
