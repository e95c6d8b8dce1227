/* SPDX-License-Identifier: Apache-2.0 */
/* One runner process and the socket to it: spawned, spoken to in frames, watched for its end. Used by the agent's pool
 * and by `sqsflow run`. Everything is event-driven on the given loop. */
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "common/flow/flow.h"
#include "common/link/protocol.h"

struct runner_link;

struct runner_link_handlers {
        /* A frame from the runner; its bytes live until the return. */
        void (*on_frame)(void *userdata, struct runner_link *link, const struct frame *frame);
        /* The runner is gone (exited, killed, or spoke nonsense and was killed); `status` as from waitpid(2). Last call
         * for this link; the receiver may free it from a defer source or from within. */
        void (*on_gone)(void *userdata, struct runner_link *link, int status);
};

/* What of this process's environment a runner may see, for runner_link_new(): an owned list (text_list_free). With
 * `aws_credentials` also everything of AWS, for SQS tasks that name no keys. 0, -ENOMEM. */
int runner_environment(bool aws_credentials, char ***ret) _must_check_;

/* Starts `program` (path of sqsflow-runner) with a clean environment `envp`; task processes will be in the control group at
 * the path `cgroup` (NULL: in the runner's own). -errno when it cannot be started. */
int runner_link_new(sd_event *event, const char *program, char *const *envp, const char *cgroup,
                    const struct runner_link_handlers *handlers, void *userdata, struct runner_link **ret) _must_check_;
/* Ends the runner when it still runs, with its tasks, and frees the link. Waits for that: a millisecond when it is idle,
 * at most a second. No handler is called. */
struct runner_link *runner_link_free(struct runner_link *link);
DEFINE_CLEANUP(struct runner_link *, runner_link_free)

/* Queue frames; nothing is written before runner_link_flush(), so that a record can be committed first. runner_link_execute
 * sends the flow ahead when this runner does not have its revision yet. 0, -ENOMEM, -E2BIG. */
int runner_link_execute(struct runner_link *link, const struct flow *flow, const struct flow_load_options *options,
                        const struct frame_execute *execute) _must_check_;
int runner_link_cancel(struct runner_link *link, uint64_t execution_id);
/* Answers a FLOW_WANTED with the flow of that name in the set, or with the nearest name. NULL set: there are no others,
 * because of `problem`. */
int runner_link_answer(struct runner_link *link, struct bytes name, const struct flow_set *set, const char *problem,
                       const struct flow_load_options *options) _must_check_;
/* Answers a PLACE_WANTED (calls.h). */
int runner_link_place(struct runner_link *link, const struct frame_place *answer);
/* Says that the end of the execution is on disk, as one that settles its messages or not (protocol.h: SETTLE). */
int runner_link_settle(struct runner_link *link, uint64_t execution_id, bool success);
/* Writes what is queued; the rest goes out when the socket takes it. 0 or -errno (the end is told by on_gone). */
int runner_link_flush(struct runner_link *link);

pid_t runner_link_pid(const struct runner_link *link);
