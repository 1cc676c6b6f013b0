/** Forbidden imports of each folder; tests/web/import_rules.test.ts violates each rule once. */
export const IMPORT_RULES = [
  {
    files: "**/src/protocol/*.ts",
    regex: "^\\.\\./",
    message: "The protocol imports nothing of the rest.",
  },
  {
    files: "**/src/protocol/*/*.ts",
    regex: "^\\.\\./\\.\\./",
    message: "The protocol imports nothing of the rest.",
  },
  {
    files: "**/src/{client,workshop}/*.ts",
    regex: "/(view|pages|messages)/",
    message: "Only pages show things.",
  },
  {
    files: "**/src/{view,pages}/{,ballot/,results/}*.{ts,tsx}",
    regex: "/messages/organizer\\.ts$",
    message: "Only the organizer's pages load the organizer's messages.",
  },
];
