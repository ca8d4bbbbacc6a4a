/** Our side of the hammering client. */
import type { LabNode } from "../lab/node.js";
import type { Running } from "../lab/process.js";
import { until } from "../lab/until.js";
import type { HammerLine, HammerReport } from "./hammer.js";
import type { Pace } from "./pace.js";
import type { Story } from "./story.js";

export class Client {
  readonly #process: Running;
  #reports: HammerReport[];

  private constructor(process: Running, reports: HammerReport[]) {
    this.#process = process;
    this.#reports = reports;
  }

  /** Starts to ask `address` and never stops. */
  static async start(
    node: LabNode,
    program: string,
    address: string,
    pace: Pace,
    story: Story,
  ): Promise<Client> {
    const reports: HammerReport[] = [];
    const onLine = (text: string) => {
      if (!text.startsWith("{")) return story.say("client", text);
      const line: HammerLine = JSON.parse(text);
      if ("report" in line) reports.push(line.report);
      else if (line.outage === "began") story.say("client", `gets no answer since ${line.ms} ms`);
      else story.say("client", `is answered again, after ${line.ms} ms`);
    };
    const command = [process.execPath, program, address, "80", String(pace.hammerMs), String(pace.streams)];
    return new Client(await node.spawn(command, { onLine }), reports);
  }

  /** Opens the connections that stay open. */
  openStreams(): void {
    this.#process.write("streams\n");
  }

  /** From now on counts anew. */
  window(): void {
    this.#process.write("window\n");
  }

  async report(): Promise<HammerReport> {
    this.#reports.length = 0;
    this.#process.write("report\n");
    return until("the client to report", () => {
      if (this.#process.ended) throw new Error("the client died");
      return this.#reports[0];
    });
  }

  /** Asks for reports until one is as wanted, or the limit is over: then the last one is the answer. */
  async reportWhen(wanted: (report: HammerReport) => boolean, limitMs: number): Promise<HammerReport> {
    const start = performance.now();
    for (;;) {
      const report = await this.report();
      if (wanted(report) || performance.now() - start > limitMs) return report;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async stop(): Promise<void> {
    await this.#process.stop(1000);
  }
}
