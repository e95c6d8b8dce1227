/* SPDX-License-Identifier: Apache-2.0 */
/* SQS clients, shared by every trigger that speaks to the same endpoint as the same principal. */
#pragma once

#include <systemd/sd-event.h>

#include "common/aws/sqs.h"
#include "common/base/cleanup.h"
#include "common/config/config.h"

struct clients;

/* `ca_bundle` may be NULL (then AWS_CA_BUNDLE, then the system's). 0 or -errno. */
int clients_new(sd_event *event, const char *ca_bundle, struct clients **ret) _must_check_;
struct clients *clients_free(struct clients *c);
DEFINE_CLEANUP(struct clients *, clients_free)

/* The client for these settings and the region that `queue_url` (may be NULL) tells. Borrowed; lives as long as the
 * clients. 0; -EINVAL (no region, a bad endpoint) or another -errno with a sentence in *ret_why, borrowed until the next call. */
int clients_get(struct clients *c, const struct config_aws *aws, const char *queue_url, struct sqs_client **ret,
                const char **ret_why) _must_check_;
