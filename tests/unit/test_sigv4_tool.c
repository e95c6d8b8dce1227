/* SPDX-License-Identifier: Apache-2.0 */
/* Runs any published SigV4 vector through our signer:
 *
 *   test_sigv4_tool --request request.txt --context context.json
 *
 * prints the canonical request, the string to sign and the Authorization header. With --check it compares the signature
 * with the Authorization header in the request, and its exit status is 1 when they differ. Without arguments, as the
 * unit suite runs it, it signs one request that AWS published. */
#include <getopt.h>
#include <stdio.h>

#include "common/base/file.h"
#include "tests/unit/sigv4_vector.h"

static int print_all(const struct vector *v, const char *expected) {
        _cleanup_(buf_done) struct buf canonical = { 0 }, to_sign = { 0 }, authorization = { 0 };
        struct sigv4_result result = {
                .canonical_request = &canonical,
                .string_to_sign = &to_sign,
                .authorization = &authorization,
        };
        int r = sigv4_sign(&v->request, &v->context, &result);
        if (r < 0) {
                fprintf(stderr, "cannot sign: %s\n", strerror(-r));
                return 1;
        }
        printf("--- canonical request\n%s\n--- string to sign\n%s\n--- Authorization\n%s\n", canonical.data,
               to_sign.data, authorization.data);
        if (!expected || strncmp(expected, authorization.data, authorization.len) == 0)
                return 0;
        fprintf(stderr, "expected %.*s\n", (int)strcspn(expected, "\r\n"), expected);
        return 1;
}

static int sign(const char *request, size_t request_len, const char *context, size_t context_len, bool check) {
        _cleanup_(vector_done) struct vector v = { 0 };
        _cleanup_value_ struct value *map = NULL;
        const char *why = "not a JSON object", *expected = NULL;

        if (json_parse(context, context_len, &map, &why, NULL) < 0 || value_type(map) != VALUE_MAP ||
            vector_use_context(&v, map) < 0) {
                fprintf(stderr, "the context cannot be used: %s\n", why);
                return 2;
        }
        if (vector_parse_request(&v, request, request_len) < 0) {
                fprintf(stderr, "the request is not HTTP\n");
                return 2;
        }
        if (check) {
                expected = strcasestr(request, "\nAuthorization:");
                expected = expected ? expected + strlen("\nAuthorization:") : "no Authorization header";
                expected += strspn(expected, " ");
        }
        return print_all(&v, expected);
}

static int self_check(void) {
        /* get-vanilla of AWS's signing test suite */
        static const char request[] =
                "GET / HTTP/1.1\nHost:example.amazonaws.com\n"
                "Authorization:AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                "SignedHeaders=host;x-amz-date, "
                "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31\n"
                "X-Amz-Date:20150830T123600Z\n\n";
        static const char context[] =
                "{\"credentials\":{\"access_key_id\":\"AKIDEXAMPLE\","
                "\"secret_access_key\":\"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY\"},"
                "\"region\":\"us-east-1\",\"service\":\"service\",\"timestamp\":\"2015-08-30T12:36:00Z\"}";
        return sign(request, sizeof(request) - 1, context, sizeof(context) - 1, true);
}

int main(int argc, char **argv) {
        static const struct option options[] = {
                { "request", required_argument, NULL, 'r' },
                { "context", required_argument, NULL, 'c' },
                { "check", no_argument, NULL, 'k' },
                { 0 },
        };
        const char *request_path = NULL, *context_path = NULL;
        _cleanup_free_ char *request = NULL, *context = NULL;
        size_t request_len, context_len;
        bool check = false;

        if (argc == 1) {
                int r = self_check();

                printf(r == 0 ? "[  PASSED  ] 1 test(s).\n" : "[  FAILED  ] 1 test(s)\n");
                return r;
        }
        for (int c; (c = getopt_long(argc, argv, "", options, NULL)) >= 0;) {
                if (c == 'r')
                        request_path = optarg;
                else if (c == 'c')
                        context_path = optarg;
                else if (c == 'k')
                        check = true;
                else
                        return 2;
        }
        if (!request_path || !context_path || file_read(request_path, 1 << 24, &request, &request_len) < 0 ||
            file_read(context_path, 1 << 20, &context, &context_len) < 0) {
                fprintf(stderr, "usage: %s --request FILE --context FILE [--check]\n", argv[0]);
                return 2;
        }
        return sign(request, request_len, context, context_len, check);
}
