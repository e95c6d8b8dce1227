/* SPDX-License-Identifier: Apache-2.0 */
/* STS as far as the credential chain uses it. It checks each signature by itself, and the key that it gives tells how
 * it was come by: "RoleA.RoleB.AKID" is RoleA, assumed by RoleB, assumed by the key AKID. */
#pragma once

#include <time.h>

#include "common/aws/sigv4.h"
#include "tests/unit/credentials_fixture.h"

/* The value of a header or form field of the last request, up to one of `ends`; owned. NULL: absent. */
static inline char *sts_part(const struct server *s, const char *name, const char *ends) {
        const char *at = strstr(s->last, name);
        return at ? text_dup_n(at + strlen(name), strcspn(at + strlen(name), ends)) : NULL;
}

static inline uint64_t sts_date(const char *text) {
        struct tm tm = { 0 };
        assert_non_null(strptime(text, "%Y%m%dT%H%M%SZ", &tm));
        return (uint64_t)timegm(&tm) * USEC_PER_SEC;
}

/* Fails the test unless the request is signed as it should be. Returns the key's id, owned. */
static inline char *sts_check_signature(struct server *s) {
        _cleanup_free_ char *date = sts_part(s, "\r\nX-Amz-Date: ", "\r"), *host = sts_part(s, "\r\nHost: ", "\r"),
                            *token = sts_part(s, "\r\nX-Amz-Security-Token: ", "\r"),
                            *sent = sts_part(s, "\r\nAuthorization: ", "\r"), *id = sts_part(s, "Credential=", "/"),
                            *region = NULL;
        _cleanup_(buf_done) struct buf expected = { 0 };
        struct sigv4_result result = { .authorization = &expected };
        const char *body = strstr(s->last, "\r\n\r\n") + 4;
        assert_true(date && host && sent && id);
        region = text_dup_n(strstr(s->last, "Credential=") + 11 + strlen(id) + 10, 9); /* "/20261123/us-west-7/sts" */
        _cleanup_(aws_credentials_unrefp) struct aws_credentials *c =
                aws_credentials_new("test", id, TEST_SECRET, token, USEC_INFINITY);
        const struct http_header headers[] = {
                { "Host", host },
                { "Content-Type", "application/x-www-form-urlencoded; charset=utf-8" },
        };
        const struct sigv4_request request = { "POST", "/", headers, 2, body, strlen(body) };
        const struct sigv4_context context = {
                .realtime_usec = sts_date(date), .region = region, .service = "sts", .credentials = c
        };
        assert_int_equal(sigv4_sign(&request, &context, &result), 0);
        assert_string_equal(sent, expected.data);
        if (strchr(id, '.') && !token)
                fail_msg("temporary credentials were used without their session token");
        return TAKE_PTR(id);
}

static inline void sts_answer_role(struct fixture *f, const char *action, const char *by, struct buf *answer) {
        _cleanup_free_ char *role = sts_part(&f->server, "role%2F", "&");
        _cleanup_free_ char *body =
                text_printf("<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <%sResult>\n"
                            "    <AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>arn</Arn></AssumedRoleUser>\n"
                            "    <Credentials>\n      <AccessKeyId>%s.%s</AccessKeyId>\n"
                            "      <SecretAccessKey>" TEST_SECRET "</SecretAccessKey>\n"
                            "      <SessionToken>SECRET-token</SessionToken>\n      <Expiration>%s</Expiration>\n"
                            "    </Credentials>\n  </%sResult>\n"
                            "  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\n</%sResponse>\n",
                            action, action, role, by, f->expiration, action, action);
        server_answer(answer, 200, "", body);
}

/* STS at /, everything else as serve(). */
static inline enum server_action serve_sts(struct server *s, const char *request, size_t len, struct buf *answer) {
        struct fixture *f = fixture_of(s);
        if (!text_after(request, "POST / "))
                return serve(s, request, len, answer);
        f->sts_count++;
        if (f->sts_count <= f->sts_refusals) {
                server_answer(answer, f->sts_status, f->sts_headers ? f->sts_headers : "", f->sts_error);
        } else if (strstr(request, "\r\n\r\nAction=AssumeRoleWithWebIdentity&Version=2011-06-15&")) {
                _cleanup_free_ char *token = sts_part(s, "&WebIdentityToken=", "&");
                assert_null(strstr(request, "Authorization"));
                sts_answer_role(f, "AssumeRoleWithWebIdentity", token, answer);
        } else {
                _cleanup_free_ char *by = sts_check_signature(s);
                assert_non_null(strstr(request, "\r\n\r\nAction=AssumeRole&Version=2011-06-15&"));
                sts_answer_role(f, "AssumeRole", by, answer);
        }
        return SERVER_ANSWER;
}

static inline void use_sts(struct fixture *f) {
        _cleanup_free_ char *url = text_printf("http://127.0.0.1:%u", f->server.port);
        f->server.serve = serve_sts;
        set_env(f, "AWS_ENDPOINT_URL_STS=", url);
        set_env(f, "AWS_REGION=", "us-west-7");
}

static inline void sts_refuse(struct fixture *f, unsigned count, unsigned status, const char *error) {
        f->sts_refusals = f->sts_count + count;
        f->sts_status = status;
        f->sts_error = error;
}

#define STS_ERROR(code, message)                                                                                       \
        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>Sender</Type>\n"    \
        "    <Code>" code "</Code>\n    <Message>" message "</Message>\n  </Error>\n"                                  \
        "  <RequestId>11111111-2222</RequestId>\n</ErrorResponse>\n"
