/* SPDX-License-Identifier: Apache-2.0 */
/* Both questions are answered the same way: a list of settings in order of precedence, and the first that is set
 * decides and is named in the answer, so that `status` can say why a request goes where it goes. */
#include "common/aws/endpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/aws/partition.h"
#include "common/base/text.h"

struct setting {
        const char *value;
        const char *from;
};

static struct setting first_set(const struct setting *settings, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (settings[i].value && settings[i].value[0])
                        return settings[i];
        return (struct setting){ 0 };
}

static bool switched_on(const struct endpoint_inputs *in, const char *variable, const char *property) {
        const char *value = aws_environment_get(in->environment, variable);
        if (!value)
                value = aws_profile_get(in->profile, property);
        return value && strcasecmp(value, "true") == 0;
}

static struct setting custom_endpoint(const struct endpoint_inputs *in) {
        const struct setting settings[] = {
                { in->endpoint, "agent.yaml" },
                { aws_environment_get(in->environment, "AWS_ENDPOINT_URL_SQS"), "AWS_ENDPOINT_URL_SQS" },
                { aws_environment_get(in->environment, "AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL" },
                { aws_profile_service_get(in->profile, "sqs", "endpoint_url"), "the profile's services section" },
                { aws_profile_get(in->profile, "endpoint_url"), "the profile's endpoint_url" },
        };
        bool ignore = switched_on(in, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
        return first_set(settings, ignore ? 1 : ARRAY_SIZE(settings));
}

static struct setting choose_region(const struct endpoint_inputs *in, bool custom, const char *queue_region) {
        const struct setting settings[] = {
                { custom ? NULL : queue_region, "the queue URL" },
                { in->region, "agent.yaml" },
                { aws_environment_get(in->environment, "AWS_REGION"), "AWS_REGION" },
                { aws_environment_get(in->environment, "AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION" },
                { aws_profile_get(in->profile, "region"), "the profile" },
                { custom ? queue_region : NULL, "the queue URL" },
                { custom ? "us-east-1" : NULL, "default" },
        };
        return first_set(settings, ARRAY_SIZE(settings));
}

static bool is_region(const char *s) {
        return text_is_name(s, "a-z0-9", "a-z0-9-", AWS_REGION_SIZE - 1);
}

/* The URL without final slashes; false when it is not http(s)://host… or holds a query. */
static bool normal_url(const char *url, char *ret, size_t size) {
        const char *host = text_after(url, "https://");
        if (!host)
                host = text_after(url, "http://");
        size_t len = strlen(url);
        while (len > 0 && url[len - 1] == '/')
                len--;
        if (!host || !*host || *host == '/' || *host == ':' || strpbrk(url, " ?#\t\r\n@") || len >= size)
                return false;
        memcpy(ret, url, len);
        ret[len] = '\0';
        return true;
}

static int service_url(const struct aws_partition *p, const char *region, bool fips, bool dual_stack, char *ret,
                       size_t size) {
        /* SQS's endpoint rules: GovCloud's ordinary endpoints are the FIPS ones. */
        bool marked = fips && (dual_stack || !text_eq(p->name, "aws-us-gov"));
        int n = snprintf(ret, size, "https://%s.%s.%s", marked ? "sqs-fips" : "sqs", region,
                         dual_stack ? p->dual_stack_suffix : p->dns_suffix);
        return n > 0 && (size_t)n < size ? 0 : -EINVAL;
}

static int fail(const char **ret_why, const char *why) {
        *ret_why = why;
        return -EINVAL;
}

int endpoint_resolve(const struct endpoint_inputs *in, struct endpoint *ret, const char **ret_why) {
        struct queue_url queue = { 0 };
        struct endpoint e = { 0 };

        if (in->queue_url && queue_url_parse(in->queue_url, &queue) < 0)
                return fail(ret_why, "the queue URL is not of the form https://HOST/ACCOUNT/NAME");
        struct setting custom = custom_endpoint(in);
        struct setting region = choose_region(in, custom.value != NULL, queue.region);
        if (!region.value)
                return fail(ret_why, "no region: set aws.region in agent.yaml, or AWS_REGION");
        if (!is_region(region.value))
                return fail(ret_why, "the region may hold only a-z, 0-9 and '-'");
        memcpy(e.region, region.value, strlen(region.value) + 1);
        e.region_from = region.from;
        bool fips = switched_on(in, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
        bool dual_stack = switched_on(in, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
        if (custom.value) {
                if (fips || dual_stack)
                        return fail(ret_why, "a custom endpoint cannot be combined with FIPS or dual-stack endpoints");
                if (!normal_url(custom.value, e.url, sizeof(e.url)))
                        return fail(ret_why, "the endpoint must be a URL such as https://HOST or http://HOST:PORT");
                e.url_from = custom.from;
        } else {
                const struct aws_partition *p = aws_partition_of_region(e.region);
                if (service_url(p, e.region, fips, dual_stack, e.url, sizeof(e.url)) < 0)
                        return fail(ret_why, "the region is too long");
                e.url_from = "region";
        }
        *ret = e;
        return 0;
}
