// SPDX-License-Identifier: Apache-2.0
// Runs the scenarios through the AWS SDK against one server and prints what came out, one JSON line a step, so that
// servers can be compared. The SDK checks every MD5 itself and fails a step whose digest is wrong.
//   node scenario.mjs ENDPOINT [SCENARIO-FILE] [NAME…]
//
// A scenario is {name, promise, steps}; a step is one of
//   {op, params, keep: {name: path}, show: [path…], background: name}   a call of the API
//   {await: name}                                                       the outcome of a call that runs in background
// "$name" in params stands for what was kept. A path names members, "*" every one: "Messages.*.Body"; in front of it may
// stand count:, length:, sorted:, keys:, tail: (what follows the last colon), present:. An error's outcome is its name.
import { SQS } from "@aws-sdk/client-sqs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [endpoint, file = new URL("scenarios/all.mjs", import.meta.url).href, ...names] = process.argv.slice(2);
const client = new SQS({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId: "test", secretAccessKey: "test" },
  maxAttempts: 1,
});

function substitute(value, kept) {
  if (typeof value === "string" && value.startsWith("$")) return kept[value.slice(1)];
  if (Array.isArray(value)) return value.map((item) => substitute(item, kept));
  if (value && typeof value === "object" && !(value instanceof Uint8Array))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, kept)]));
  return value;
}

function follow(value, [head, ...rest]) {
  if (head === undefined || value === undefined) return value;
  if (head === "*") return (value ?? []).map((item) => follow(item, rest));
  return follow(value?.[head], rest);
}

const transforms = {
  count: (v) => v?.length ?? 0,
  sorted: (v) => [...(v ?? [])].sort(),
  keys: (v) => Object.keys(v ?? {}).sort(),
  tail: (v) => v?.split(":").at(-1),
  length: (v) => v?.length,
  present: (v) => v !== undefined && v !== null && v !== "",
};

function pick(answer, path) {
  const [, transform, members] = /^(?:(\w+):)?(.*)$/s.exec(path);
  const value = follow(answer, members.split("."));
  return transform ? transforms[transform](value) : value;
}

function plain(value) {
  if (value instanceof Uint8Array) return { base64: Buffer.from(value).toString("base64") };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.keys(value).sort().map((key) => [key, plain(value[key])]));
  return value ?? null;
}

async function call(step, kept) {
  const method = step.op[0].toLowerCase() + step.op.slice(1);
  try {
    const answer = await client[method](substitute(step.params ?? {}, kept));
    for (const [name, path] of Object.entries(step.keep ?? {})) kept[name] = pick(answer, path);
    return Object.fromEntries((step.show ?? []).map((path) => [path, plain(pick(answer, path))]));
  } catch (error) {
    return { error: error.name };
  }
}

async function run(scenario) {
  const kept = {};
  const background = {};
  const outcomes = [];
  for (const [index, step] of scenario.steps.entries()) {
    if (step.background) {
      background[step.background] = call(step, kept);
      continue;
    }
    const outcome = step.await ? await background[step.await] : await call(step, kept);
    outcomes.push({ scenario: scenario.name, step: index, op: step.op ?? `await ${step.await}`, outcome });
  }
  return outcomes;
}

const module = await import(file.startsWith("file:") ? file : pathToFileURL(resolve(file)).href);
const chosen = module.default.filter((scenario) => names.length === 0 || names.includes(scenario.name));
for (const outcomes of await Promise.all(chosen.map(run)))
  for (const outcome of outcomes) console.log(JSON.stringify(outcome));
process.exit(0);
