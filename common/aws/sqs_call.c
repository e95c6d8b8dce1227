/* SPDX-License-Identifier: Apache-2.0 */
/* A call is signed with the credentials that are cached, or waits for the chain. An error answer is looked at once:
 * when our clock is off, the server's Date tells by how much, and the call is signed again; when the credentials had
 * expired, new ones are awaited. Each happens once per call, within the call's one deadline; everything else goes to
 * the caller. */
#include "common/aws/sqs_call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/text.h"

#define CONTENT_TYPE "application/x-amz-json-1.0"
#define SKEW_MIN_USEC ((int64_t)USEC_PER_MINUTE) /* signatures are good for 5 to 15 min; Date is rounded to seconds */
#define TRY_MIN_USEC USEC_PER_SEC
#define RESPONSE_MAX_BYTES ((size_t)64 * 1024 * 1024) /* ten messages of 1 MiB, escaped */
#define RECEIVE_BUFFER_BYTES ((size_t)8 * 1024)

static void on_credentials(int error, const struct aws_credentials *found, const char *why, void *userdata);

/* --- life --------------------------------------------------------------------------------------------------------- */

struct sqs_call *sqs_call_new(struct sqs_client *c, const char *target, sqs_finish_func finish, void *userdata) {
        struct sqs_call *call = calloc(1, sizeof(*call));
        if (!call)
                return NULL;
        call->client = c;
        call->target = target;
        call->timeout_usec = SQS_TIMEOUT_USEC;
        call->finish = finish;
        call->userdata = userdata;
        return call;
}

static void call_link(struct sqs_call *call) {
        struct sqs_client *c = call->client;
        call->next = c->calls;
        if (c->calls)
                c->calls->previous = call;
        c->calls = call;
}

static void call_unlink(struct sqs_call *call) {
        struct sqs_client *c = call->client;
        if (call->previous)
                call->previous->next = call->next;
        else if (c->calls == call)
                c->calls = call->next;
        if (call->next)
                call->next->previous = call->previous;
        call->previous = call->next = NULL;
}

struct sqs_call *sqs_call_free(struct sqs_call *call) {
        if (!call)
                return NULL;
        call_unlink(call);
        http_cancel(call->http_call);
        credentials_cancel(call->wait);
        aws_credentials_unref(call->used);
        buf_done(&call->body);
        free(call->sent_md5);
        free(call);
        return NULL;
}

static void call_fail(struct sqs_call *call, const struct aws_error *error) {
        call_unlink(call);
        (void)call->finish(call, error, NULL);
        sqs_call_free(call);
}

static void call_fail_errno(struct sqs_call *call, int error, const char *text) {
        struct aws_error e = aws_error_from_errno(error, text);
        call_fail(call, &e);
}

static void call_succeed(struct sqs_call *call, const struct buf *body) {
        call_unlink(call);
        int r = call->finish(call, NULL, body);
        if (r < 0) {
                call_fail_errno(call, r, r == -EBADMSG ? "the server's answer could not be understood" : NULL);
                return;
        }
        sqs_call_free(call);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

/* True when our clock was wrong and the offset is now known; false when the clock cannot be the reason. */
static bool correct_clock(struct sqs_call *call, const struct http_response *response) {
        struct sqs_client *c = call->client;
        uint64_t server;
        if (call->clock_corrected || !http_response_date(response, &server))
                return false;
        int64_t offset = (int64_t)server - (int64_t)clock_realtime_usec();
        if (llabs(offset - c->clock_offset_usec) < SKEW_MIN_USEC)
                return false;
        c->clock_offset_usec = offset;
        call->clock_corrected = true;
        return true;
}

/* Codes that say the key itself is wrong: it may have been rotated, so the next call asks the chain again. */
static bool is_wrong_key(const struct aws_error *e) {
        static const char *const wrong[] = {
                "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId",    "InvalidSecurity",
                "InvalidSignature",     "InvalidSignatureException",   "SignatureDoesNotMatch",
        };
        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
                if (text_eq(wrong[i], e->code))
                        return true;
        return false;
}

static int try_again(struct sqs_call *call, const struct http_response *response, struct aws_error *e) {
        struct sqs_client *c = call->client;
        if (!c->credentials)
                return -EAGAIN;
        if (e->class == AWS_ERROR_CLOCK && correct_clock(call, response))
                return sqs_call_start(call);
        if (is_wrong_key(e)) {
                if (!call->clock_corrected)
                        e->class = AWS_ERROR_DENIED; /* the clock is right, so the secret is not */
                credentials_expire(c->credentials, call->used);
        }
        if (e->class != AWS_ERROR_EXPIRED)
                return -EAGAIN;
        credentials_expire(c->credentials, call->used);
        if (call->credentials_renewed)
                return -EAGAIN;
        call->credentials_renewed = true;
        return sqs_call_start(call);
}

static void on_answer(const struct http_response *response, void *userdata) {
        struct sqs_call *call = userdata;
        call->http_call = NULL;
        if (response->error < 0) {
                call_fail_errno(call, response->error, response->error_text);
                return;
        }
        if (response->status == 200) {
                call_succeed(call, response->body);
                return;
        }
        const char *id = http_response_header(response, "x-amzn-RequestId");
        struct aws_error e = aws_error_from_answer(response->status, response->body->data, response->body->len,
                                                   http_response_header(response, "x-amzn-query-error"), id,
                                                   http_response_header(response, "x-amz-retry-after"));
        if (try_again(call, response, &e) < 0)
                call_fail(call, &e);
}

/* --- requests ----------------------------------------------------------------------------------------------------- */

#define HEADER_MAX 5

static uint64_t time_left(const struct sqs_call *call) {
        return MAX(usec_sub(call->deadline_usec, clock_monotonic_usec()), TRY_MIN_USEC);
}

/* A second try gets TRY_MIN_USEC when it begins at the deadline, and there are two at most. */
uint64_t sqs_call_limit_usec(const struct sqs_call *call) {
        return usec_add(call->deadline_usec, 2 * TRY_MIN_USEC + (call->wait ? CREDENTIALS_SEARCH_MAX_USEC : 0));
}

static int send_request(struct sqs_call *call, const struct http_header *headers, size_t header_count) {
        const struct http_request request = {
                .method = "POST",
                .url = call->client->url,
                .headers = headers,
                .header_count = header_count,
                .body = call->body.data,
                .body_len = call->body.len,
                .timeout_usec = time_left(call),
                .response_max_bytes = RESPONSE_MAX_BYTES,
                .receive_buffer_bytes = RECEIVE_BUFFER_BYTES,
        };
        return http_start(call->client->http, &request, on_answer, call, &call->http_call);
}

static int sign_and_send(struct sqs_call *call, const struct aws_credentials *credentials) {
        struct sqs_client *c = call->client;
        _cleanup_(buf_done) struct buf authorization = { 0 };
        struct sigv4_result result = { .authorization = &authorization };
        struct http_header headers[HEADER_MAX] = {
                { "Content-Type", CONTENT_TYPE },
                { "X-Amz-Target", call->target },
        };
        size_t count = 2;

        if (!credentials)
                return send_request(call, headers, count);
        const struct sigv4_request request = {
                .method = "POST",
                .url = c->url,
                .headers = headers,
                .header_count = count,
                .body = call->body.data,
                .body_len = call->body.len,
        };
        const struct sigv4_context context = {
                .realtime_usec = (uint64_t)((int64_t)clock_realtime_usec() + c->clock_offset_usec),
                .region = c->region,
                .service = "sqs",
                .credentials = credentials,
                .cache = &c->key_cache,
        };
        int r = sigv4_sign(&request, &context, &result);
        if (r < 0)
                return r;
        headers[count++] = (struct http_header){ "X-Amz-Date", result.date };
        if (credentials->session_token)
                headers[count++] = (struct http_header){ "X-Amz-Security-Token", credentials->session_token };
        headers[count++] = (struct http_header){ "Authorization", authorization.data };
        struct aws_credentials *used = aws_credentials_ref(credentials);
        aws_credentials_unref(call->used);
        call->used = used;
        return send_request(call, headers, count);
}

static void on_credentials(int error, const struct aws_credentials *found, const char *why, void *userdata) {
        struct sqs_call *call = userdata;
        call->wait = NULL;
        if (error < 0) {
                struct aws_error e = aws_error_from_errno(error, why);
                e.class = AWS_ERROR_NO_CREDENTIALS;
                call_fail(call, &e);
                return;
        }
        int r = sign_and_send(call, found);
        if (r < 0)
                call_fail_errno(call, r, NULL);
}

int sqs_call_start(struct sqs_call *call) {
        struct sqs_client *c = call->client;
        bool first = call->deadline_usec == 0;
        int r;

        if (first)
                call->deadline_usec = usec_add(clock_monotonic_usec(), call->timeout_usec);
        const struct aws_credentials *cached = c->credentials ? credentials_cached(c->credentials) : NULL;
        if (c->credentials && !cached)
                r = credentials_get(c->credentials, on_credentials, call, &call->wait);
        else
                r = sign_and_send(call, cached);
        if (r < 0)
                return r;
        if (first)
                call_link(call);
        return 0;
}
