/* SPDX-License-Identifier: Apache-2.0 */
/* What can be asked of a running agent over its socket (status.h): {"op": "status"} reads; {"op": "pause", "trigger": ID}
 * and "resume" change one trigger, and last until the agent ends. An answer is one JSON document; {"error": …, "known":
 * [trigger ids]} when nothing was done. */
#pragma once

#include "common/base/buf.h"
#include "common/base/value.h"

/* `request` NULL: what came was not JSON. 0, or -errno when the answer could not be made. */
int agent_answer(void *agent, const struct value *request, struct buf *out);
