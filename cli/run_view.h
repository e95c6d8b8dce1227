/* SPDX-License-Identifier: Apache-2.0 */
/* What `sqsflow run` and `sqsflow executions replay` show of an execution while it runs and at its end: a picture that is
 * drawn anew on a terminal, plain lines elsewhere, one JSON event per line for programs. */
#pragma once

#include <systemd/sd-event.h>

#include "cli/progress.h"
#include "common/flow/flow.h"
#include "common/store/store_read.h"

/* What all of them look at; borrowed, and filled before they are told. */
struct run_subject {
        const struct flow *flow;
        const struct progress *progress;
        const char *store;         /* where it is recorded; NULL: nowhere */
        const char *folder;        /* where its working directory is made, and its files are kept */
        bool is_folder_temporary;  /* it goes at the end, with all that is in it */
};

/* How it ended. */
struct run_end {
        struct store_record record;
        const char *batch_failures; /* JSON; NULL: none */
        const char *unrecorded;     /* why there is no record; NULL: there is one, or none was wanted */
        bool is_folder_kept;
};

struct run_view;

struct run_view_ops {
        int (*start)(struct run_view *v);
        int (*task_run)(struct run_view *v, uint32_t index, bool has_changed); /* its state, or it is new */
        int (*log)(struct run_view *v, const struct frame_log *f);
        int (*say)(struct run_view *v, const char *text);
        void (*flush)(struct run_view *v);
        int (*end)(struct run_view *v, const struct run_end *end);
        void (*free)(struct run_view *v);
};

/* The first member of every view. */
struct run_view {
        const struct run_view_ops *ops;
        struct run_subject subject;
};

/* NULL: out of memory. The live view draws by timers and signals of the loop. */
struct run_view *run_view_new_live(const struct run_subject *subject, sd_event *event);
struct run_view *run_view_new_plain(const struct run_subject *subject);
struct run_view *run_view_new_events(const struct run_subject *subject);
struct run_view *run_view_free(struct run_view *v);

/* Each says that something is new in the progress; it is shown with the next run_view_flush() at the latest. 0 or
 * -errno. */
int run_view_start(struct run_view *v);
int run_view_task_run(struct run_view *v, uint32_t index, bool has_changed);
int run_view_log(struct run_view *v, const struct frame_log *f);
int run_view_say(struct run_view *v, const char *text); /* a remark of the program's own */
void run_view_flush(struct run_view *v);
int run_view_end(struct run_view *v, const struct run_end *end); /* the last thing shown */

/* [{"uri", "path"}] of the files that the outputs refer to; path null when they go with the folder. NULL: out of memory. */
struct value *run_view_files(const struct run_view *v, const struct run_end *end);
/* The end as people get it, live or plain: the chart, how it went, outputs and files. */
int run_view_print_end(const struct run_view *v, const struct run_end *end);
