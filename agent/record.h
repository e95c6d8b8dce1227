/* SPDX-License-Identifier: Apache-2.0 */
/* What a runner tells, into the store. */
#pragma once

#include <stdint.h>

#include "common/base/buf.h"
#include "common/link/protocol.h"
#include "common/store/store.h"

/* `scratch` is reused for NUL-terminated copies. 0 or -ENOMEM. */
int record_task_run(struct store *store, uint64_t execution_id, const struct frame_task_run *f, struct buf *scratch);

/* Takes the text's size from *budget; at its end one line says that the rest is left out. */
int record_log(struct store *store, uint64_t execution_id, const struct frame_log *f, uint64_t *budget);
