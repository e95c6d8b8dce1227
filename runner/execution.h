/* SPDX-License-Identifier: Apache-2.0 */
/* One execution of a flow: from the EXECUTE frame to the END frame. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/base/ident.h"
#include "common/flow/protocol.h"
#include "runner/block.h"
#include "runner/flow_cache.h"
#include "runner/folder.h"
#include "runner/outbox.h"
#include "runner/process.h"
#include "runner/secrets.h"
#include "runner/variables.h"

#define EXECUTION_LOG_BYTES_MAX (1024ul * 1024) /* of log text; what comes after is dropped, with a note */
#define EXECUTION_TASK_RUNS_MAX 100000

struct task_run;

/* What outlives executions, lent by the session. */
struct workshop {
        sd_event *event;
        struct reaper *reaper;
        struct outbox *outbox;
        struct folder_spare *spare;
};

struct execution {
        struct workshop shop;
        struct cached_flow *cached; /* NULL, or without a flow: the execution fails at once */
        const struct flow *flow;    /* cached->flow */
        char *frame_bytes;          /* what `frame` borrows from */
        struct frame frame;
        const struct frame_execute *request;
        char id[IDENT_TEXT_SIZE];
        enum run_state state;
        char *error;                /* why it failed: the first failure's sentence */
        struct variables variables;
        struct secrets secrets;
        struct folder folder;
        struct task_run **runs;     /* by index */
        size_t run_count;
        struct block root, after;
        size_t log_bytes;
        bool log_full, cancelled, ended;
        bool killed;                /* a process was killed by us: the folder is not used again */
        int end_error;              /* why END could not be put into the outbox; 0: it is there */
};

/* Takes a copy of one whole EXECUTE frame. 0, -ENOMEM. */
int execution_new(const struct workshop *shop, struct flow_cache *flows, const char *frame, size_t len,
                  struct execution **ret) _must_check_;
/* Kills what still runs. */
struct execution *execution_free(struct execution *e);

/* Runs it as far as it goes without waiting; `ended` is set when END is in the outbox. */
void execution_start(struct execution *e);
/* Ends it as KILLED: what runs is stopped, nothing more is started, `errors` and `finally` neither. */
void execution_cancel(struct execution *e);

/* Sets why the execution failed, unless that is known already. `text` is copied. */
void execution_set_error(struct execution *e, const struct task_run *run, const char *text);
/* One log line of a task run (NULL: of the execution): masked, cut and counted. */
void execution_log(struct execution *e, const struct task_run *run, int level, const char *text, size_t len);
void execution_logf(struct execution *e, const struct task_run *run, int level, const char *fmt, ...) _printf_(4, 5);
