/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's socket API on sd-event, with as few system calls as it goes.
 *
 * libcurl announces and withdraws a socket for every request, also when the connection stays open for the next. Each
 * would be an epoll_ctl(), so a withdrawn socket is only parked: its source stays registered, and is touched again when
 * libcurl wants other events. Should a parked socket wake up (the server closed an idle connection), it is switched
 * off. We know when a source must go because libcurl closes its sockets through our function. One that did not connect
 * (its call ended before, or another address was faster) it closes without a word before it withdraws it, so that is not
 * parked: a source that stayed would be taken for that of the next descriptor of the same number. It is known by never
 * having been read from. Nor are descriptors parked that libcurl made by itself (the name resolver's).
 *
 * The timer is lazy as well: when libcurl moves its deadline further away, as it does in every request, the armed time
 * stays, and an early wake-up arms it anew.
 *
 * Inside these callbacks nothing of libcurl may be called; only the event sources' handlers do, and they finish calls
 * when libcurl has returned. */
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "common/aws/http_private.h"
#include "common/base/clock.h"

static struct http_socket *socket_at(struct http *h, int fd) {
        size_t i = (size_t)fd;
        if (i >= h->socket_count) {
                size_t count = i + 32;
                struct http_socket *bigger = reallocarray(h->sockets, count, sizeof(*bigger));
                if (!bigger)
                        return NULL;
                memset(bigger + h->socket_count, 0, (count - h->socket_count) * sizeof(*bigger));
                h->sockets = bigger;
                h->socket_count = count;
        }
        return &h->sockets[i];
}

static void turn(struct http *h, int fd, int events) {
        int running;
        (void)curl_multi_socket_action(h->multi, fd, events, &running);
        http_drain(h);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        struct http *h = userdata;
        if (h->sockets[fd].wanted == 0) {
                (void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
                return 0;
        }
        turn(h, fd,
             (events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                     (events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0));
        return 0;
}

static int watch(struct http *h, struct http_socket *s, int fd, uint32_t events) {
        if (!s->source)
                return sd_event_add_io(h->event, &s->source, fd, events, on_io, h);
        int r = sd_event_source_set_io_events(s->source, events);
        return r < 0 ? r : sd_event_source_set_enabled(s->source, SD_EVENT_ON);
}

/* CURLMOPT_SOCKETFUNCTION. Returning -1 fails the transfers. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socket_data) {
        struct http *h = userdata;
        struct http_socket *s = socket_at(h, fd);
        if (!s)
                return what == CURL_POLL_REMOVE ? 0 : -1;
        s->wanted = (what & CURL_POLL_IN && what != CURL_POLL_REMOVE ? EPOLLIN : 0) |
                    (what & CURL_POLL_OUT && what != CURL_POLL_REMOVE ? EPOLLOUT : 0);
        if (what == CURL_POLL_REMOVE) {
                if (!s->ours || !s->connected)
                        s->source = sd_event_source_disable_unref(s->source);
                return 0;
        }
        s->connected = s->connected || s->wanted & EPOLLIN;
        return watch(h, s, fd, s->wanted) < 0 ? -1 : 0;
}

static curl_socket_t open_socket(void *userdata, curlsocktype purpose, struct curl_sockaddr *address) {
        int fd = socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->protocol);
        struct http_socket *s = fd < 0 ? NULL : socket_at(userdata, fd);
        if (!s) {
                close_fd(fd);
                return CURL_SOCKET_BAD;
        }
        s->source = sd_event_source_disable_unref(s->source); /* should there be one of an older socket */
        *s = (struct http_socket){ .ours = true };
        return fd;
}

static int close_socket(void *userdata, curl_socket_t fd) {
        struct http *h = userdata;
        struct http_socket *s = &h->sockets[fd];
        s->source = sd_event_source_disable_unref(s->source);
        *s = (struct http_socket){ 0 };
        return close(fd);
}

/* --- timer -------------------------------------------------------------------------------------------------------- */

static int arm(struct http *h, uint64_t at_usec) {
        h->armed_usec = at_usec;
        int r = sd_event_source_set_time(h->timer, at_usec);
        return r < 0 ? r : sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT);
}

/* CURLMOPT_TIMERFUNCTION */
static int on_curl_timeout(CURLM *multi, long timeout_ms, void *userdata) {
        struct http *h = userdata;
        h->deadline_usec = USEC_INFINITY;
        if (timeout_ms < 0)
                return 0;
        if (timeout_ms == 0)
                return sd_event_source_set_enabled(h->kick, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
        h->deadline_usec = usec_add(clock_monotonic_usec(), (uint64_t)timeout_ms * USEC_PER_MSEC);
        return h->armed_usec <= h->deadline_usec || arm(h, h->deadline_usec) == 0 ? 0 : -1;
}

static int on_timer(sd_event_source *source, uint64_t at_usec, void *userdata) {
        struct http *h = userdata;
        h->armed_usec = USEC_INFINITY;
        if (h->deadline_usec == USEC_INFINITY)
                return 0;
        if (clock_monotonic_usec() < h->deadline_usec)
                return arm(h, h->deadline_usec) < 0 ? sd_event_source_set_enabled(h->kick, SD_EVENT_ONESHOT) : 0;
        h->deadline_usec = USEC_INFINITY;
        turn(h, CURL_SOCKET_TIMEOUT, 0);
        return 0;
}

static int on_kick(sd_event_source *source, void *userdata) {
        turn(userdata, CURL_SOCKET_TIMEOUT, 0);
        return 0;
}

/* --- set-up ------------------------------------------------------------------------------------------------------- */

CURLcode http_sockets_setopt(struct http *h, CURL *easy) {
        CURLcode c = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
        if (c == CURLE_OK)
                c = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, h);
        if (c == CURLE_OK)
                c = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
        if (c == CURLE_OK)
                c = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, h);
        return c;
}

int http_sockets_init(struct http *h) {
        h->deadline_usec = h->armed_usec = USEC_INFINITY;
        int r = sd_event_add_time(h->event, &h->timer, CLOCK_MONOTONIC, USEC_INFINITY, 1, on_timer, h);
        if (r == 0)
                r = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(h->event, &h->kick, on_kick, h);
        if (r >= 0)
                r = sd_event_source_set_enabled(h->kick, SD_EVENT_OFF);
        if (r < 0)
                return r;
        if (curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket) != CURLM_OK ||
            curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
            curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_curl_timeout) != CURLM_OK ||
            curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h) != CURLM_OK)
                return -EIO;
        return 0;
}

void http_sockets_done(struct http *h) {
        for (size_t i = 0; i < h->socket_count; i++)
                sd_event_source_disable_unref(h->sockets[i].source);
        free(h->sockets);
        sd_event_source_disable_unref(h->timer);
        sd_event_source_disable_unref(h->kick);
}
