/* SPDX-License-Identifier: Apache-2.0 */
/* How an SQS task reaches its queue: from the connection properties that Publish and Consume share. Clients belong to the
 * execution and live as long: tasks with the same properties share one, with its credentials and its connections. */
#pragma once

#include "common/aws/sqs.h"

struct execution;
struct sqs_connection;
struct task_run;

/* Reads the task's properties. Keys that the flow names are used; without any, the standard AWS chain of the runner's
 * environment, but only when the driver allows it (EXECUTE's task_credentials). With stsRoleArn they take that role on.
 * Region and endpoint that the flow leaves out are the driver's. 0 with a borrowed client and the owned URL of the queue;
 * on failure the attempt has been failed. */
int sqs_connection_get(struct task_run *run, struct sqs_client **ret, char **ret_queue_url) _must_check_;
/* Cancels every call. Not from inside a callback of one. */
void sqs_connections_free(struct execution *e);
