/** The direction of web/: shells, then rooms, viewer, kit, and at the bottom i18n and api. Nobody looks back up. */
const ALLOWED = {
  api: [],
  i18n: [],
  kit: ["i18n"],
  viewer: ["kit", "i18n", "api"],
  rooms: ["viewer", "kit", "i18n", "api"],
  shells: ["rooms", "viewer", "kit", "i18n", "api"],
};

const downwards = Object.entries(ALLOWED).map(([floor, below]) => ({
  name: `${floor}-looks-only-down`,
  comment: `src/${floor} may import itself and: ${below.join(", ") || "nothing of ours"}.`,
  severity: "error",
  from: { path: `^src/${floor}/` },
  to: { path: "^src/", pathNot: `^src/(${[floor, ...below].join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: "rooms-are-strangers",
      comment: "A room that needs another's piece asks for it in kit, or the shell puts the two together.",
      severity: "error",
      from: { path: "^src/rooms/([^/]+)/" },
      to: { path: "^src/rooms/", pathNot: "^src/rooms/$1/" },
    },
    {
      name: "the-portal-is-small",
      comment: "What guests load from the internet holds nothing of the workstation, at any remove.",
      severity: "error",
      from: { path: "^src/shells/portal/" },
      to: { path: "^src/", pathNot: "^src/(shells/portal/|kit/tokens|api/schema)" },
    },
    {
      name: "nothing-unresolved",
      comment: "A mistyped path would otherwise slip past every rule above.",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    { name: "no-circles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    {
      name: "light-viewer-is-lazy",
      comment: "The image engine must not be in the first load of the shell.",
      severity: "error",
      from: { path: "^src/(rooms|shells)/" },
      to: { path: "^src/viewer/light/", dependencyTypesNot: ["dynamic-import", "type-only"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "\\.css$|^@fontsource|\\?url$" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "default", "types"] },
  },
};
