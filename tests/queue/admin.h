/* SPDX-License-Identifier: Apache-2.0 */
/* The paths below /_admin/, for tests:
 *
 *   POST   /_admin/faults    a rule or a list of rules (faults.h); GET lists them, DELETE removes all
 *   GET    /_admin/stats     figures per queue and in total
 *   POST   /_admin/clock     {"offset_seconds":n}: the server's clock is wrong by that much
 *   GET    /_admin/messages?queue=NAME    what is left, in order of arrival, as a list of {"messageId",
 *                            "state": "visible|inflight|delayed", "receiveCount", "sent", "visibleAt", "handle", "body"} */
#pragma once

#include <stddef.h>

#include "tests/queue/service.h"

/* `queue` is the query's argument (NULL: none), `connections` how many are open. Appends the answer; returns the HTTP
 * status. */
unsigned admin_handle(struct service *s, const char *method, const char *path, const char *queue, unsigned connections,
                      const char *body, size_t len, struct buf *out);
