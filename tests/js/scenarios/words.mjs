// SPDX-License-Identifier: Apache-2.0
// The words that scenarios are written in: each makes one step, or a part of one (../scenario.mjs).

export const create = (name, attributes, keep = "q") => ({
  op: "CreateQueue",
  params: { QueueName: name, ...(attributes && { Attributes: attributes }) },
  keep: { [keep]: "QueueUrl" },
});
export const call = (op, params = {}, show = [], keep = {}) => ({ op, params: { QueueUrl: "$q", ...params }, show, keep });
export const send = (body, more = {}, show = []) => call("SendMessage", { MessageBody: body, ...more }, show);
// Waits a little for messages, so that it does not matter how quick a server is …
export const receive = (more = {}, show = ["Messages.*.Body"], keep = {}) =>
  call("ReceiveMessage", { WaitTimeSeconds: 3, ...more }, show, keep);
// … while a glance, which does not wait, is for what must not be there.
export const glance = (more = {}) => call("ReceiveMessage", { WaitTimeSeconds: 0, ...more }, ["count:Messages"]);
export const all = { MessageAttributeNames: ["All"], MessageSystemAttributeNames: ["All"] };
export const ten = { MaxNumberOfMessages: 10 };
export const handle = (name) => ({ [name]: "Messages.0.ReceiptHandle" });
export const remove = (name) => call("DeleteMessage", { ReceiptHandle: `$${name}` });
export const visibility = (name, seconds) =>
  call("ChangeMessageVisibility", { ReceiptHandle: `$${name}`, VisibilityTimeout: seconds });
export const counts = call("GetQueueAttributes", {
  AttributeNames: [
    "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed",
  ],
}, ["Attributes"]);
export const fifo = (more = {}) => ({ FifoQueue: "true", ...more });
export const inGroup = (group, id) => ({ MessageGroupId: group, ...(id && { MessageDeduplicationId: id }) });
export const text = (value, type = "String") => ({ DataType: type, StringValue: value });
export const bytes = (list, type = "Binary") => ({ DataType: type, BinaryValue: Uint8Array.from(list) });
export const entries = (count, make) => Array.from({ length: count }, (_, i) => ({ Id: `e${i}`, ...make(i) }));
