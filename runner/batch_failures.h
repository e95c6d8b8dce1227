/* SPDX-License-Identifier: Apache-2.0 */
/* `batchItemFailures`: which messages of a batch stay in the queue, as AWS Lambda has it: a list of
 * {"itemIdentifier": messageId}. Pure. */
#pragma once

#include "common/base/value.h"

#define BATCH_FAILURES_KEY "batchItemFailures"

/* Adds the ids of `outputs.batchItemFailures` to the list `ids`. 0, also when there is none; -EINVAL when it has another
 * shape; -ENOMEM. */
int batch_failures_add(struct value *ids, const struct value *outputs) _must_check_;
