/* SPDX-License-Identifier: Apache-2.0 */
/* The ways of looking at records; each has a file. */
#pragma once

#include "cli/progress.h"
#include "common/store/store_read.h"

struct executions_options {
        const char *config, *store_folder;         /* which records; NULL: not given */
        bool own;
        struct store_filter filter;                /* list */
        int64_t limit;                             /* list: as given */
        const char *task;                          /* logs; NULL: all */
        int level_max;                             /* logs: syslog; this and worse */
        bool follow;                               /* logs */
        const char *download;                      /* outputs: a folder; NULL: none */
        bool force;                                /* outputs: also over what is there */
        const char *state_folder;                  /* where the records are; known when they are open */
        const char *executions_folder;             /* where their files are; likewise */
        const char *flow_file, *runner;            /* replay; NULL: not given */
        bool plain;                                /* replay */
        bool json;
};

int executions_list(struct store_reader *reader, const struct executions_options *o);
int executions_show(struct store_reader *reader, const struct executions_options *o, uint64_t id);
int executions_logs(struct store_reader *reader, const struct executions_options *o, uint64_t id);
int executions_gantt(struct store_reader *reader, const struct executions_options *o, uint64_t id);
int executions_outputs(struct store_reader *reader, const struct executions_options *o, uint64_t id);
/* Copies the files that the outputs refer to into o->download; an exit code. */
int executions_download(const struct executions_options *o, const struct progress *p, const char *outputs);
int executions_replay(struct store_reader *reader, const struct executions_options *o, uint64_t id);

/* Reads an execution with its task runs. *ret_record may be NULL; its texts are owned by the caller, see
 * executions_record_done(). 0 or -errno. */
int executions_read(struct store_reader *reader, uint64_t id, struct progress *progress, struct store_record *ret_record);
void executions_record_done(struct store_record *record);

/* Says what a failed reading was; returns EXIT_FAILED. */
int executions_fail(const struct store_reader *reader, int error);
