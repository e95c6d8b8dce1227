/* SPDX-License-Identifier: Apache-2.0 */
/* Request and Download: one call after another until an answer is no redirect. A Request's body becomes a text in its
 * outputs; a Download's goes piece by piece into a file that the execution keeps. */
#include <errno.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/text.h"
#include "common/flow/truth.h"
#include "runner/execution.h"
#include "runner/files.h"
#include "runner/http_answer.h"
#include "runner/http_plan.h"
#include "runner/render.h"
#include "runner/task_run.h"

#define SHOWN_BYTES_MAX 300 /* of an answer that is a failure, in the error */

struct http_work {
        struct http_plan plan;
        struct http_call *call;
        char *file_uri; /* Download: the file that is being filled */
        int fd;
        uint64_t length;
        char shown[SHOWN_BYTES_MAX + 1];
        size_t shown_len;
};

static bool is_download(const struct task_run *run) {
        return run->kind->variant == HTTP_DOWNLOAD;
}

static int start_call(struct task_run *run);

/* --- failures -------------------------------------------------------------------------------------------------------- */

static void fail(struct task_run *run, struct value *outputs, const char *why) {
        struct http_work *w = run->work;
        _cleanup_free_ char *url = http_plan_shown_url(&w->plan);

        task_run_fail(run, outputs, "%s %s: %s", w->plan.method, url ? url : "", why);
}

static void fail_status(struct task_run *run, const struct http_response *r) {
        struct http_work *w = run->work;
        const char *text = is_download(run) ? w->shown : r->body->data;
        size_t len = is_download(run) ? w->shown_len : MIN(r->body->len, (size_t)SHOWN_BYTES_MAX);
        _cleanup_free_ char *why = NULL;
        struct value *outputs = http_answer_outputs(r, NULL);

        while (len > 0 && !text_is_utf8(text, len)) /* cut inside a character, or no text at all */
                len--;
        why = text_printf("the server answered %u%s%.*s", r->status, len > 0 ? ": " : "", (int)len, len > 0 ? text : "");
        if (outputs && !is_download(run) && r->body->len > 0 && text_is_utf8(r->body->data, r->body->len) &&
            !memchr(r->body->data, '\0', r->body->len))
                (void)value_map_put(outputs, "body", value_new_string_n(r->body->data, r->body->len));
        fail(run, outputs, why ? why : "out of memory");
}

static void fail_call(struct task_run *run, const struct http_response *r) {
        struct http_work *w = run->work;
        _cleanup_free_ char *why = NULL;

        if (r->error == -EDQUOT)
                fail(run, NULL, files_problem(-EDQUOT));
        else if (r->error == -EFBIG) {
                why = text_printf("the answer is bigger than %zu bytes (options.maxContentLength)%s",
                                  w->plan.response_max_bytes, is_download(run) ? "" : "; Download stores it as a file");
                fail(run, NULL, why ? why : "out of memory");
        } else
                fail(run, NULL, r->error_text ? r->error_text : strerror(-r->error));
}

/* --- the end --------------------------------------------------------------------------------------------------------- */

static void finish_request(struct task_run *run, const struct http_response *r) {
        struct http_work *w = run->work;
        _cleanup_value_ struct value *outputs = http_answer_outputs(r, w->plan.url);
        const char *body = r->body->len > 0 ? r->body->data : "";

        if (!text_is_utf8(body, r->body->len) || memchr(body, '\0', r->body->len)) {
                fail(run, NULL, "the answer is no text; Download stores it as a file");
                return;
        }
        if (!outputs || value_map_put(outputs, "body", value_new_string_n(body, r->body->len)) < 0) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        task_run_succeed(run, TAKE_PTR(outputs));
}

/* The name by which the file is kept: the task's, the server's, or the URL's, unless it tells a secret. -EBADMSG: the
 * attempt has been failed. */
static int name_file(struct task_run *run, const struct http_response *r) {
        struct http_work *w = run->work;
        _cleanup_value_ struct value *as = NULL;
        _cleanup_free_ char *name = NULL;
        int k = render_property(run, "saveAs", RENDER_TEXT, &as);

        if (k < 0)
                return k;
        name = as && value_type(as) == VALUE_STRING ? text_dup(value_string(as)) : http_answer_file_name(r, w->plan.url);
        k = name ? 0 : -ENOMEM;
        if (k == 0 && secrets_holds_one(&run->execution->top->secrets, name, strlen(name)))
                k = text_replace(&name, "download");
        if (k == 0)
                k = files_rename(run->execution, &w->file_uri, name);
        if (k < 0)
                task_run_fail(run, NULL, "the file cannot be kept: %s", files_problem(k));
        return k;
}

/* 1, 0; negative: the attempt has been failed. */
static int fails_when_empty(struct task_run *run) {
        _cleanup_value_ struct value *v = NULL;
        int r = render_property(run, "failOnEmptyResponse", RENDER_TYPED, &v);

        return r < 0 ? r : !v || truth_of_value(v);
}

static void finish_download(struct task_run *run, const struct http_response *r) {
        struct http_work *w = run->work;
        _cleanup_value_ struct value *outputs = NULL;
        int k = w->length == 0 && !w->plan.allow_failed ? fails_when_empty(run) : 0;

        if (k > 0)
                fail(run, NULL, "the answer is empty (failOnEmptyResponse)");
        if (k != 0 || name_file(run, r) < 0)
                return;
        outputs = http_answer_outputs(r, w->file_uri);
        k = outputs ? value_map_put(outputs, "length", value_new_int((int64_t)w->length)) : -ENOMEM;
        if (k < 0) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        free(TAKE_PTR(w->file_uri)); /* it is not discarded any more */
        task_run_succeed(run, TAKE_PTR(outputs));
}

static void follow(struct task_run *run, const struct http_response *r) {
        struct http_work *w = run->work;
        const char *problem;
        int k = http_plan_redirect(&w->plan, &run->execution->top->secrets, r->status, r->redirect_url, &problem);

        w->shown_len = 0;
        if (k == 0)
                (void)start_call(run);
        else
                fail(run, NULL, problem ? problem : "out of memory");
}

static void on_done(const struct http_response *r, void *userdata) {
        struct task_run *run = userdata;
        struct http_work *w = run->work;

        w->call = NULL;
        if (r->error < 0)
                fail_call(run, r);
        else if (http_plan_follows(&w->plan, r->status, r->redirect_url))
                follow(run, r);
        else if (!http_plan_accepts(&w->plan, r->status))
                fail_status(run, r);
        else if (is_download(run))
                finish_download(run, r);
        else
                finish_request(run, r);
}

/* A piece of a Download: into the file, unless the answer is none that is kept. */
static int on_body(unsigned status, const char *data, size_t len, void *userdata) {
        struct task_run *run = userdata;
        struct http_work *w = run->work;
        int r;

        if (!http_plan_accepts(&w->plan, status) || (w->plan.follow_redirects && status >= 300 && status < 400)) {
                size_t n = MIN(len, SHOWN_BYTES_MAX - w->shown_len);

                memcpy(w->shown + w->shown_len, data, n);
                w->shown_len += n;
                return 0;
        }
        r = files_charge(run->execution, len);
        if (r == 0)
                r = fd_write_all(w->fd, data, len);
        w->length += len;
        return r;
}

/* --- the start ------------------------------------------------------------------------------------------------------- */

static int start_call(struct task_run *run) {
        struct http_work *w = run->work;
        _cleanup_free_ struct http_header *headers = calloc(text_list_count(w->plan.header_names) + 1, sizeof(*headers));
        struct http_request request;
        struct http *http;
        int r = headers ? execution_http(run->execution, &http) : -ENOMEM;

        if (r == 0) {
                request = http_plan_request(&w->plan, headers);
                request.on_body = is_download(run) ? on_body : NULL;
                r = http_start(http, &request, on_done, run, &w->call);
        }
        if (r < 0)
                fail(run, NULL, r == -EINVAL ? "the request cannot be sent: its URL or a header is malformed" : strerror(-r));
        return r;
}

void task_http_start(struct task_run *run) {
        struct http_work *w = calloc(1, sizeof(*w));
        int r;

        run->work = w;
        if (!w) {
                task_run_fail(run, NULL, "out of memory");
                return;
        }
        w->fd = -1;
        if (http_plan_make(run, &w->plan) < 0)
                return;
        r = is_download(run) ? files_create(run->execution, "download", &w->file_uri, &w->fd) : 0;
        if (r < 0)
                task_run_fail(run, NULL, "the file cannot be made: %s", files_problem(r));
        else
                (void)start_call(run);
}

void task_http_cancel(struct task_run *run) {
        struct http_work *w = run->work;

        w->call = http_cancel(w->call);
        task_run_fail(run, NULL, "cancelled");
}

void task_http_free(struct task_run *run) {
        struct http_work *w = run->work;

        if (!w)
                return;
        http_cancel(w->call);
        close_fd(w->fd);
        if (w->file_uri)
                files_discard(run->execution, w->file_uri);
        free(w->file_uri);
        http_plan_done(&w->plan);
        free(w);
        run->work = NULL;
}
