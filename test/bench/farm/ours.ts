/**
 * ldirectord as it is, over a table in memory: what test/bench/checks.ts measures on kernels without ip_vs.
 *
 * ours.ts CONFIG: runs in the foreground; each change of a weight goes to the file IPVS_CHANGES, as the stand-ins in C
 * write it.
 */
import { appendFileSync, readFileSync } from "node:fs";
import { runDaemon } from "@systole/daemon";
import { fakeKernel } from "@systole/kernel/fake";
import { parseConfiguration } from "@systole/ldirectord/shell/configuration";
import { runLdirectord } from "@systole/ldirectord/shell/daemon";

const path = process.argv[2] ?? "";
const changes = process.env.IPVS_CHANGES ?? "";
const { value, diagnostics } = await parseConfiguration({ path, text: readFileSync(path, "utf8") });
if (value === undefined) throw new Error(JSON.stringify(diagnostics));

const kernel = fakeKernel({
  trace(act) {
    if (act.type !== "balance") return;
    const { change } = act;
    if (change.type === "add-real" || change.type === "change-real") {
      const { endpoint, weight } = change.real;
      appendFileSync(
        changes,
        `${Math.round((performance.timeOrigin + performance.now()) * 1000)} ${endpoint.address} ${weight}\n`,
      );
    }
  },
});

await runDaemon("ldirectord", { version: "bench" }, (context) =>
  runLdirectord(context, {
    instance: { name: "bench", path, pidFile: "/run/bench.pid", daemon: "ldirectord" },
    options: { debug: false, foreground: true, standby: false, json: false },
    config: value,
    openBalancer: async () => kernel,
    started: () => {},
  }),
);
