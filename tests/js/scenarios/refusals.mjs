// SPDX-License-Identifier: Apache-2.0
// Batches, requests that are refused, and queues as such.
import { create, call, send, receive, ten, counts, fifo, entries } from "./words.mjs";

export default [
  {
    name: "batch",
    promise: "batches succeed and fail entry by entry",
    steps: [
      create("batch"),
      call("SendMessageBatch", { Entries: entries(10, (i) => ({ MessageBody: `m${i}` })) },
        ["Successful.*.Id", "Successful.0.MD5OfMessageBody", "count:Failed"]),
      receive({ ...ten, VisibilityTimeout: 0 }, ["sorted:Messages.*.Body"]),
      receive(ten, ["count:Messages"],
        { a: "Messages.0.ReceiptHandle", b: "Messages.1.ReceiptHandle", c: "Messages.2.ReceiptHandle" }),
      call("ChangeMessageVisibilityBatch", {
        Entries: [
          { Id: "a", ReceiptHandle: "$a", VisibilityTimeout: 100 },
          { Id: "bad", ReceiptHandle: "$b", VisibilityTimeout: 43201 },
        ],
      }, ["Successful.*.Id", "Failed.*.Id", "Failed.*.Code", "Failed.*.SenderFault"]),
      call("DeleteMessageBatch", {
        Entries: [{ Id: "a", ReceiptHandle: "$a" }, { Id: "junk", ReceiptHandle: "junk" },
          { Id: "b", ReceiptHandle: "$b" }],
      }, ["Successful.*.Id", "Failed.*.Id", "Failed.*.Code", "Failed.*.SenderFault"]),
      counts,
      call("SendMessageBatch", {
        Entries: [{ Id: "good", MessageBody: "x" }, { Id: "bad", MessageBody: "\u0001" }],
      }, ["Successful.*.Id", "Failed.*.Id", "Failed.*.Code", "Failed.*.SenderFault"]),
    ],
  },
  {
    name: "wrong-batch",
    promise: "a batch that is wrong as a whole fails as a whole",
    steps: [
      create("wrong-batch"),
      call("SendMessageBatch", { Entries: [] }),
      call("SendMessageBatch", { Entries: entries(11, () => ({ MessageBody: "x" })) }),
      call("SendMessageBatch", { Entries: [{ Id: "a", MessageBody: "x" }, { Id: "a", MessageBody: "y" }] }),
      call("SendMessageBatch", { Entries: [{ Id: "a b", MessageBody: "x" }] }),
      call("SendMessageBatch", { Entries: [{ Id: "i".repeat(81), MessageBody: "x" }] }),
      call("SendMessageBatch", { Entries: entries(2, () => ({ MessageBody: "x".repeat(600000) })) }),
      call("DeleteMessageBatch", { Entries: [] }),
      call("DeleteMessageBatch", { Entries: entries(11, () => ({ ReceiptHandle: "x" })) }),
      counts,
    ],
  },
  {
    name: "refused",
    promise: "requests that are refused",
    steps: [
      create("refused"),
      call("SendMessage", { QueueUrl: "http://127.0.0.1/000000000000/nowhere", MessageBody: "x" }),
      call("ReceiveMessage", { QueueUrl: "http://127.0.0.1/000000000000/nowhere" }),
      { op: "GetQueueUrl", params: { QueueName: "nowhere" } },
      receive({ MaxNumberOfMessages: 11 }),
      receive({ MaxNumberOfMessages: 0 }),
      receive({ WaitTimeSeconds: 21 }),
      send("nul \u0000"),
      send("bell \u0007"),
      send("not a character \uffff"),
      send(""),
      send("x".repeat(1048577)),
      send("x", { DelaySeconds: 901 }),
      send("x", { MessageDeduplicationId: "d" }),
      call("DeleteMessage", { ReceiptHandle: "junk" }),
      call("ChangeMessageVisibility", { ReceiptHandle: "junk", VisibilityTimeout: 1 }),
      call("GetQueueAttributes", { AttributeNames: ["Nonsense"] }),
      call("SetQueueAttributes", { Attributes: { VisibilityTimeout: "43201" } }),
    ],
  },
  {
    name: "manage",
    promise: "queues are made, found, changed and deleted",
    steps: [
      create("manage", { VisibilityTimeout: "7" }),
      create("manage", { VisibilityTimeout: "7" }),
      create("manage", { VisibilityTimeout: "8" }),
      create("no spaces"),
      create("plain", fifo()),
      create("not.fifo"),
      create("odd", { Nonsense: "1" }),
      { op: "GetQueueUrl", params: { QueueName: "manage" }, show: ["present:QueueUrl"] },
      { op: "ListQueues", params: { QueueNamePrefix: "manage" }, show: ["count:QueueUrls"] },
      call("SetQueueAttributes", { Attributes: { VisibilityTimeout: "9", DelaySeconds: "3" } }),
      call("GetQueueAttributes", {
        AttributeNames: ["VisibilityTimeout", "DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod",
          "ReceiveMessageWaitTimeSeconds"],
      }, ["Attributes"]),
      call("GetQueueAttributes", { AttributeNames: ["QueueArn"] }, ["tail:Attributes.QueueArn"]),
      send("purged", { DelaySeconds: 0 }),
      call("PurgeQueue"),
      counts,
      call("DeleteQueue"),
      send("nobody"),
    ],
  },
];
