/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP in front of the service, and the loop that turns both: one thread. */
#pragma once

#include <stdint.h>

#include "tests/queue/service.h"

struct server;

/* Listens on host:port (port 0: any free one). `after_turn` (may be NULL) is called at the end of every turn of the
 * loop. 0 or -errno. */
int server_new(struct service *s, const char *host, uint16_t port, void (*after_turn)(void *context), void *context,
               struct server **ret) _must_check_;
struct server *server_free(struct server *s);

uint16_t server_port(const struct server *s);

/* Turns until SIGTERM or SIGINT, which the caller has blocked. 0 or -errno. */
int server_run(struct server *s);
