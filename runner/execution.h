/* SPDX-License-Identifier: Apache-2.0 */
/* One execution of a flow: from the EXECUTE frame to the END frame, or to the DONE frame when `afterExecution` follows.
 * What a task calls (Subflow) is an execution of its own inside: with its own flow, inputs, variables and folder, but
 * with the task runs, log and secrets of the one that the driver knows, `top`. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "common/aws/http.h"
#include "common/base/ident.h"
#include "common/link/protocol.h"
#include "runner/block.h"
#include "runner/files.h"
#include "runner/flow_cache.h"
#include "runner/flow_library.h"
#include "runner/folder.h"
#include "runner/outbox.h"
#include "runner/process.h"
#include "runner/secrets.h"
#include "runner/variables.h"

#define EXECUTION_TASK_RUNS_MAX 100000
#define EXECUTION_CALLS_MAX 16             /* executions in executions */
#define EXECUTION_ID_SIZE (IDENT_TEXT_SIZE + 48)

struct call_handlers;
struct consumed;
struct sqs_connection;
struct task_run;

/* What outlives executions, lent by the session. */
struct workshop {
        sd_event *event;
        struct reaper *reaper;
        struct outbox *outbox;
        struct folder_spare *spare;
        struct flow_library *library;
};

struct execution {
        struct workshop shop;
        struct cached_flow *cached; /* NULL, or without a flow: the execution fails at once */
        const struct flow *flow;    /* cached->flow */
        struct frame frame;
        char *frame_bytes;          /* what `frame` borrows from, once the session has handed it over */
        const struct frame_execute *request;
        char id[EXECUTION_ID_SIZE];
        enum run_state state;
        char *error;                /* why it failed: the first failure's sentence */
        struct value *vars;         /* as SetVariables left them; NULL: the flow's own */
        struct variables variables;
        struct secrets secrets;
        struct folder folder;
        struct files files;
        struct sqs_connection *connections; /* of top: of its SQS tasks */
        struct consumed *consumed;  /* of top: what Consume tasks hold (consumed.h) */
        void (*on_settled)(struct execution *e); /* when that is deleted or given back; NULL: not asked for yet */
        struct http *http;          /* of top; NULL until a task needs it */
        struct task_run **runs;     /* of top: by index */
        size_t run_count;
        size_t first_run;           /* of this attempt */
        struct value *error_logs;   /* run_functions.h; NULL: none */
        struct block root, after;
        uint64_t log_bytes;         /* reported so far */
        bool log_full, cancelled;
        bool after_due;             /* END is in the outbox, afterExecution has not begun */
        bool goes_on;               /* END said so: DONE is owed */
        enum { SETTLE_UNKNOWN, SETTLE_SUCCESS, SETTLE_FAILURE } settlement; /* what the driver said of the end */
        bool after_over;            /* nothing runs any more; what is held waits for the settlement */
        bool ended;                 /* all is over */
        bool killed;                /* a process was killed by us: the folder is not used again */
        int end_error;              /* why END or DONE could not be put into the outbox; 0: it is there */
        /* the flow's own retry: execution_retry.c */
        unsigned attempt;           /* from 1 */
        uint64_t first_start_usec;  /* monotonic */
        sd_event_source *retry_timer;
        /* calls: execution_call.c */
        struct execution *top;      /* itself, unless it was called */
        struct execution *calls, *next_call; /* of top: all that were ever called; freed with it */
        size_t detached;            /* of top: called ones that run and that no task waits for */
        bool is_detached;           /* one of those */
        void (*then)(struct execution *e); /* what waits for those to end; NULL: nothing */
        struct task_run *caller;    /* NULL: it is top */
        struct called_flow *called; /* what `cached` is part of */
        struct frame_execute call;  /* what `request` is, with bytes of its own */
        struct value *outputs;      /* of a called one, when it has ended */
        const struct call_handlers *handlers; /* of a called one */
        /* its place: execution_place.c */
        uint64_t call_count;        /* of top */
        uint64_t call_number;       /* of a called one: from 1; of top: 0 */
        enum { PLACE_OF_CALL_NONE, PLACE_OF_CALL_ASKED, PLACE_OF_CALL_TAKEN } place;
        bool is_refused;            /* it would have waited for ever: its task fails in any case */
        struct execution *asking, *prev_asking, *next_asking; /* of top: those that asked */
};

/* Takes the decoded EXECUTE frame over. Its bytes must live as long as the execution: whoever has them sets frame_bytes
 * (malloc'ed) when execution_start() did not end it. 0, -ENOMEM. */
int execution_new(const struct workshop *shop, struct flow_cache *flows, struct frame *frame,
                  struct execution **ret) _must_check_;
/* Kills what still runs. Not for called ones: they go with top. */
struct execution *execution_free(struct execution *e);

/* Runs it as far as it goes without waiting. With the last frame in the outbox, `ended` is set; with END in the outbox
 * and afterExecution to come, `after_due`. */
void execution_start(struct execution *e);
/* Begins afterExecution when it is due: to be called when END has been written. False when it is not due. */
bool execution_begin_after(struct execution *e);
/* The driver has recorded the end: what Consume tasks hold is deleted or given back, when nothing runs any more. */
void execution_settle(struct execution *e, bool success);
/* Ends it as KILLED: what runs is stopped, nothing more is started, `errors` and `finally` neither. After its END, it ends
 * afterExecution. */
void execution_cancel(struct execution *e);

/* Between the files that an execution is made of. */
void execution_begin(struct execution *e);                       /* runs the flow's tasks, of this attempt */
void execution_conclude(struct execution *e);                    /* a called one: its end is told */
bool execution_retry(struct execution *e);                       /* true: another attempt follows */
void execution_when_alone(struct execution *top, void (*then)(struct execution *e)); /* then, or when no call runs */
void execution_free_calls(struct execution *top);
void execution_withdraw(struct execution *e);                    /* a called one that is QUEUED ends as KILLED */
void execution_place_leave(struct execution *e);                 /* its place is free, or it waits for none any more */

/* The execution's HTTP client, made when first needed: connections are shared by its tasks and nobody else. Borrowed. 0,
 * -ENOMEM, -EIO. */
int execution_http(struct execution *e, struct http **ret) _must_check_;

/* Sets why the execution failed, unless that is known already. `text` is copied. */
void execution_set_error(struct execution *e, const struct task_run *run, const char *text);
/* One log line of a task run (NULL: of the execution): masked, cut and counted. */
void execution_log(struct execution *e, const struct task_run *run, int level, const char *text, size_t len);
void execution_logf(struct execution *e, const struct task_run *run, int level, const char *fmt, ...) _printf_(4, 5);
