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

/* A row per service; FIPS puts "-fips" behind the host's first label or labels. */
static const struct service {
        const char *host;    /* "sqs" of sqs.REGION.amazonaws.com */
        const char *section; /* its name in a profile's services section */
        const char *variable;
} services[] = {
        [AWS_SQS] = { "sqs", "sqs", "AWS_ENDPOINT_URL_SQS" },
        [AWS_STS] = { "sts", "sts", "AWS_ENDPOINT_URL_STS" },
        [AWS_SSO] = { "portal.sso", "sso", "AWS_ENDPOINT_URL_SSO" },
};

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

/* How many of the settings stand in front of the profile's: a profile that cannot be followed matters only behind. */
#define BEFORE_PROFILE 3

static bool services_section_missing(const struct aws_profile *p) {
        const char *name = aws_profile_get(p, "services");
        return name && !ini_find(p->config, "services", name);
}

/* -EINVAL when the profile points to a services section that is not there: what it was to say would be lost. */
static int custom_endpoint(const struct endpoint_inputs *in, struct setting *ret) {
        const struct service *service = &services[in->service];
        const struct setting settings[] = {
                { in->endpoint, "agent.yaml" },
                { aws_environment_get(in->environment, service->variable), service->variable },
                { aws_environment_get(in->environment, "AWS_ENDPOINT_URL"), "AWS_ENDPOINT_URL" },
                { aws_profile_service_get(in->profile, service->section, "endpoint_url"),
                  "the profile's services section" },
                { aws_profile_get(in->profile, "endpoint_url"), "the profile's endpoint_url" },
        };
        bool ignore = switched_on(in, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");
        *ret = first_set(settings, ignore ? 1 : BEFORE_PROFILE);
        if (ret->value || ignore)
                return 0;
        *ret = first_set(settings, ARRAY_SIZE(settings));
        return services_section_missing(in->profile) ? -EINVAL : 0;
}

/* "http://127.0.0.1:9324" of a queue URL, in `ret`; false when that is too long. */
static bool origin_of(const char *queue_url, char *ret, size_t size) {
        const char *host = strstr(queue_url, "://") + 3;
        size_t len = (size_t)(host - queue_url) + strcspn(host, "/");

        if (len >= size)
                return false;
        memcpy(ret, queue_url, len);
        ret[len] = '\0';
        return true;
}

static struct setting choose_region(const struct endpoint_inputs *in, bool custom, const char *queue_region) {
        const struct setting settings[] = {
                { custom ? NULL : queue_region, "the queue URL" },
                { in->region, "agent.yaml" },
                { aws_environment_get(in->environment, "AWS_REGION"), "AWS_REGION" },
                { aws_environment_get(in->environment, "AWS_DEFAULT_REGION"), "AWS_DEFAULT_REGION" },
                { aws_profile_get(in->profile, "region"), "the profile" },
                { custom ? queue_region : NULL, "the queue URL" },
                { custom || in->service == AWS_STS ? "us-east-1" : NULL, "default" },
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

static int service_url(enum aws_service service, const struct endpoint *e, bool fips, bool dual_stack, char *ret,
                       size_t size) {
        const struct aws_partition *p = aws_partition_of_region(e->region);
        /* The services' endpoint rules agree: GovCloud's ordinary endpoints are the FIPS ones. */
        bool marked = fips && (dual_stack || !text_eq(p->name, "aws-us-gov"));
        int n = snprintf(ret, size, "https://%s%s.%s.%s", services[service].host, marked ? "-fips" : "", e->region,
                         dual_stack ? p->dual_stack_suffix : p->dns_suffix);
        return n > 0 && (size_t)n < size ? 0 : -EINVAL;
}

/* ("AWS STS Regional endpoints", AWS SDKs and Tools Reference Guide.) 1: the global endpoint is wanted, and serves this
 * region; -EINVAL: the setting is neither "regional" nor "legacy". */
static int wants_global_sts(const struct endpoint_inputs *in, const char *region) {
        static const char *const global[] = {
                "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1",
                "eu-central-1",   "eu-north-1", "eu-west-1",      "eu-west-2",      "eu-west-3",
                "sa-east-1",      "us-east-1",  "us-east-2",      "us-west-1",      "us-west-2",
        };
        const char *mode = aws_environment_get(in->environment, "AWS_STS_REGIONAL_ENDPOINTS");
        if (!mode)
                mode = aws_profile_get(in->profile, "sts_regional_endpoints");
        if (in->service != AWS_STS || !mode || strcasecmp(mode, "regional") == 0)
                return 0;
        if (strcasecmp(mode, "legacy") != 0)
                return -EINVAL;
        for (size_t i = 0; i < ARRAY_SIZE(global); i++)
                if (text_eq(region, global[i]))
                        return 1;
        return 0;
}

static int fail(const char **ret_why, const char *why) {
        *ret_why = why;
        return -EINVAL;
}

/* The URL that follows from the region, in `e`; `why` on -EINVAL. */
static int from_region(const struct endpoint_inputs *in, bool fips, bool dual_stack, struct endpoint *e,
                       const char **ret_why) {
        int global = wants_global_sts(in, e->region);
        if (global < 0)
                return fail(ret_why, "AWS_STS_REGIONAL_ENDPOINTS must be 'regional' or 'legacy'");
        e->url_from = "region";
        if (global && !fips && !dual_stack) {
                strcpy(e->region, "us-east-1"); /* signed for, wherever it is asked from */
                strcpy(e->url, "https://sts.amazonaws.com");
                return 0;
        }
        if (service_url(in->service, e, fips, dual_stack, e->url, sizeof(e->url)) < 0)
                return fail(ret_why, "the region is too long");
        return 0;
}

int endpoint_resolve(const struct endpoint_inputs *in, struct endpoint *ret, const char **ret_why) {
        struct queue_url queue = { 0 };
        struct endpoint e = { 0 };
        char origin[sizeof(e.url)];
        struct setting custom;

        if (in->queue_url && queue_url_parse(in->queue_url, &queue) < 0)
                return fail(ret_why, "the queue URL is not of the form https://HOST/ACCOUNT/NAME");
        if (custom_endpoint(in, &custom) < 0)
                return fail(ret_why, "the profile's 'services' names a section that ~/.aws/config does not have");
        /* A host that is not AWS's is the queue's own server, and no other has that queue. */
        if (!custom.value && in->queue_url && !queue.region[0] && origin_of(in->queue_url, origin, sizeof(origin)))
                custom = (struct setting){ origin, "the queue URL" };
        struct setting region = choose_region(in, custom.value != NULL, queue.region);
        if (!region.value)
                return fail(ret_why, "no region: set aws.region in agent.yaml, or AWS_REGION");
        if (!is_region(region.value))
                return fail(ret_why, "the region may hold only a-z, 0-9 and '-'");
        memcpy(e.region, region.value, strlen(region.value) + 1);
        e.region_from = region.from;
        bool fips = switched_on(in, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
        bool dual_stack = switched_on(in, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
        if (!custom.value) {
                int r = from_region(in, fips, dual_stack, &e, ret_why);
                if (r < 0)
                        return r;
        } else if (fips || dual_stack) {
                return fail(ret_why, "a custom endpoint cannot be combined with FIPS or dual-stack endpoints");
        } else if (!normal_url(custom.value, e.url, sizeof(e.url))) {
                return fail(ret_why, "the endpoint must be a URL such as https://HOST or http://HOST:PORT");
        } else {
                e.url_from = custom.from;
        }
        *ret = e;
        return 0;
}
