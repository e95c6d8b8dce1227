/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's unix socket: a client sends one line of JSON (commands.h) and gets one JSON document and the end of the
 * stream. Never blocks the loop; a client that does not read loses only its own answer. */
#pragma once

#include <systemd/sd-event.h>

#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/value.h"

struct status_server;

/* Makes the answer to a request, NULL when that is not JSON: 0 or -errno. */
typedef int (*status_answer_t)(void *userdata, const struct value *request, struct buf *out);

/* Listens at `path`; a socket there that nobody listens at any more is replaced. 0 or -errno; -EADDRINUSE when somebody does,
 * -EEXIST when what is there is no socket. */
int status_server_new(sd_event *event, const char *path, status_answer_t answer, void *userdata,
                      struct status_server **ret) _must_check_;
/* Removes the socket, unless another one is in its place. */
struct status_server *status_server_free(struct status_server *s);
DEFINE_CLEANUP(struct status_server *, status_server_free)
