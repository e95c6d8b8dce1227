/* SPDX-License-Identifier: Apache-2.0 */
/* A client of SQS for one verb: the loop, the connection pool, the credentials and the endpoint, made from a
 * configuration in the way the agent makes its own. */
#pragma once

#include <systemd/sd-event.h>

#include "common/aws/endpoint.h"
#include "common/aws/sqs.h"
#include "common/base/diag.h"
#include "common/config/config.h"

struct session {
        sd_event *event;
        struct http *http;
        struct aws_profile *profile;
        struct credentials_chain *credentials;
        struct sqs_client *sqs;
        struct endpoint endpoint;
};

/* `queue_url` may tell the region; NULL: not known yet. On failure *ret_why is an owned sentence. 0; -EINVAL (what is
 * configured is wrong); -errno. */
int session_open(struct session *s, const struct config_aws *aws, const char *queue_url, char **ret_why) _must_check_;
void session_done(struct session *s);

/* Turns the loop until sd_event_exit(); returns the code given there, or -errno. */
int session_run(const struct session *s);
