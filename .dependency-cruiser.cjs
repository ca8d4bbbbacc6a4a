// Layering, as dependency-cruiser sees it. test/tidy/layering.ts has the whole table; here are the rules that profit from
// real module resolution: circles, and modules that cannot be found.
const daemons = "heartbeat|ldirectord|ctsyncd|notifierd";

module.exports = {
  forbidden: [
    {
      name: "no-circle",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "not-found", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "daemons-do-not-know-each-other",
      severity: "error",
      from: { path: `^packages/(${daemons})/src` },
      to: { path: `^packages/(${daemons})/`, pathNot: "^packages/$1/" },
    },
    {
      name: "nobody-imports-the-simulation",
      severity: "error",
      from: { pathNot: "^packages/sim/" },
      to: { path: "^packages/sim/" },
    },
    {
      name: "a-core-is-pure",
      severity: "error",
      from: { path: "^packages/[^/]+/src/core/" },
      to: { dependencyTypes: ["core"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|test)/" },
    tsPreCompilationDeps: "specify",
    combinedDependencies: true,
    tsConfig: { fileName: "tsconfig.options.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["types", "import", "default"] },
  },
};
