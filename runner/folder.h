/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of an execution, of a flow that it calls, or of tasks that have one of their own; 0700. In it stands the working directory of the tasks, `work`, empty at the start; beside that
 * the message file and script files. Made when first needed: many flows need none.
 *
 * An execution whose folder is kept, from the start or in the end, gets `<parent>/<execution id>`. All others use `<parent>/runner-<pid>` one after
 * another, as long as it is found clean. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/link/protocol.h"

/* A clean folder between two executions of one runner. */
struct folder_spare {
        char *parent;        /* NULL: there is none */
        char *path, *work;
        int top_fd, work_fd;
};

struct folder {
        struct folder_spare *spare; /* the session's */
        struct bytes parent;        /* borrowed */
        const char *id;             /* borrowed */
        struct folder *outer;       /* that it stands in; NULL: in `parent` */
        bool keep;                  /* is left where it is at the end */
        char *path, *work;          /* NULL until made */
        int top_fd, work_fd;        /* of path and work */
        char *message_file, *records_file; /* NULL: not written; trigger_value.h */
};

/* Makes the folder and its `work`, once. 0 or -errno. */
int folder_make(struct folder *f) _must_check_;
/* Writes `<path>/<name>` for the trigger, and keeps its path in message_file or records_file. 0 or -errno. */
int folder_write_message(struct folder *f, const char *name, const void *data, size_t len) _must_check_;
int folder_write_records(struct folder *f, const char *name, const void *data, size_t len) _must_check_;
/* Moves `work` to `<parent>/<execution id>/work`, where it stays. Where that fails, it is removed with the rest. */
void folder_keep(struct folder *f);
/* Ends the use of the folder: it is kept, or given to the next execution when `reusable` (all processes ended by
 * themselves) and nothing was left in it, or removed with all that is in it. */
void folder_done(struct folder *f, bool reusable);

void folder_spare_done(struct folder_spare *s);
