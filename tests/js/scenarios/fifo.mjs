// SPDX-License-Identifier: Apache-2.0
// FIFO queues.
import {
  create, call, send, receive, glance, all, ten, handle, remove, visibility, counts, fifo, inGroup,
} from "./words.mjs";

export default [
  {
    name: "fifo-order",
    promise: "a FIFO queue keeps the order within a group and blocks it while it is in flight",
    steps: [
      create("order.fifo", fifo()),
      call("SendMessageBatch", {
        Entries: ["a1", "a2", "b1", "a3"].map((body) => ({ Id: body, MessageBody: body, ...inGroup(body[0], body) })),
      }, ["Successful.*.Id"]),
      receive({ ...all, ...ten, MaxNumberOfMessages: 2 },
        ["Messages.*.Body", "keys:Messages.0.Attributes", "Messages.*.Attributes.MessageGroupId"],
        { a1: "Messages.0.ReceiptHandle", a2: "Messages.1.ReceiptHandle" }),
      receive(ten, ["Messages.*.Body"], handle("b1")),
      glance(ten),
      visibility("a2", 0),
      visibility("a1", 0),
      receive({}, ["Messages.*.Body"], handle("a1")),
      remove("a1"),
      receive({}, ["Messages.*.Body"], handle("a2")),
      remove("a2"),
      receive(ten, ["Messages.*.Body"], handle("a3")),
      remove("a3"),
      remove("b1"),
      counts,
    ],
  },
  {
    name: "fifo-deduplication",
    promise: "a FIFO queue does not take the same message twice",
    steps: [
      create("twice.fifo", fifo()),
      send("one", inGroup("g", "d1"), ["present:SequenceNumber"]),
      send("one again", inGroup("g", "d1"), ["present:SequenceNumber"]),
      send("no id", inGroup("g")),
      send("no group", { MessageDeduplicationId: "d2" }),
      send("delayed", { ...inGroup("g", "d3"), DelaySeconds: 1 }),
      receive(ten, ["Messages.*.Body"], handle("h")),
      remove("h"),
      send("one after", inGroup("g", "d1")),
      glance(ten),
      create("content.fifo", fifo({ ContentBasedDeduplication: "true" })),
      send("same", inGroup("g")),
      send("same", inGroup("g")),
      send("other", inGroup("g")),
      receive({ ...ten, ...all }, ["Messages.*.Body", "length:Messages.0.Attributes.MessageDeduplicationId"]),
    ],
  },
  {
    name: "fifo-expired-handle",
    promise: "a handle of a FIFO queue is worth nothing after the visibility timeout",
    steps: [
      create("expired.fifo", fifo()),
      send("x", inGroup("g", "1")),
      receive({}, ["count:Messages"], handle("h")),
      visibility("h", 0),
      remove("h"),
      counts,
    ],
  },
  {
    name: "fifo-attempt",
    promise: "a receive from a FIFO queue can be repeated",
    steps: [
      create("repeat.fifo", fifo()),
      send("r1", inGroup("g", "1")),
      send("r2", inGroup("h", "2")),
      receive({ ReceiveRequestAttemptId: "try" }, ["Messages.*.Body"], handle("first")),
      receive({ ReceiveRequestAttemptId: "try" }, ["Messages.*.Body"], handle("same")),
      receive({ ReceiveRequestAttemptId: "other" }, ["Messages.*.Body"], handle("second")),
      remove("first"),
      glance({ ReceiveRequestAttemptId: "try" }),
      counts,
    ],
  },
];
