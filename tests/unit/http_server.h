/* SPDX-License-Identifier: Apache-2.0 */
/* A scripted HTTP server on the test's own event loop: real sockets, no threads, no sleeps. A test gives it a function
 * that sees each whole request and says what to do with the connection. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "common/base/buf.h"
#include "common/base/file.h"

enum server_action {
        SERVER_ANSWER, /* send what was written, keep the connection */
        SERVER_HANG,   /* send what was written, then nothing ever */
        SERVER_CLOSE,  /* send what was written, then close */
        SERVER_RESET,  /* close with a TCP reset */
};

struct server {
        sd_event *event;
        sd_event_source *source;
        int fd;
        unsigned port;
        unsigned connection_count;
        unsigned request_count;
        enum server_action (*serve)(struct server *s, const char *request, size_t len, struct buf *answer);
        void *userdata;
        char last[8192]; /* the last request */
        struct server_connection *connections;
};

struct server_connection {
        struct server *server;
        struct server_connection *next;
        sd_event_source *source;
        int fd;
        struct buf in;
};

static inline void server_answer(struct buf *b, unsigned status, const char *headers, const char *body) {
        buf_appendf(b, "HTTP/1.1 %u X\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body), headers, body);
}

/* Length of the first whole request in the buffer, 0 when there is none yet. */
static inline size_t server_request_len(const struct buf *in) {
        const char *end = in->len > 0 ? strstr(in->data, "\r\n\r\n") : NULL;
        const char *length = end ? strcasestr(in->data, "\r\nContent-Length:") : NULL;
        size_t body_len = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
        return end && in->len >= (size_t)(end + 4 - in->data) + body_len ? (size_t)(end + 4 - in->data) + body_len : 0;
}

static inline void server_drop(struct server_connection *c) {
        struct server_connection **p = &c->server->connections;
        while (*p != c)
                p = &(*p)->next;
        *p = c->next;
        sd_event_source_disable_unref(c->source);
        close_fd(c->fd);
        buf_done(&c->in);
        free(c);
}

/* False when the connection is gone. */
static inline bool server_serve(struct server_connection *c, size_t len) {
        struct server *s = c->server;
        _cleanup_(buf_done) struct buf answer = { 0 };
        s->request_count++;
        snprintf(s->last, sizeof(s->last), "%.*s", (int)len, c->in.data);
        enum server_action action = s->serve(s, s->last, len, &answer);
        buf_consume(&c->in, len);
        if (answer.len > 0)
                (void)!fd_write_all(c->fd, answer.data, answer.len);
        if (action == SERVER_RESET)
                setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
        bool gone = action == SERVER_CLOSE || action == SERVER_RESET;
        if (gone)
                server_drop(c);
        return !gone;
}

static inline int server_on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct server_connection *c = userdata;
        ssize_t n = read(fd, buf_reserve(&c->in, 65536), 65536);
        if (n <= 0) {
                server_drop(c);
                return 0;
        }
        buf_commit(&c->in, (size_t)n);
        for (size_t len; (len = server_request_len(&c->in)) > 0 && server_serve(c, len);)
                ;
        return 0;
}

static inline int server_on_accept(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct server *s = userdata;
        struct server_connection *c = calloc(1, sizeof(*c));
        c->server = s;
        c->fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        c->next = s->connections;
        s->connections = c;
        s->connection_count++;
        sd_event_add_io(s->event, &c->source, c->fd, EPOLLIN, server_on_io, c);
        return 0;
}

static inline void server_start(struct server *s, sd_event *event,
                                enum server_action (*serve)(struct server *, const char *, size_t, struct buf *)) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        socklen_t size = sizeof(address);
        signal(SIGPIPE, SIG_IGN);
        *s = (struct server){ .event = event, .serve = serve };
        s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(s->fd, (struct sockaddr *)&address, size) < 0 || listen(s->fd, 1024) < 0)
                abort();
        getsockname(s->fd, (struct sockaddr *)&address, &size);
        s->port = ntohs(address.sin_port);
        sd_event_add_io(event, &s->source, s->fd, EPOLLIN, server_on_accept, s);
}

static inline void server_stop(struct server *s) {
        while (s->connections)
                server_drop(s->connections);
        s->source = sd_event_source_disable_unref(s->source);
        s->fd = close_fd(s->fd);
}

/* Turns the loop until *done, at most a minute without any event; false then. */
static inline bool loop_until(sd_event *event, const bool *done) {
        while (!*done)
                if (sd_event_run(event, 60000000) <= 0)
                        return false;
        return true;
}
