/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent holds, in a file that is mapped into memory (state/held): it outlives the process whatever ends it, and a
 * message costs no system call. After a crash the next start reads what is in it, gives those messages back at once and
 * marks their executions KILLED (P8a). A power cut may lose or tear what was written last; then a handle in it is refused by
 * SQS or was given back already, and the message waits for its visibility timeout.
 *
 * The file belongs to the one agent that has the state folder's lock. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/base/cleanup.h"

#define HELD_NONE UINT32_MAX

struct held;

/* One message. All texts are borrowed; `group_id` may be NULL. */
struct held_message {
        const char *trigger, *flow, *queue_url, *message_id, *group_id, *receipt_handle;
        uint64_t flow_revision;
        uint64_t execution_id;  /* 0: it waits, none has started */
        uint64_t start_usec;    /* of the execution, wall clock */
        uint32_t receive_count;
        pid_t runner;           /* that works on the execution; 0: none, or not known */
};

/* Opens or makes the file (0640). What the last agent left stays in it until it is dropped. 0 or -errno. */
int held_open(const char *path, struct held **ret) _must_check_;
/* The file stays. Returns NULL. */
struct held *held_free(struct held *h);
DEFINE_CLEANUP(struct held *, held_free)

/* Tells every message in the file and its place, in the order in which they were put. 0 or -errno; a negative return of
 * `on_message` ends it and is returned. */
typedef int (*held_func)(void *userdata, uint32_t place, const struct held_message *message);
int held_each(struct held *h, held_func on_message, void *userdata) _must_check_;

/* Puts a message in: its place, for the calls below. HELD_NONE when there is no room (the disk is full, or its texts are
 * longer than a place): then nobody gives it back after a crash, which costs a visibility timeout and no message. */
uint32_t held_put(struct held *h, const struct held_message *m);
/* Each is legal with HELD_NONE, and then does nothing. */
void held_started(struct held *h, uint32_t place, uint64_t execution_id, uint64_t start_usec, pid_t runner);
void held_ended(struct held *h, uint32_t place); /* the runner may work on others from now on */
void held_new_handle(struct held *h, uint32_t place, const char *receipt_handle);
void held_drop(struct held *h, uint32_t place);
