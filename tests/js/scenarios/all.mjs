// SPDX-License-Identifier: Apache-2.0
// What an SQS server does, told as data: see ../scenario.mjs. Every scenario makes its own queues.
import fifo from "./fifo.mjs";
import refusals from "./refusals.mjs";
import standard from "./standard.mjs";

export default [...standard, ...refusals, ...fifo];
