/** What changes while heartbeat runs: its configuration, and the core at work. */
import type { Driven } from "@systole/machine";
import type { CoreEvent } from "../core/event.js";
import type { ClusterState } from "../core/state.js";
import type { RunnerGroup } from "../resources/runner.js";
import type { Configuration } from "./configuration.js";

export class Present {
  #configuration: Configuration;
  /** Also those of former configurations: they may still have to be stopped. */
  readonly #groups = new Map<string, RunnerGroup>();
  #cluster: Driven<ClusterState, CoreEvent> | undefined;
  readonly #ownsNothing: boolean;

  /** @param resources false: this node never owns a group, whatever haresources says (`heartbeat -M`). */
  constructor(configuration: Configuration, resources = true) {
    this.#ownsNothing = !resources;
    this.#configuration = this.#fit(configuration);
    this.#know();
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  /** Of the present configuration. */
  get groups(): readonly RunnerGroup[] {
    return this.#configuration.haresources;
  }

  group(key: string): RunnerGroup | undefined {
    return this.#groups.get(key);
  }

  /** The node that a group prefers. */
  preferred(key: string): string | undefined {
    return this.#configuration.haresources.find((group) => group.key === key)?.preferred;
  }

  begin(cluster: Driven<ClusterState, CoreEvent>): void {
    this.#cluster = cluster;
  }

  /** Nobody decides yet before `begin`: what comes so early is not missed, heartbeats repeat. */
  feed(event: CoreEvent): void {
    this.#cluster?.feed(event);
  }

  /** @throws Error before `begin`. */
  get state(): ClusterState {
    if (this.#cluster === undefined) throw new Error("the cluster has not begun");
    return this.#cluster.state();
  }

  /** No other node is alive, as far as we know. */
  get alone(): boolean {
    return ![...this.state.peers.values()].some(({ liveness }) => liveness.kind === "alive");
  }

  /** Keys, lease, groups and settings of a new configuration. The media are the caller's. */
  replace(next: Configuration): void {
    this.#configuration = this.#fit(next);
    this.#know();
    this.feed({ type: "configured", settings: this.#configuration.settings });
  }

  #fit(configuration: Configuration): Configuration {
    if (!this.#ownsNothing) return configuration;
    return {
      ...configuration,
      haresources: [],
      settings: { ...configuration.settings, groups: [], ownsNothing: true },
    };
  }

  #know(): void {
    for (const group of this.#configuration.haresources) this.#groups.set(group.key, group);
  }
}
