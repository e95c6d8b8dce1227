/* SPDX-License-Identifier: Apache-2.0 */
/* A queue that a command line names: by URL, by a trigger of agent.yaml (or of a flow file) that polls it, or by its
 * name. A trigger's id comes before a queue's name, and brings the trigger's AWS settings. */
#pragma once

#include "cli/options.h"
#include "cli/sqs_wait.h"

struct queue_options {
        const char *config, *endpoint, *region; /* NULL: not given */
};

/* The options that fill them in, and their help. */
#define QUEUE_OPTION_ROWS(o) \
        { "config", .text = &(o).config }, { "endpoint", .text = &(o).endpoint }, { "region", .text = &(o).region }
#define QUEUE_OPTIONS_HELP                                                                          \
        "      --config FILE        agent.yaml: triggers, and whose region, endpoint and credentials (default:\n"      \
        "                           " CONFIG_DEFAULT_PATH " if there is one, then the AWS environment)\n"                \
        "      --endpoint URL       instead of the configuration's\n"                                                    \
        "      --region NAME        instead of the configuration's\n"

struct open_queue {
        struct config *config;
        struct session session;
        char *url;
        struct sqs_queue_attributes attributes; /* empty until queue_ask() */
};

/* Opens a session and finds the URL of the queue that the only argument names. 0; or an exit code, after complaining. */
int queue_open(const char *verb, const struct arguments *arguments, const struct queue_options *o,
               struct open_queue *ret) _must_check_;
/* Asks for the queue's attributes. 0; or an exit code, after complaining. */
int queue_ask(const char *verb, struct open_queue *q) _must_check_;
/* The URL and the attributes of one more queue, in the session of the first. 0 with an owned URL and attributes to be
 * freed; or an exit code, after complaining. */
int queue_open_other(const char *verb, const char *text, struct open_queue *q, char **ret_url,
                     struct sqs_queue_attributes *ret) _must_check_;
void queue_close(struct open_queue *q);

/* The queue's ARN; NULL when the server does not tell it. Borrowed. */
const char *queue_arn(const struct open_queue *q);
