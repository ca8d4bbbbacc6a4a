/** What monitoring wants to know, as OpenMetrics, read from the session when somebody asks. */
import type { Metrics } from "@systole/daemon";
import type { Instant } from "@systole/machine";
import { type StatusParts, statusOf } from "./status.js";

export function publishMetrics(metrics: Metrics, parts: StatusParts, now: () => Instant): void {
  const gauge = (name: string, help: string) => metrics.gauge(`systole_ctsyncd_${name}`, help);
  const flows = gauge("flows", "entries by origin: our own kernel, or a peer");
  const cacheBytes = gauge("cache_bytes", "memory of the caches");
  const lag = gauge("lag_messages", "messages that the peer has not acknowledged or that wait to be sent");
  const lagMs = gauge("lag_milliseconds", "since the peer last acknowledged something while it owes more");
  const coverage = gauge(
    "coverage_ratio",
    "part of our entries that the peer has, by samples if it is ctsyncd",
  );
  const sampled = gauge(
    "coverage_sampled_flows",
    "entries that the last samples compared; 0: it is estimated",
  );
  const established = gauge("peer_established", "1 while the peer is heard");
  const events = gauge("kernel_events", "events read from the kernel since the start");
  const overruns = gauge("kernel_overruns", "times that the kernel dropped events");
  const lost = gauge("messages_lost", "messages of a peer that never came and were asked for again");
  const healthy = gauge("healthy", "1 while a peer is heard and keeps up");
  metrics.beforePrint(() => {
    const { local, peers, health, kernel } = statusOf(parts, now());
    flows.set(local.flows, { origin: "local" });
    cacheBytes.set(local.bytes, { origin: "local" });
    for (const { address, flows: count, bytes, established: heard, received } of peers) {
      flows.set(count, { origin: address });
      cacheBytes.set(bytes, { origin: address });
      established.set(heard ? 1 : 0, { peer: address });
      lost.set(received.lost, { peer: address });
    }
    lag.set(health.lagMessages);
    lagMs.set(health.lagMs);
    coverage.set(health.coverage);
    sampled.set(health.sampledFlows);
    events.set(kernel.events);
    overruns.set(kernel.overruns);
    healthy.set(health.ok ? 1 : 0);
  });
}
