/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of a trigger: its client, URL and visibility timeout. Found out at the start, retried for ever (P9), the
 * visibility timeout asked again every few minutes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/aws/sqs.h"

struct trigger;

struct queue {
        struct trigger *trigger;
        struct sqs_client *client;     /* borrowed; NULL until known */
        char *url;                     /* NULL until known */
        unsigned visibility_sec;       /* of a receive */
        bool set_visibility;           /* receives name it, instead of leaving it to the queue */
        bool is_ready;                 /* all of it is known: the queue may be polled */
        unsigned failures;
        struct sqs_call *call;
        sd_event_source *timer;
};

int queue_init(struct queue *q, struct trigger *trigger) _must_check_;
void queue_done(struct queue *q);

/* Begins to find out. trigger_queue_ready() is called when it is ready, trigger_failed() for each failure. */
void queue_start(struct queue *q);
/* No more calls; what is known stays for the deliveries that are left. */
void queue_stop(struct queue *q);
