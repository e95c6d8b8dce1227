/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the http*.c files only, which include curl.h before it. */
#pragma once

#include "common/aws/http.h"

/* What we know of a file descriptor that libcurl uses; the table is indexed by descriptor. */
struct http_socket {
        sd_event_source *source;
        uint32_t wanted;  /* events libcurl waits for now; 0: none (parked) */
        bool ours;        /* made by open_socket: we learn when it is closed, */
        bool connected;   /* provided that it did connect */
};

struct http {
        sd_event *event;
        CURLM *multi;
        sd_event_source *timer;
        sd_event_source *kick;    /* defer: libcurl asked to be called as soon as possible */
        uint64_t deadline_usec;   /* CLOCK_MONOTONIC, when libcurl wants to be called; USEC_INFINITY: never */
        uint64_t armed_usec;      /* when the timer fires; never later than the deadline */
        struct http_socket *sockets;
        size_t socket_count;
        struct http_call *calls;  /* under way */
        size_t call_count;
        CURL **idle;              /* easy handles kept for the next calls */
        size_t idle_count;
        uint64_t failed_usec;     /* CLOCK_MONOTONIC, when a call last failed; 0: none did */
        uint64_t distrusted_usec; /* likewise, for the server's certificate */
        char *ca_file;            /* the options', else libcurl's own; NULL: neither has one */
        char *user_agent;
};

/* http_socket.c: libcurl's sockets and timer as event sources. */
int http_sockets_init(struct http *h) _must_check_;
void http_sockets_done(struct http *h);
CURLcode http_sockets_setopt(struct http *h, CURL *easy);

/* http_easy.c: what is the same for every request, and what differs. */
CURL *http_easy_new(struct http *h);
CURLcode http_easy_prepare(CURL *easy, const struct http *h, const struct http_request *r);
int http_easy_errno(CURL *easy, CURLcode code);

/* http.c: finishes every call that libcurl reports as done. */
void http_drain(struct http *h);
