/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of a trigger: its client, URL and visibility timeout. Found out at the start, retried for ever (P9), the
 * visibility timeout asked again every few minutes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "agent/jitter.h"
#include "agent/services.h"
#include "common/aws/sqs.h"
#include "common/config/config.h"

struct queue;

struct queue_ops {
        void (*on_ready)(struct queue *q); /* once */
        void (*on_failed)(struct queue *q, const struct aws_error *error); /* before that: each time */
};

struct queue {
        const struct queue_ops *ops;
        struct services *services;
        const struct trigger_config *config;
        struct jitter *jitter;
        struct sqs_client *client;     /* borrowed; NULL until known */
        char *url;                     /* NULL until known */
        unsigned visibility_sec;       /* that receives name: the queue's own may change at any time */
        bool is_visibility_own;        /* it is the queue's own, to be asked for again and again */
        bool is_ready;                 /* all of it is known: the queue may be polled */
        unsigned failures;
        struct sqs_call *call;
        sd_event_source *timer;
};

/* All pointers are borrowed, for as long as the queue. 0 or -errno. */
int queue_init(struct queue *q, struct services *services, const struct trigger_config *config, struct jitter *jitter,
               const struct queue_ops *ops) _must_check_;
void queue_done(struct queue *q);

/* Begins to find out. */
void queue_start(struct queue *q);
/* No more calls; what is known stays for the deliveries that are left. */
void queue_stop(struct queue *q);
