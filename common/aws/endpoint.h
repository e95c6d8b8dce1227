/* SPDX-License-Identifier: Apache-2.0 */
/* Region and endpoint of a service, and what a queue URL tells. Pure: the environment and the profile are
 * arguments. */
#pragma once

#include <stdbool.h>

#include "common/aws/profile.h"

#define AWS_REGION_SIZE 48

enum aws_service {
        AWS_SQS,
        AWS_STS,
        AWS_SSO, /* the portal that gives credentials, not the login */
};

struct endpoint_inputs {
        enum aws_service service;
        const char *endpoint;           /* what the configuration says of this service; NULL: nothing */
        const char *region;             /* agent.yaml's aws.region; NULL: none */
        const char *queue_url;          /* tells the region when nothing else does; NULL: none */
        char *const *environment;       /* NULL: the process's */
        const struct aws_profile *profile; /* NULL: none */
};

struct endpoint {
        char region[AWS_REGION_SIZE];
        char url[320];                  /* "https://sqs.eu-north-1.amazonaws.com" or the custom one; no final / */
        const char *region_from;        /* which setting decided, for messages: "agent.yaml", "AWS_REGION" … static */
        const char *url_from;           /* … "AWS_ENDPOINT_URL_SQS", "region"; static */
};

/* Region: the queue URL's, when its host is AWS's and no custom endpoint is set (no other region has that queue); else
 * agent.yaml, AWS_REGION, AWS_DEFAULT_REGION, the profile's; with a custom endpoint at last the queue URL's, then
 * "us-east-1", which STS takes without a custom endpoint too.
 * Endpoint: agent.yaml, AWS_ENDPOINT_URL_SQS (_STS, _SSO), AWS_ENDPOINT_URL, the profile's services section, the
 * profile's endpoint_url (the last four not when AWS_IGNORE_CONFIGURED_ENDPOINT_URLS is true), the queue URL's own server
 * when its host is not AWS's, else from the region, with
 * AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT (or the profile's properties of that name). STS is asked in the
 * region, or at its global endpoint for the regions that had no other once when AWS_STS_REGIONAL_ENDPOINTS is "legacy".
 * 0; or -EINVAL with a static sentence in *ret_why: no region, a malformed region or URL, a custom endpoint together
 * with FIPS or dual-stack, a profile whose `services` names no section. */
int endpoint_resolve(const struct endpoint_inputs *in, struct endpoint *ret, const char **ret_why) _must_check_;

struct queue_url {
        char region[AWS_REGION_SIZE]; /* "" when the host is not AWS's */
        char account[16];             /* "" when the path has none */
        char name[96];
        bool is_fifo;                 /* the name ends in ".fifo" */
};

/* Whether a queue may have that name: letters, digits, '-' and '_', at most 80, ".fifo" at the end of a FIFO queue's
 * (SQS API reference, CreateQueue). */
bool queue_name_is_valid(const char *name);

/* Takes a queue URL apart: sqs.REGION.amazonaws.com[.cn], sqs-fips.…, sqs.REGION.api.aws, the legacy forms
 * REGION.queue.amazonaws.com and queue.amazonaws.com (us-east-1), VPC endpoints (vpce-….sqs.REGION.vpce.…), and any
 * other host, which tells no region. 0 or -EINVAL. */
int queue_url_parse(const char *url, struct queue_url *ret) _must_check_;
