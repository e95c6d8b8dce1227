// SPDX-License-Identifier: Apache-2.0
// sqs-consumer with a batch handler that does nothing: the peer of the benchmarks.
//   node consumer.mjs ENDPOINT QUEUE_URL COUNT   prints {"messages", "cpu_us_per_message", "rss_mb"} when COUNT are done
import { SQSClient } from "@aws-sdk/client-sqs";
import { Consumer } from "sqs-consumer";

const [endpoint, queueUrl, count] = process.argv.slice(2);
const wanted = Number(count);
const sqs = new SQSClient({
  endpoint,
  region: "eu-north-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
});

let done = 0;
let begun;

function report() {
  const used = process.cpuUsage(begun);
  const figures = {
    messages: done,
    cpu_us_per_message: (used.user + used.system) / done,
    rss_mb: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
}

const consumer = Consumer.create({
  queueUrl,
  sqs,
  batchSize: 10,
  waitTimeSeconds: 1,
  handleMessageBatch: async (messages) => {
    done += messages.length;
    return messages;
  },
});
consumer.on("response_processed", () => {
  if (done >= wanted) report();
});
consumer.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
begun = process.cpuUsage();
consumer.start();
