/* SPDX-License-Identifier: Apache-2.0 */
/* libmicrohttpd in its external epoll mode: one poll() waits for its epoll descriptor, for the signals and for the next
 * timer of the service. A request that is parked suspends its connection; its answer resumes it, and the handler is
 * then called again to send it. */
#include "tests/queue/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <utlist.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "tests/queue/admin.h"

#define BODY_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define CONNECTION_COUNT_MAX 8192
#define ADMIN_PREFIX "/_admin/"

struct server {
        struct service *service;
        struct MHD_Daemon *daemon;
        int signal_fd;
        void (*after_turn)(void *context);
        void *context;
        struct exchange *exchanges; /* those in progress */
        bool is_resuming;           /* a suspended connection got its answer in this turn */
        bool is_stopping;
};

/* One HTTP request and its answer. */
struct exchange {
        struct server *server;
        struct MHD_Connection *connection;
        struct buf body;
        struct request request;
        enum { EXCHANGE_READING, EXCHANGE_PARKED, EXCHANGE_ANSWERED } state;
        struct exchange *prev, *next;
};

static void on_answer(struct request *r) {
        struct exchange *e = r->context;

        e->state = EXCHANGE_ANSWERED;
        e->server->is_resuming = true;
        MHD_resume_connection(e->connection);
}

/* The peer has closed when reading would give the end of the stream. */
static bool is_alive(struct request *r) {
        struct exchange *e = r->context;
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(e->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        char byte;

        ssize_t n = recv(info->connect_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static struct exchange *exchange_new(struct server *s, struct MHD_Connection *connection) {
        struct exchange *e = calloc(1, sizeof(*e));
        if (!e)
                return NULL;
        e->server = s;
        e->connection = connection;
        e->body = BUF_INIT(BODY_MAX_BYTES);
        e->request.on_answer = on_answer;
        e->request.is_alive = is_alive;
        e->request.context = e;
        DL_APPEND(s->exchanges, e);
        return e;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code) {
        struct exchange *e = *con_cls;
        if (!e)
                return;

        request_done(&e->request);
        buf_done(&e->body);
        DL_DELETE(e->server->exchanges, e);
        free(e);
        *con_cls = NULL;
}

static void add_date(struct MHD_Response *response, int64_t offset_usec) {
        char text[64];
        time_t now = (time_t)((clock_realtime_usec() + (uint64_t)offset_usec) / USEC_PER_SEC);
        struct tm tm;

        if (offset_usec == 0 || !gmtime_r(&now, &tm))
                return; /* libmicrohttpd adds the right one */
        strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm);
        MHD_add_response_header(response, MHD_HTTP_HEADER_DATE, text);
}

static void add_headers(struct MHD_Response *response, struct service *s, enum failure_code failure) {
        char text[128];

        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/x-amz-json-1.0");
        broker_uuid(&s->broker, text);
        MHD_add_response_header(response, "x-amzn-RequestId", text);
        if (failure != FAILURE_NONE) {
                const struct failure_kind *kind = failure_kind(failure);
                (void)snprintf(text, sizeof(text), "%s;%s", kind->query_code,
                               kind->sender_fault ? "Sender" : "Receiver");
                MHD_add_response_header(response, "x-amzn-query-error", text);
        }
        add_date(response, s->clock_offset_usec);
}

static enum MHD_Result send_answer(struct exchange *e, unsigned status, struct buf *out, enum failure_code failure) {
        size_t len = 0;
        char *body = buf_take(out, &len);
        struct MHD_Response *response =
                MHD_create_response_from_buffer(len, body, body ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
        if (!response) {
                free(body);
                return MHD_NO;
        }
        add_headers(response, e->server->service, failure);
        enum MHD_Result result = MHD_queue_response(e->connection, status, response);
        MHD_destroy_response(response);
        return result;
}

static enum MHD_Result finish(struct exchange *e) {
        struct request *r = &e->request;
        if (r->closes || e->server->is_stopping)
                return MHD_NO;

        /* What could not be written for lack of memory is no answer. */
        unsigned status = buf_error(&r->out) < 0 ? 500 : r->status;
        return send_answer(e, status, &r->out, r->failure.code);
}

static const char *header(struct exchange *e, const char *name) {
        return MHD_lookup_connection_value(e->connection, MHD_HEADER_KIND, name);
}

static enum MHD_Result answer_admin(struct exchange *e, const char *method, const char *url) {
        _cleanup_(buf_done) struct buf out = BUF_INIT(0);
        struct server *s = e->server;
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
        const char *queue = MHD_lookup_connection_value(e->connection, MHD_GET_ARGUMENT_KIND, "queue");

        unsigned status =
                admin_handle(s->service, method, url, queue, info->num_connections, e->body.data, e->body.len, &out);
        return send_answer(e, status, &out, FAILURE_NONE);
}

static enum MHD_Result submit(struct exchange *e, const char *method, const char *url) {
        struct request *r = &e->request;

        if (text_after(url, ADMIN_PREFIX))
                return answer_admin(e, method, url);
        if (buf_error(&e->body) < 0 || !text_eq(method, MHD_HTTP_METHOD_POST)) {
                _cleanup_(buf_done) struct buf empty = BUF_INIT(0);
                return send_answer(e, buf_error(&e->body) < 0 ? 413 : 405, &empty, FAILURE_NONE);
        }

        r->target = header(e, "X-Amz-Target");
        r->host = header(e, MHD_HTTP_HEADER_HOST);
        r->amz_date = header(e, "X-Amz-Date");
        if (service_submit(e->server->service, r, e->body.data ? e->body.data : "", e->body.len, clock_realtime_usec()))
                return finish(e);
        e->state = EXCHANGE_PARKED;
        MHD_suspend_connection(e->connection);
        return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *data, size_t *data_len, void **con_cls) {
        struct exchange *e = *con_cls;

        if (!e) {
                *con_cls = e = exchange_new(context, connection);
                return e ? MHD_YES : MHD_NO;
        }
        if (e->state == EXCHANGE_ANSWERED)
                return finish(e);
        if (*data_len > 0) {
                (void)buf_append(&e->body, data, *data_len); /* the error sticks and is looked at when all is read */
                *data_len = 0;
                return MHD_YES;
        }
        return submit(e, method, url);
}

static int open_signal_fd(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return fd < 0 ? -errno : fd;
}

int server_new(struct service *service, const char *host, uint16_t port, void (*after_turn)(void *context),
               void *context, struct server **ret) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
        if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
                return -EINVAL;

        struct server *s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->service = service;
        s->after_turn = after_turn;
        s->context = context;
        s->signal_fd = open_signal_fd();
        if (s->signal_fd < 0) {
                int r = s->signal_fd;
                server_free(s);
                return r;
        }
        errno = 0;
        s->daemon = MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, port, NULL, NULL, on_request, s,
                                     MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
                                     CONNECTION_COUNT_MAX, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                                     MHD_OPTION_LISTENING_ADDRESS_REUSE, 1U, MHD_OPTION_END);
        if (!s->daemon) {
                int r = errno ? -errno : -EADDRINUSE;
                server_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

/* Suspended connections must be resumed before the daemon may stop. */
static void close_exchanges(struct server *s) {
        s->is_stopping = true;
        for (struct exchange *e = s->exchanges; e; e = e->next)
                if (e->state == EXCHANGE_PARKED)
                        on_answer(&e->request);
        MHD_run(s->daemon);
}

struct server *server_free(struct server *s) {
        if (!s)
                return NULL;
        if (s->daemon) {
                close_exchanges(s);
                MHD_stop_daemon(s->daemon);
        }
        close_fd(s->signal_fd);
        free(s);
        return NULL;
}

uint16_t server_port(const struct server *s) {
        return MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

static int timeout_msec(struct server *s) {
        MHD_UNSIGNED_LONG_LONG http_msec;
        uint64_t next = timers_next(&s->service->broker.timers), msec = UINT64_MAX;

        if (MHD_get_timeout(s->daemon, &http_msec) == MHD_YES)
                msec = http_msec;
        if (next != UINT64_MAX)
                msec = MIN(msec, (usec_sub(next, clock_realtime_usec()) + USEC_PER_MSEC - 1) / USEC_PER_MSEC);
        return msec == UINT64_MAX ? -1 : (int)MIN(msec, (uint64_t)60000);
}

static void turn(struct server *s) {
        MHD_run(s->daemon);
        service_turn(s->service, clock_realtime_usec());
        while (s->is_resuming) {
                s->is_resuming = false;
                MHD_run(s->daemon);
                service_turn(s->service, clock_realtime_usec());
        }
        if (s->after_turn)
                s->after_turn(s->context);
}

int server_run(struct server *s) {
        struct pollfd fds[] = {
                { .fd = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd, .events = POLLIN },
                { .fd = s->signal_fd, .events = POLLIN },
        };

        for (;;) {
                if (poll(fds, ARRAY_SIZE(fds), timeout_msec(s)) < 0 && errno != EINTR)
                        return -errno;
                if (fds[1].revents)
                        return 0;
                turn(s);
        }
}
