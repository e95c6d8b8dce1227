/* SPDX-License-Identifier: Apache-2.0 */
/* Sends copies of one message: batches of up to ten, a few at a time. Nothing is sent twice: after the first failure, what
 * is under way ends and nothing more is begun. */
#pragma once

#include "cli/attributes.h"
#include "cli/session.h"

struct sending {
        /* set by the caller, who owns them */
        const struct session *session;
        const char *queue_url;
        const char *group, *dedup;     /* NULL: none */
        const char *body;
        size_t body_len;
        const struct attributes *attributes;
        int delay_seconds;             /* -1: the queue's own */
        uint64_t count;
        bool is_fifo;

        /* the result; freed with sending_done() */
        struct value *ids;             /* list: message ids of what was sent */
        char *problem;                 /* the first; NULL: all were sent */
        int code;                      /* the exit code it means */

        uint64_t started;              /* messages */
        unsigned batches;              /* under way */
};

/* 0, also when messages could not be sent (then `problem` is set); -errno when the loop failed. */
int sending_run(struct sending *s);
void sending_done(struct sending *s);
