/* SPDX-License-Identifier: Apache-2.0 */
/* At most a handful of clients; when one more comes, the oldest goes, so that a silent client cannot keep others out. One that
 * cannot be taken, since there are no descriptors left, stays in the socket's queue and would wake the loop again at once:
 * nobody is listened to for a while then. */
#include "agent/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utlist.h>

#include "common/base/clock.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define CLIENTS_MAX 16
#define REQUEST_BYTES_MAX 4096
#define ANSWER_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define DEAF_USEC USEC_PER_SEC

struct client {
        struct client *prev, *next;
        struct status_server *server;
        sd_event_source *source;
        int fd;
        struct buf in, out;
        size_t sent;
        bool answering;
};

struct status_server {
        sd_event *event;
        char *path;
        dev_t device;           /* of what was made at that path, which another agent may have replaced since */
        ino_t inode;
        int fd;
        sd_event_source *source, *deaf_timer;
        struct client *clients;
        unsigned client_count;
        status_answer_t answer;
        void *userdata;
};

static void client_free(struct client *c) {
        DL_DELETE(c->server->clients, c);
        c->server->client_count--;
        sd_event_source_disable_unref(c->source);
        close_fd(c->fd);
        buf_done(&c->in);
        buf_done(&c->out);
        free(c);
}

static void answer(struct client *c) {
        _cleanup_value_ struct value *request = NULL;

        if (json_parse(c->in.data, strcspn(c->in.data, "\n"), &request, NULL, NULL) < 0)
                request = NULL;
        if (c->server->answer(c->server->userdata, request, &c->out) < 0) {
                buf_reset(&c->out);
                buf_append_str(&c->out, "{\"error\":\"out of memory\"}");
        }
        buf_append_char(&c->out, '\n');
        c->answering = true;
}

/* False: the client is done with. */
static bool send_some(struct client *c) {
        while (c->sent < c->out.len) {
                ssize_t n = send(c->fd, c->out.data + c->sent, c->out.len - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0)
                        return errno == EINTR || (errno == EAGAIN &&
                                                  sd_event_source_set_io_events(c->source, EPOLLOUT) >= 0);
                c->sent += (size_t)n;
        }
        return false;
}

static bool receive_some(struct client *c) {
        char piece[512];
        ssize_t n = recv(c->fd, piece, sizeof piece, MSG_DONTWAIT);

        if (n <= 0)
                return n < 0 && (errno == EAGAIN || errno == EINTR);
        if (buf_append(&c->in, piece, (size_t)n) < 0)
                return false;
        if (!memchr(c->in.data, '\n', c->in.len))
                return true;
        answer(c);
        return send_some(c);
}

static int on_client(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct client *c = userdata;

        if (!(c->answering ? send_some(c) : receive_some(c)))
                client_free(c);
        return 0;
}

static int on_deaf_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        struct status_server *s = userdata;

        (void)sd_event_source_set_enabled(s->source, SD_EVENT_ON);
        return 0;
}

static void be_deaf(struct status_server *s) {
        (void)sd_event_source_set_time(s->deaf_timer, usec_add(clock_monotonic_usec(), DEAF_USEC));
        if (sd_event_source_set_enabled(s->deaf_timer, SD_EVENT_ONESHOT) >= 0)
                (void)sd_event_source_set_enabled(s->source, SD_EVENT_OFF);
}

static int on_connect(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct status_server *s = userdata;
        _cleanup_close_ int client_fd = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        struct client *c;

        if (client_fd < 0) {
                if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
                        be_deaf(s);
                return 0;
        }
        if (s->client_count >= CLIENTS_MAX)
                client_free(s->clients);
        c = calloc(1, sizeof *c);
        if (!c || sd_event_add_io(s->event, &c->source, client_fd, EPOLLIN, on_client, c) < 0) {
                free(c);
                return 0;
        }
        c->server = s;
        c->fd = TAKE_FD(client_fd);
        c->in = BUF_INIT(REQUEST_BYTES_MAX);
        c->out = BUF_INIT(ANSWER_BYTES_MAX);
        DL_APPEND(s->clients, c);
        s->client_count++;
        return 0;
}

/* Removes a socket that nobody listens at. 0, also when there is none; -EADDRINUSE, -EEXIST: it is no socket. */
static int make_room(const struct sockaddr_un *address) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct stat st;

        if (fd < 0)
                return -errno;
        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;
        if (connect(fd, (const struct sockaddr *)address, sizeof *address) >= 0 || errno == EAGAIN)
                return -EADDRINUSE;
        return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int listen_at(const char *path, struct stat *ret_made) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        int r;

        if (fd < 0)
                return -errno;
        if (snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= (int)sizeof address.sun_path)
                return -ENAMETOOLONG;
        r = make_room(&address);
        if (r < 0)
                return r;
        if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || chmod(path, 0660) < 0 ||
            stat(path, ret_made) < 0 || listen(fd, CLIENTS_MAX) < 0)
                return -errno;
        return TAKE_FD(fd);
}

static void remove_socket(const struct status_server *s) {
        struct stat st;

        if (lstat(s->path, &st) == 0 && st.st_dev == s->device && st.st_ino == s->inode)
                (void)unlink(s->path);
}

int status_server_new(sd_event *event, const char *path, status_answer_t answer_request, void *userdata,
                      struct status_server **ret) {
        struct stat made = { 0 };
        _cleanup_close_ int fd = listen_at(path, &made);
        _cleanup_(status_server_freep) struct status_server *s = NULL;
        int r;

        if (fd < 0)
                return fd;
        s = calloc(1, sizeof *s);
        if (!s)
                return -ENOMEM;
        s->fd = TAKE_FD(fd);
        s->device = made.st_dev;
        s->inode = made.st_ino;
        s->event = sd_event_ref(event);
        s->answer = answer_request;
        s->userdata = userdata;
        s->path = text_dup(path);
        r = s->path ? sd_event_add_io(event, &s->source, s->fd, EPOLLIN, on_connect, s) : -ENOMEM;
        if (r >= 0)
                r = sd_event_add_time(event, &s->deaf_timer, CLOCK_MONOTONIC, 0, 0, on_deaf_timer, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(s->deaf_timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

struct status_server *status_server_free(struct status_server *s) {
        if (!s)
                return NULL;
        while (s->clients)
                client_free(s->clients);
        sd_event_source_disable_unref(s->source);
        sd_event_source_disable_unref(s->deaf_timer);
        if (s->fd >= 0)
                close_fd(s->fd);
        if (s->path)
                remove_socket(s);
        sd_event_unref(s->event);
        free(s->path);
        free(s);
        return NULL;
}
