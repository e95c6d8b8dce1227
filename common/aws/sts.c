/* SPDX-License-Identifier: Apache-2.0 */
/* One call to STS; when it refuses a signature because our clock is wrong, a second one by its own. The form holds the
 * web identity's token, so it is wiped with the call; the error text of a server is not trusted to hold none of what
 * was sent: STS quotes the canonical request, with the session token in it, when a signature does not match. */
#include "common/aws/sts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/aws/sigv4.h"
#include "common/base/text.h"

#define CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"
#define TIMEOUT_USEC (15 * USEC_PER_SEC)
#define RESPONSE_MAX_BYTES ((size_t)256 * 1024)
#define HEADER_MAX 4
#define SKEW_MIN_USEC ((int64_t)USEC_PER_MINUTE) /* as in sqs_call.c */

struct sts_call {
        struct http *http;
        struct http_call *http_call;
        char *url;
        char region[AWS_REGION_SIZE];
        int64_t clock_offset_usec; /* what to add to our clock to get the server's; 0 until it was wrong */
        struct buf body;
        const char *provider;
        char *token;                         /* of the web identity; NULL: the call is signed */
        struct aws_credentials *credentials; /* that sign */
        sts_func on_done;
        void *userdata;
};

struct sts_call *sts_call_free(struct sts_call *call) {
        if (!call)
                return NULL;
        http_cancel(call->http_call);
        free(call->url);
        if (call->body.data)
                secret_wipe(call->body.data, call->body.len);
        buf_done(&call->body);
        secret_free(call->token);
        aws_credentials_unref(call->credentials);
        free(call);
        return NULL;
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static bool repeats(const char *text, const char *secret) {
        return secret && secret[0] && strstr(text, secret);
}

static void hide_secrets(const struct sts_call *call, struct aws_error *e) {
        const struct aws_credentials *c = call->credentials;
        if (repeats(e->message, call->token) ||
            (c && (repeats(e->message, c->session_token) || repeats(e->message, c->secret_access_key))) ||
            strcasestr(e->message, "x-amz-security-token"))
                strcpy(e->message, "the server's text is left out, since it repeats what was signed");
}

static void fail(struct sts_call *call, int error, const char *why, bool refused) {
        const struct sts_answer answer = { .error = error, .why = why, .refused = refused };
        call->on_done(&answer, call->userdata);
}

static int sign_and_send(struct sts_call *call);

/* True when the call is under way again, with the server's time. */
static bool try_again(struct sts_call *call, const struct http_response *response) {
        uint64_t server;
        if (!call->credentials || call->clock_offset_usec || !http_response_date(response, &server))
                return false;
        int64_t offset = (int64_t)server - (int64_t)clock_realtime_usec();
        if (llabs(offset) < SKEW_MIN_USEC)
                return false;
        call->clock_offset_usec = offset;
        return sign_and_send(call) == 0;
}

static void refuse(struct sts_call *call, const struct http_response *response) {
        _cleanup_(buf_done) struct buf why = { 0 };
        struct aws_error e = sts_decode_error(response->body->data, response->body->len, response->status);

        if (e.class == AWS_ERROR_CLOCK && try_again(call, response))
                return;
        hide_secrets(call, &e);
        bool expired = e.class == AWS_ERROR_EXPIRED || text_eq(e.code, "InvalidClientTokenId");
        (void)!aws_error_write(&why, &e);
        fail(call, e.class == AWS_ERROR_DENIED ? -EACCES : -EIO, why.data ? why.data : "out of memory",
             expired && call->credentials);
}

/* The callback may free the call, so nothing is touched behind it. */
static void on_answer(const struct http_response *response, void *userdata) {
        struct sts_call *call = userdata;
        struct aws_credentials *found = NULL;
        const char *why = "out of memory";

        call->http_call = NULL;
        if (response->error < 0) {
                fail(call, response->error, response->error_text, false);
                return;
        }
        if (response->status != 200) {
                refuse(call, response);
                return;
        }
        int r = sts_decode(response->body->len > 0 ? response->body->data : "", response->body->len, call->provider,
                           &found, &why);
        if (response->body->len > 0)
                secret_wipe(response->body->data, response->body->len);
        if (r < 0) {
                fail(call, r, why, false);
                return;
        }
        const struct sts_answer answer = { .found = found };
        call->on_done(&answer, call->userdata);
}

/* --- the request -------------------------------------------------------------------------------------------------- */

static int send_request(struct sts_call *call, const struct http_header *headers, size_t header_count) {
        const struct http_request request = {
                .method = "POST",
                .url = call->url,
                .headers = headers,
                .header_count = header_count,
                .body = call->body.data,
                .body_len = call->body.len,
                .timeout_usec = TIMEOUT_USEC,
                .response_max_bytes = RESPONSE_MAX_BYTES,
        };
        return http_start(call->http, &request, on_answer, call, &call->http_call);
}

static int sign_and_send(struct sts_call *call) {
        const struct aws_credentials *c = call->credentials;
        _cleanup_(buf_done) struct buf authorization = { 0 };
        struct sigv4_result result = { .authorization = &authorization };
        struct http_header headers[HEADER_MAX] = { { "Content-Type", CONTENT_TYPE } };
        size_t count = 1;

        if (!c)
                return send_request(call, headers, count);
        const struct sigv4_request request = {
                .method = "POST",
                .url = call->url,
                .headers = headers,
                .header_count = count,
                .body = call->body.data,
                .body_len = call->body.len,
        };
        const struct sigv4_context context = {
                .realtime_usec = (uint64_t)((int64_t)clock_realtime_usec() + call->clock_offset_usec),
                .region = call->region,
                .service = "sts",
                .credentials = c,
        };
        int r = sigv4_sign(&request, &context, &result);
        if (r < 0)
                return r;
        headers[count++] = (struct http_header){ "X-Amz-Date", result.date };
        if (c->session_token)
                headers[count++] = (struct http_header){ "X-Amz-Security-Token", c->session_token };
        headers[count++] = (struct http_header){ "Authorization", authorization.data };
        return send_request(call, headers, count);
}

int sts_start(const struct sts_request *r, sts_func on_done, void *userdata, struct sts_call **ret) {
        _cleanup_(sts_call_freep) struct sts_call *call = calloc(1, sizeof(*call));

        if (!call)
                return -ENOMEM;
        call->http = r->http;
        call->provider = r->provider;
        call->on_done = on_done;
        call->userdata = userdata;
        call->credentials = r->web_identity_token ? NULL : aws_credentials_ref(r->credentials);
        call->url = text_printf("%s/", r->endpoint->url);
        call->token = text_dup(r->web_identity_token);
        memcpy(call->region, r->endpoint->region, sizeof(call->region));
        if (!call->url || (r->web_identity_token && !call->token))
                return -ENOMEM;
        int error = sts_encode(&call->body, r->role, r->web_identity_token, clock_realtime_usec());
        if (error == 0)
                error = sign_and_send(call);
        if (error < 0)
                return error;
        *ret = TAKE_PTR(call);
        return 0;
}
