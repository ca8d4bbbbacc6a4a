import { expect, test } from "vitest";
import { BatchConnection, type BatchSocket } from "../src/batch-connection.js";
import { RequestBatch } from "../src/request-batch.js";

const NLM_F_ACK = 4;

/** A kernel that refuses some requests (by their count from 0) with EEXIST; of what it answers, some is lost. */
function kernel(refuses: (request: number) => boolean, loses: "nothing" | "an answer" | "the last answer") {
  let listener: Parameters<BatchSocket["listenRanges"]>[0] | undefined;
  let answers: { readonly sequence: number; readonly error: number }[] = [];
  let count = 0;
  const socket: BatchSocket = {
    portId: 77,
    send(datagram) {
      const view = new DataView(datagram.buffer, datagram.byteOffset, datagram.byteLength);
      for (let at = 0; at < datagram.length; at += view.getUint32(at, true)) {
        const error = refuses(count) ? -17 : 0;
        const wanted = (view.getUint16(at + 6, true) & NLM_F_ACK) !== 0;
        if (error !== 0 || wanted) answers.push({ sequence: view.getUint32(at + 8, true), error });
        count += 1;
      }
      return 0;
    },
    listenRanges: (wants) => {
      listener = wants;
    },
    drain() {
      if (loses === "the last answer") answers.pop();
      for (const { sequence, error } of answers) {
        const bytes = new Uint8Array(36);
        const view = new DataView(bytes.buffer);
        view.setUint32(0, 36, true);
        view.setUint16(4, 2, true); // NLMSG_ERROR
        view.setUint32(8, sequence, true);
        view.setInt32(16, error, true);
        listener?.onRange(bytes, 0, bytes.length);
      }
      if (loses === "an answer") listener?.onOverrun();
      answers = [];
    },
    unref() {},
    close() {},
  };
  return new BatchConnection(socket);
}

function requests(count: number): RequestBatch {
  const batch = new RequestBatch();
  for (let n = 0; n < count; n++) {
    batch.begin(0x100, 0, 2);
    batch.finish();
  }
  return batch;
}

test("what is not refused was done: one answer for 64 requests is enough", () => {
  const refused = [0, 63, 64, 99];
  const outcomes = kernel((n) => refused.includes(n), "nothing").send(requests(100));
  expect([...outcomes].flatMap((errno, n) => (errno === 0 ? [] : [`${n}: ${errno}`]))).toEqual(
    refused.map((n) => `${n}: 17`),
  );
});

test.each(["an answer", "the last answer"] as const)(
  "%s was lost: what is not refused is unknown",
  (loses) => {
    const outcomes = kernel((n) => n === 1, loses).send(requests(3));
    expect([...outcomes]).toEqual([105, 17, loses === "an answer" ? 0 : 105]);
  },
);
