/* SPDX-License-Identifier: Apache-2.0 */
/* One task run: its attempts, their timeout, the waits between them, and what comes out. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/flow/flow.h"
#include "runner/task_kind.h"
#include "runner/task_state.h"

struct execution;
struct folder;
struct iteration;

struct task_run {
        struct execution *execution;
        struct task_run *parent;       /* the flowable it stands in; NULL: the flow */
        struct iteration *iteration;   /* the innermost that it belongs to (iteration.h); NULL: none */
        const struct flow_task *task;
        const struct task_kind *kind;
        uint32_t index;
        enum run_state state;
        unsigned attempts;
        uint64_t start_usec, end_usec; /* wall clock */
        uint64_t first_attempt_usec;   /* monotonic */
        uint64_t timeout_usec;         /* of this attempt; USEC_INFINITY: none */
        uint64_t cpu_usec, memory_bytes; /* of the processes of all attempts: the sum, and the biggest */
        struct value *outputs;         /* map; NULL: none */
        char *error;
        const struct task_run *cause;  /* of a flowable that FAILED: the run whose failure that was; NULL: its own */
        sd_event_source *timer;        /* RUNNING, QUEUED: the timeout; RETRYING: until the next attempt */
        bool timed_out;                /* this attempt */
        void *work;                    /* the kind's own, of this attempt */
        struct folder *shared;         /* of a WorkingDirectory that runs: its children's folder; NULL: none */
        void (*on_end)(void *userdata, struct task_run *run);
        void *userdata;
        bool changed, announced;       /* outbox.h */
        struct task_run *next_changed;
};

/* Makes a run of `task`, registered with the execution, which frees it. NULL: out of memory, or too many. */
struct task_run *task_run_new(struct execution *e, struct task_run *parent, struct iteration *iteration,
                              const struct flow_task *task, void (*on_end)(void *userdata, struct task_run *run),
                              void *userdata);
struct task_run *task_run_free(struct task_run *run);

/* Starts it. on_end is called once, from within or later. */
void task_run_start(struct task_run *run);
/* Ends it as KILLED, at once or when the attempt has ended. Nothing happens to a run that has ended. */
void task_run_cancel(struct task_run *run);

/* The iteration whose value is this run's own: it stands in a ForEach or Loop directly. NULL: none. */
const struct iteration *task_run_own_iteration(const struct task_run *run);

/* The folder that the run works in: that of the innermost WorkingDirectory around it, or the execution's. Borrowed. */
struct folder *task_run_folder(const struct task_run *run);

/* For the kinds: its attempt waits in a line (QUEUED), or goes on. The timeout counts on. */
void task_run_queue(struct task_run *run, bool is_queued);

/* For the kinds: an attempt's end, exactly once. They own `outputs` (NULL: none) and may free run->work. */
void task_run_succeed(struct task_run *run, struct value *outputs);
void task_run_warn(struct task_run *run, struct value *outputs);
void task_run_fail(struct task_run *run, struct value *outputs, const char *fmt, ...) _printf_(3, 4);
