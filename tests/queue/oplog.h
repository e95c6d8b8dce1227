/* SPDX-License-Identifier: Apache-2.0 */
/* The operations log: one JSON object a line for everything that happened to a message, in the order it happened, so
 * that a checker can judge order.
 *
 *   {"time":µs since 1970,"op":"delete","queue":"orders","messageId":"…","receiveCount":1,"bodyMd5":"…","group":"…",
 *    "handle":"<ReceiptHandle>","visibleAt":µs,"waitSeconds":20,"result":"deleted"}
 *
 * Members that say nothing for an operation are left out; `handle` is the one the client used or was given. Results:
 *   send        sent, duplicate
 *   receive     received, repeated (the same ReceiveRequestAttemptId), duplicate (the duplicate_inflight fault)
 *   poll        waiting (a receive that found nothing and waits)
 *   delete      deleted; stale (an old handle: success, nothing deleted); gone (deleted before); resurrected (answered
 *               with success, but the duplicate_deleted fault brings the message back)
 *   visibility  changed
 *   fault       its kind
 * or else the code of the failure. */
#pragma once

#include "tests/queue/message.h"

struct oplog;

/* Appends to the file. 0 or -errno. */
int oplog_open(const char *path, struct oplog **ret) _must_check_;
struct oplog *oplog_close(struct oplog *l); /* flushes */

struct oplog_event {
        const char *op, *queue, *result;
        const struct message *message;
        const char *handle; /* NULL: that of the message's latest receive */
        uint64_t visible_usec;
        int64_t wait_seconds; /* 0: left out */
};

/* Keeps the line for the next oplog_flush(), which comes before the answer to the request that it is of. A NULL log
 * takes nothing. */
void oplog_write(struct oplog *l, uint64_t now_usec, const struct oplog_event *e);
/* Writes what is kept. 0, or the -errno of the first write that failed: nothing is written after that. */
int oplog_flush(struct oplog *l);
