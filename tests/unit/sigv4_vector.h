/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the two texts of a SigV4 test vector, as AWS publishes them: a raw HTTP request, and a context in JSON with
 * "credentials", "region", "service", "timestamp", "normalize". Ours adds "double_encode" (s3: false). */
#pragma once

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/aws/credentials.h"
#include "common/aws/sigv4.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define VECTOR_HEADERS_MAX 32

struct vector {
        struct sigv4_request request;
        struct sigv4_context context;
        struct http_header headers[VECTOR_HEADERS_MAX];
        struct aws_credentials *credentials;
        struct value *context_value;
        char *text;
};

static inline void vector_done(struct vector *v) {
        aws_credentials_unref(v->credentials);
        value_unref(v->context_value);
        free(v->text);
}

static inline bool vector_flag(const struct vector *v, const char *name, bool otherwise) {
        struct value *flag = value_map_get(v->context_value, name);
        return flag && value_type(flag) == VALUE_BOOL ? value_bool(flag) : otherwise;
}

/* Cuts the line at *at off its text and moves on. */
static inline char *vector_line(char **at) {
        char *line = *at, *end = line + strcspn(line, "\n");
        *at = *end ? end + 1 : end;
        *end = '\0';
        if (end > line && end[-1] == '\r')
                end[-1] = '\0';
        return line;
}

/* The suite reads a folded line (white space first) as one more header of the same name. Signature headers of a signed
 * request are left out; the signer adds them anew. */
static inline int vector_parse_header(struct vector *v, char *line) {
        struct http_header *h = &v->headers[v->request.header_count];
        char *colon = strchr(line, ':');
        bool folded = *line == ' ' || *line == '\t';

        if (v->request.header_count == VECTOR_HEADERS_MAX || (folded ? v->request.header_count == 0 : !colon))
                return -EBADMSG;
        if (folded) {
                *h = (struct http_header){ h[-1].name, line };
        } else {
                *colon = '\0';
                if (strcasecmp(line, "Authorization") == 0 || strcasecmp(line, "X-Amz-Date") == 0)
                        return 0;
                *h = (struct http_header){ line, colon + 1 };
        }
        v->request.header_count++;
        return 0;
}

/* "GET /path with spaces HTTP/1.1", headers, an empty line, the body. */
static inline int vector_parse_request(struct vector *v, const char *text, size_t len) {
        v->text = text_dup_n(text, len);
        if (!v->text)
                return -ENOMEM;
        char *at = v->text, *line = vector_line(&at);
        char *space = strchr(line, ' '), *version = strrchr(line, ' ');
        if (!space || version == space)
                return -EBADMSG;
        *space = *version = '\0';
        v->request.method = line;
        v->request.url = space + 1;
        v->request.headers = v->headers;
        while (*at && *(line = vector_line(&at))) {
                int r = vector_parse_header(v, line);
                if (r < 0)
                        return r;
        }
        v->request.body = at;
        v->request.body_len = len - (size_t)(at - v->text);
        return 0;
}

static inline int vector_use_context(struct vector *v, struct value *context) {
        v->context_value = value_ref(context);
        const struct value *credentials = value_map_get(context, "credentials");
        const char *id = value_map_string(credentials, "access_key_id");
        const char *secret = value_map_string(credentials, "secret_access_key");
        const char *timestamp = value_map_string(context, "timestamp");
        v->context.region = value_map_string(context, "region");
        v->context.service = value_map_string(context, "service");
        if (!id || !secret || !timestamp || !v->context.region || !v->context.service)
                return -EBADMSG;
        v->credentials =
                aws_credentials_new("vector", id, secret, value_map_string(credentials, "token"), USEC_INFINITY);
        if (!v->credentials)
                return -ENOMEM;
        v->context.credentials = v->credentials;
        v->context.keep_path = !vector_flag(v, "normalize", true);
        v->context.single_encode_path = !vector_flag(v, "double_encode", true);
        v->context.omit_session_token = vector_flag(v, "omit_session_token", false);
        return timestamp_parse(timestamp, &v->context.realtime_usec);
}
