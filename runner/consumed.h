/* SPDX-License-Identifier: Apache-2.0 */
/* The messages that an execution's Consume tasks hold: leased from the receive on, and deleted only when the driver says
 * that the execution's success is on disk (P1). What an attempt took that failed, and everything when the execution
 * fails, is given back at once. When this process dies, the visibility timeout gives them back. */
#pragma once

#include <stdbool.h>

#include "common/aws/lease_plan.h"
#include "common/aws/sqs.h"

struct consumed; /* those of one attempt of one task */
struct execution;
struct task_run;

/* A new, empty set, which the execution owns. `client` must live as long; the URL is copied. NULL: out of memory. */
struct consumed *consumed_new(struct task_run *run, struct sqs_client *client, const char *queue_url,
                              unsigned visibility_sec, bool auto_delete);
/* 1: it is held now; 0: it was held already, and its newer handle is taken; -ENOMEM. */
int consumed_add(struct consumed *c, const struct sqs_message *m, const struct lease_terms *terms) _must_check_;

/* What becomes of a set when its attempt ends: it waits for the execution's end, or goes back. */
void consumed_keep(struct consumed *c);
void consumed_give_back(struct consumed *c);

/* The same for everything that tasks of this execution, or of one that they called, have kept so far: an attempt of it
 * failed, whatever comes of the whole. */
void consumed_give_back_all(struct execution *e);

/* True while a set waits for the execution's end or is on its way back. */
bool consumed_is_pending(const struct execution *e);
/* Deletes what waits (`success`, and autoDelete), or gives it back. on_settled is called once, from within or later, when
 * all is done, or was tried for a minute. */
void consumed_settle(struct execution *e, bool success, void (*on_settled)(struct execution *e));
/* Forgets them. */
void consumed_free_all(struct execution *e);
