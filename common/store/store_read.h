/* SPDX-License-Identifier: Apache-2.0 */
/* The store's reading side, for whoever shows records: opened read-only, also while an agent writes, which it neither
 * delays nor waits for. Every call sees one consistent state; two calls may see two.
 *
 * Results come through a callback, a record at a time; the texts in it are borrowed until it returns. A callback returns
 * 0 to go on; anything else ends the reading and is returned. */
#pragma once

#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/flow/state.h"
#include "common/store/store.h"

struct store_reader;

/* -ENOENT: no store there; -ENODATA: one that is being made, with nothing in it; -EACCES; -EUCLEAN, -EPROTO as store_open();
 * -ESTALE: an older one, which store_open() brings forward. *ret_message (may be NULL): an owned sentence. */
int store_reader_open(const char *path, struct store_reader **ret, char **ret_message) _must_check_;
struct store_reader *store_reader_free(struct store_reader *reader);
DEFINE_CLEANUP(struct store_reader *, store_reader_free)

/* SQLite's words for the last failure; borrowed. */
const char *store_reader_problem(const struct store_reader *reader);

struct store_record {
        uint64_t id;
        const char *flow;
        uint64_t flow_revision;
        const char *trigger, *queue_url;  /* NULL: none */
        enum run_state state;
        uint64_t start_usec, end_usec;    /* end 0: still running */
        const char *error;                /* NULL: none */
        const char *messages;             /* JSON: [[message id, group id or null, receive count], …]; NULL: none */
        const char *outputs;              /* JSON; NULL: none */
        const char *input;                /* JSON; NULL: none, and in lists */
        uint64_t cpu_usec, memory_bytes;  /* 0: no process, or not known */
};
typedef int (*store_record_t)(void *userdata, const struct store_record *record);

struct store_filter {
        int state;                        /* enum run_state; -1: any */
        const char *flow, *trigger;       /* NULL: any */
        uint64_t since_usec;              /* started at or after */
        unsigned limit;                   /* 0: no limit */
};

/* Executions, the newest first. 0 or -errno. */
int store_reader_list(struct store_reader *reader, const struct store_filter *filter, store_record_t on_record,
                      void *userdata);
/* One execution with everything. 0; -ENOENT. */
int store_reader_get(struct store_reader *reader, uint64_t id, store_record_t on_record, void *userdata);

/* The id that `text` stands for: 13 characters, or the first few of them when only one execution starts so. 0; -EINVAL
 * (not an id); -ENOENT; -ENOTUNIQ. */
int store_reader_resolve(struct store_reader *reader, const char *text, uint64_t *ret);

/* The task runs of an execution in the order they started. */
typedef int (*store_task_run_t)(void *userdata, const struct store_task_run *task_run);
int store_reader_task_runs(struct store_reader *reader, uint64_t id, store_task_run_t on_task_run, void *userdata);

struct store_log_filter {
        uint32_t task_run;                /* UINT32_MAX: all */
        int level_max;                    /* syslog: LOG_DEBUG shows all, LOG_WARNING that and what is worse */
};
/* The lines after *position (0: from the first) in the order they were written; *position moves behind the last one
 * seen, so that calling again shows what is new. */
typedef int (*store_line_t)(void *userdata, const struct store_log *line);
int store_reader_logs(struct store_reader *reader, uint64_t id, const struct store_log_filter *filter,
                      uint64_t *position, store_line_t on_line, void *userdata);

/* How many executions are in each state. */
int store_reader_counts(struct store_reader *reader, uint64_t ret_counts[RUN_STATE_COUNT]);
