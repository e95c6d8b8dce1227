/* SPDX-License-Identifier: Apache-2.0 */
/* A call's life: http_start() takes an easy handle from the idle ones, describes the request and adds it to the multi
 * handle; http_socket.c lets libcurl work when its sockets and timer say so; http_drain() finishes what libcurl reports
 * as done. libcurl's own callbacks only store bytes, so starting and cancelling are safe wherever a caller runs:
 * neither a socket nor a timer callback is on the stack then. Teardown: easy handles, then the multi, then the sources.
 */
#include "common/aws/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/aws/http_private.h"
#include "common/base/clock.h"
#include "common/base/text.h"

#define IDLE_HANDLES_MAX 32
#define CONNECTIONS_MAX 4096L
#define EXPECTED_BODY_MAX ((curl_off_t)1024 * 1024)
#define HEADERS_MAX_BYTES ((size_t)64 * 1024)

struct http_call {
        struct http *http;
        struct http_call *previous, *next;
        CURL *easy;
        bool went_well; /* its handle may serve another call */
        struct curl_slist *request_headers;
        struct buf body;
        struct buf headers; /* "Name: value\0" after each other */
        int error;          /* why our own callbacks gave up, */
        const char *why;    /* in words (libcurl's only say that they did) */
        http_body_func on_body; /* NULL: into `body` */
        http_done_func on_done;
        void *userdata;
        char error_text[CURL_ERROR_SIZE];
};

/* --- the response as it comes in ---------------------------------------------------------------------------------- */

/* Makes room for the whole body at its first piece. The length is the server's word, so it is believed only so far. */
static void expect_body(struct http_call *call) {
        curl_off_t len = -1;
        if (curl_easy_getinfo(call->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &len) == CURLE_OK && len > 0 &&
            len <= EXPECTED_BODY_MAX && (size_t)len <= call->body.max)
                (void)buf_reserve(&call->body, (size_t)len);
}

static int hand_over(struct http_call *call, const char *data, size_t len) {
        long status = 0;
        (void)curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
        return call->on_body((unsigned)status, data, len, call->userdata);
}

/* Ends the call from inside a callback. */
static size_t give_up(struct http_call *call, int error, const char *why) {
        call->error = error;
        call->why = why;
        return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *userdata) {
        struct http_call *call = userdata;
        int r;
        if (call->body.len == 0 && !call->on_body)
                expect_body(call);
        r = call->on_body ? hand_over(call, data, size * count) : buf_append(&call->body, data, size * count);
        if (r == -E2BIG || r == -EFBIG)
                return give_up(call, -EFBIG, "the answer is too large");
        return r < 0 ? give_up(call, r, strerror(-r)) : size * count;
}

/* A status line starts a new answer: after "100 Continue", a proxy's CONNECT, or a redirect. */
static size_t on_header(char *data, size_t size, size_t count, void *userdata) {
        struct http_call *call = userdata;
        size_t len = size * count, text_len = len;
        if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
                buf_reset(&call->headers);
        while (text_len > 0 && strchr("\r\n \t", data[text_len - 1]))
                text_len--;
        if (text_len == 0)
                return len;
        buf_append(&call->headers, data, text_len);
        int r = buf_append_char(&call->headers, '\0');
        if (r == -E2BIG)
                return give_up(call, -EPROTO, "the headers of the answer are too large");
        return r < 0 ? give_up(call, r, strerror(-r)) : len;
}

const char *http_response_header(const struct http_response *response, const char *name) {
        size_t name_len = strlen(name);
        const char *found = NULL;
        const char *at = response->headers->len > 0 ? response->headers->data : "";
        for (const char *end = at + response->headers->len; at < end; at += strlen(at) + 1)
                if (strncasecmp(at, name, name_len) == 0 && at[name_len] == ':')
                        found = at + name_len + 1;
        return found ? found + strspn(found, " \t") : NULL;
}

bool http_response_date(const struct http_response *response, uint64_t *ret_realtime_usec) {
        const char *date = http_response_header(response, "date");
        struct tm tm = { 0 };
        const char *end = date ? strptime(date, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;
        time_t seconds = end && *end == '\0' ? timegm(&tm) : -1;
        if (seconds < 0)
                return false;
        *ret_realtime_usec = (uint64_t)seconds * USEC_PER_SEC;
        return true;
}

bool http_response_next(const struct http_response *response, size_t *at, const char **ret_name, size_t *ret_name_len,
                        const char **ret_value) {
        while (*at < response->headers->len) {
                const char *line = response->headers->data + *at, *colon = strchr(line, ':');
                *at += strlen(line) + 1;
                if (!colon || strncmp(line, "HTTP/", 5) == 0)
                        continue;
                *ret_name = line;
                *ret_name_len = (size_t)(colon - line);
                *ret_value = colon + 1 + strspn(colon + 1, " \t");
                return true;
        }
        return false;
}

/* --- calls -------------------------------------------------------------------------------------------------------- */

static void call_link(struct http_call *call) {
        struct http *h = call->http;
        call->next = h->calls;
        if (h->calls)
                h->calls->previous = call;
        h->calls = call;
        h->call_count++;
}

static void call_unlink(struct http_call *call) {
        struct http *h = call->http;
        if (call->previous)
                call->previous->next = call->next;
        else
                h->calls = call->next;
        if (call->next)
                call->next->previous = call->previous;
        h->call_count--;
}

/* Takes the easy handle back; it stays for the next call unless there are enough. Of a call that failed or was cancelled
 * it does not: libcurl 7.88 leaves one whose host was not found in a state in which it takes no options any more. */
static void call_release_easy(struct http_call *call) {
        struct http *h = call->http;
        CURL *easy = TAKE_PTR(call->easy);
        if (!easy)
                return;
        (void)curl_multi_remove_handle(h->multi, easy);
        if (call->went_well && h->idle_count < IDLE_HANDLES_MAX)
                h->idle[h->idle_count++] = easy;
        else
                curl_easy_cleanup(easy);
}

static struct http_call *call_free(struct http_call *call) {
        call_release_easy(call);
        curl_slist_free_all(call->request_headers);
        buf_done(&call->body);
        buf_done(&call->headers);
        free(call);
        return NULL;
}
DEFINE_CLEANUP(struct http_call *, call_free)

static void call_finish(struct http_call *call, CURLcode code) {
        struct http_response response = { .body = &call->body, .headers = &call->headers };
        _cleanup_free_ char *redirect_url = NULL; /* libcurl's own is gone with the handle */
        char *url = NULL;
        long status = 0;

        if (curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK)
                response.status = (unsigned)status;
        if (curl_easy_getinfo(call->easy, CURLINFO_REDIRECT_URL, &url) == CURLE_OK)
                redirect_url = text_dup(url);
        response.redirect_url = redirect_url;
        call->went_well = code == CURLE_OK;
        if (code != CURLE_OK) {
                call->http->failed_usec = clock_monotonic_usec();
                if (code == CURLE_PEER_FAILED_VERIFICATION)
                        call->http->distrusted_usec = call->http->failed_usec;
                response.error = call->error ? call->error : http_easy_errno(call->easy, code);
                response.error_text = call->why             ? call->why
                                      : call->error_text[0] ? call->error_text
                                                            : curl_easy_strerror(code);
        }
        call_unlink(call);
        call_release_easy(call);
        call->on_done(&response, call->userdata);
        call_free(call);
}

void http_drain(struct http *h) {
        CURLMsg *message;
        int left;
        while ((message = curl_multi_info_read(h->multi, &left))) {
                struct http_call *call = NULL;
                CURLcode code = message->data.result;
                if (message->msg != CURLMSG_DONE)
                        continue;
                if (curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call) == CURLE_OK && call)
                        call_finish(call, code);
        }
}

static int append_header(struct http_call *call, const char *line) {
        struct curl_slist *longer = curl_slist_append(call->request_headers, line);
        if (!longer)
                return -ENOMEM;
        call->request_headers = longer;
        return 0;
}

static bool has_header(const struct http_request *r, const char *name) {
        for (size_t i = 0; i < r->header_count; i++)
                if (strcasecmp(r->headers[i].name, name) == 0)
                        return true;
        return false;
}

/* The request's headers, and none of those that libcurl would add by itself. */
static int set_headers(struct http_call *call, const struct http_request *request) {
        static const struct {
                const char *name, *line;
        } unwanted[] = { { "Accept", "Accept:" }, { "Expect", "Expect:" }, { "Content-Type", "Content-Type:" } };
        _cleanup_(buf_done) struct buf line = BUF_INIT(HEADERS_MAX_BYTES);
        int r = 0;

        for (size_t i = 0; i < request->header_count && r == 0; i++) {
                const struct http_header *header = &request->headers[i];
                if (strpbrk(header->name, ":\r\n") || strpbrk(header->value, "\r\n"))
                        return -EINVAL;
                buf_reset(&line);
                buf_append_str(&line, header->name);
                /* "Name;" is how libcurl is told to send a header without a value */
                buf_append_str(&line, header->value[0] ? ": " : ";");
                r = buf_append_str(&line, header->value);
                if (r == 0)
                        r = append_header(call, line.data);
        }
        for (size_t i = 0; i < ARRAY_SIZE(unwanted) && r == 0; i++)
                if (!has_header(request, unwanted[i].name))
                        r = append_header(call, unwanted[i].line);
        return r;
}

static int bind_call(struct http_call *call) {
        const struct {
                CURLoption option;
                void *value;
        } options[] = {
                { CURLOPT_PRIVATE, call },
                { CURLOPT_WRITEDATA, call },
                { CURLOPT_HEADERDATA, call },
                { CURLOPT_ERRORBUFFER, call->error_text },
                { CURLOPT_HTTPHEADER, call->request_headers },
        };
        for (size_t i = 0; i < ARRAY_SIZE(options); i++)
                if (curl_easy_setopt(call->easy, options[i].option, options[i].value) != CURLE_OK)
                        return -EIO;
        return curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
                               curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK
                       ? 0
                       : -EIO;
}

int http_start(struct http *h, const struct http_request *request, http_done_func on_done, void *userdata,
               struct http_call **ret_call) {
        if (!text_after(request->url, "http://") && !text_after(request->url, "https://"))
                return -EINVAL;
        _cleanup_(call_freep) struct http_call *call = calloc(1, sizeof(*call));
        if (!call)
                return -ENOMEM;
        call->http = h;
        call->on_body = request->on_body;
        call->on_done = on_done;
        call->userdata = userdata;
        call->body.max = request->response_max_bytes ? request->response_max_bytes : HTTP_RESPONSE_MAX_DEFAULT;
        call->headers.max = HEADERS_MAX_BYTES;
        call->easy = h->idle_count > 0 ? h->idle[--h->idle_count] : http_easy_new(h);
        if (!call->easy)
                return -ENOMEM;
        int r = set_headers(call, request);
        if (r < 0)
                return r;
        CURLcode code = http_easy_prepare(call->easy, h, request);
        if (code != CURLE_OK)
                return code == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
        r = bind_call(call);
        if (r < 0)
                return r;
        if (curl_multi_add_handle(h->multi, call->easy) != CURLM_OK)
                return -ENOMEM;
        call_link(call);
        if (ret_call)
                *ret_call = call;
        TAKE_PTR(call);
        return 0;
}

struct http_call *http_cancel(struct http_call *call) {
        if (call) {
                call_unlink(call);
                call_free(call);
        }
        return NULL;
}

size_t http_active_count(const struct http *h) {
        return h->call_count;
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

int http_new(sd_event *event, const struct http_options *options, struct http **ret) {
        _cleanup_(http_freep) struct http *h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
                free(TAKE_PTR(h));
                return -EIO;
        }
        h->event = sd_event_ref(event);
        h->multi = curl_multi_init();
        h->idle = calloc(IDLE_HANDLES_MAX, sizeof(*h->idle));
        h->user_agent = text_dup(options && options->user_agent ? options->user_agent : "sqsflow/" SQSFLOW_VERSION);
        const char *ca_file =
                options && options->ca_file ? options->ca_file : curl_version_info(CURLVERSION_NOW)->cainfo;
        h->ca_file = text_dup(ca_file);
        if (!h->multi || !h->idle || !h->user_agent || (ca_file && !h->ca_file))
                return -ENOMEM;
        if (curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_MAX) != CURLM_OK)
                return -EIO;
        int r = http_sockets_init(h);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

struct http *http_free(struct http *h) {
        if (!h)
                return NULL;
        while (h->calls)
                http_cancel(h->calls);
        while (h->idle_count > 0)
                curl_easy_cleanup(h->idle[--h->idle_count]);
        if (h->multi)
                (void)curl_multi_cleanup(h->multi);
        http_sockets_done(h);
        sd_event_unref(h->event);
        free(h->idle);
        free(h->ca_file);
        free(h->user_agent);
        free(h);
        curl_global_cleanup();
        return NULL;
}
