/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that do not serve. */
#pragma once

#include "tests/unit/http_server.h"

/* Stops it for good. Its port stays taken, so that nobody else answers there. */
static inline void server_leave(struct server *s) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(s->port) };
        server_stop(s);
        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(s->fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                abort();
}

/* A server that accepts nobody, and whose line is full: whoever connects waits. Close what it returns and the clients. */
static inline int server_start_busy(unsigned *ret_port, int clients[4]) {
        struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t len = sizeof(a);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 0) < 0)
                abort();
        getsockname(fd, (struct sockaddr *)&a, &len);
        for (unsigned i = 0; i < 4; i++) {
                clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
                (void)connect(clients[i], (struct sockaddr *)&a, len);
        }
        *ret_port = ntohs(a.sin_port);
        return fd;
}
