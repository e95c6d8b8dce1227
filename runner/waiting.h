/* SPDX-License-Identifier: Apache-2.0 */
/* FLOW and EXECUTE frames that came while an execution runs, in their order. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct waiting_frame;

/* All-zero is empty. */
struct waiting {
        struct waiting_frame *first, *last;
};

/* Copies one whole frame. 0 or -ENOMEM. */
int waiting_add(struct waiting *w, const char *frame, size_t len);
/* The oldest one, owned by the caller; NULL when none waits. */
char *waiting_take(struct waiting *w, size_t *ret_len);
/* Removes the EXECUTE frame of this execution. False when it does not wait. */
bool waiting_drop_execution(struct waiting *w, uint64_t execution_id);
void waiting_done(struct waiting *w);
