/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's unix socket: a client sends one line of JSON, {"op":"status"}, and gets one JSON document and the end of
 * the stream. Never blocks the loop; a client that does not read loses only its own answer. */
#pragma once

#include <systemd/sd-event.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"

struct status_server;

/* Listens at `path` (an old socket there is replaced). `write` makes the answer: 0 or -errno. */
int status_server_new(sd_event *event, const char *path, int (*write)(void *userdata, struct buf *out), void *userdata,
                      struct status_server **ret) _must_check_;
/* Removes the socket. */
struct status_server *status_server_free(struct status_server *s);
DEFINE_CLEANUP(struct status_server *, status_server_free)
