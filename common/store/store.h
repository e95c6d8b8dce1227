/* SPDX-License-Identifier: Apache-2.0 */
/* The store: executions, task runs, logs, and the ledger of settled messages (P1, P3), in one SQLite file (WAL).
 *
 * Writing is for the one process that owns the store (the agent, or `sqsflow run`). Writes are queued in memory and go
 * into one transaction per store_commit(), called once per loop turn. When a commit fails (disk full, file locked) the
 * queue is kept, store_is_healthy() turns false, and the next store_commit() tries again: nothing that was queued is
 * forgotten and no completion runs early. A commit survives the death of the process; a power cut may take the last
 * ones back (synchronous=NORMAL), which costs a repetition, never a message (design, store). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/flow/state.h"

struct store;

enum store_history { STORE_HISTORY_ALL, STORE_HISTORY_FAILURES, STORE_HISTORY_NONE };

/* Opens (and makes, 0640) the store for writing, brings an older one forward. -errno; -EUCLEAN when it is not a store or
 * damaged; -EPROTO when it is newer than this program; -EBUSY while another process has it open for writing (a lock
 * on "<path>.lock"). *ret_message (may be NULL) gets an owned sentence. */
int store_open(const char *path, enum store_history history, struct store **ret, char **ret_message) _must_check_;

/* The same, and `on_progress` is called before each step that brings an older store forward, and again and again within it: a
 * store of years may take minutes. A single instruction of SQLite's, such as a sort or the commit, is not interrupted. */
struct store_progress {
        void (*on_progress)(void *userdata);
        void *userdata;
};
int store_open_watched(const char *path, enum store_history history, const struct store_progress *progress,
                       struct store **ret, char **ret_message) _must_check_;
/* Whether a process has it open for writing now: 1, 0, -errno. Only looks: it is in nobody's way. */
int store_is_owned(const char *path) _must_check_;
struct store *store_free(struct store *s); /* a last store_commit() goes before */
DEFINE_CLEANUP(struct store *, store_free)

/* --- writing: each call queues a copy; 0 or -ENOMEM -------------------------------------------------------------- */

struct store_message {
        const char *message_id;
        const char *group_id;       /* NULL: none */
        uint32_t receive_count;
};

struct store_execution {
        uint64_t id;                /* common/base/ident.h */
        const char *flow;           /* "namespace.id" */
        uint64_t flow_revision;
        const char *trigger;        /* NULL: started by hand */
        const char *queue_url;      /* NULL: none */
        uint64_t start_usec;
        const char *input;          /* JSON for replay; NULL: not kept */
        const struct store_message *messages;
        size_t message_count;
};
/* The execution is RUNNING. */
int store_execution_started(struct store *s, const struct store_execution *e);

struct store_task_run {
        uint64_t execution_id;
        uint32_t index, parent;     /* parent UINT32_MAX: none */
        const char *task_id, *task_type, *value;
        enum run_state state;
        uint32_t attempts;
        uint64_t start_usec, end_usec;
        const char *outputs, *error; /* JSON; sentence; NULL: none */
        uint64_t cpu_usec, memory_bytes; /* of its processes (protocol.h, TASK_RUN); 0: none */
};
int store_task_run(struct store *s, const struct store_task_run *t); /* insert or update by (execution, index) */

struct store_log {
        uint64_t execution_id;
        uint32_t task_run;          /* UINT32_MAX: the execution itself */
        int level;
        uint64_t time_usec;
        const char *text;
        size_t text_len;
        uint64_t seq;               /* its place in the execution's log, from 1; 0: behind all that this handle was given */
};
/* Also -ENOBUFS: the line was not kept, because the store cannot be written now and much is queued already. */
int store_log(struct store *s, const struct store_log *l);

typedef void (*store_done_t)(void *userdata);

struct store_end {
        uint64_t execution_id;
        enum run_state state;
        uint64_t end_usec;
        const char *outputs, *error;
        uint64_t cpu_usec, memory_bytes;     /* of its processes (protocol.h, END); 0: none */
        const char *queue_url;               /* for the ledger */
        const char *const *settled_ids;      /* message ids that go into the ledger; only with SUCCESS and WARNING */
        const uint64_t *settled_sent_usec;   /* their SentTimestamps, in the same order; NULL, 0: unknown */
        size_t settled_count;
};
/* The end and the ledger entries, in one transaction. `done` is called from within the store_commit() that made it
 * durable, never before (P1). */
int store_execution_ended(struct store *s, const struct store_end *e, store_done_t done, void *userdata);

/* Makes everything queued durable, then runs the completions. 0; 1: nothing was queued; -errno: kept for the next try. */
int store_commit(struct store *s);
/* What was found when it was opened: "new, of schema version 1", "brought forward from schema version 1 to 2"; borrowed. */
const char *store_passage(const struct store *s);
bool store_is_healthy(const struct store *s);      /* the last commit went through, and so did what was asked since */
const char *store_problem(const struct store *s);  /* the last failure as a sentence, NULL when healthy; borrowed */
/* Would it work again? Tries a tiny write, and to read the ledger. 0 or -errno. */
int store_probe(struct store *s);

/* Was this message settled here (P3)? 1 yes, 0 no, -errno. Looks at what is queued too. Look-ups share a transaction that
 * the next store_commit() ends, also when nothing is queued. The ledger is in the order of
 * the messages' SentTimestamps, which stay the same with every delivery: give them here and with the end, then an entry
 * costs 1 us instead of 10, and a look-up one seek. 0: unknown, then everything is searched. A look-up that fails makes
 * the store unhealthy. */
int store_ledger_has_sent(struct store *s, const char *queue_url, const char *message_id, uint64_t sent_usec);
static inline int store_ledger_has(struct store *s, const char *queue_url, const char *message_id) {
        return store_ledger_has_sent(s, queue_url, message_id, 0);
}

/* Deletes executions that ended before (with their task runs and logs) and the ledger entries of messages that were sent
 * before, a bounded piece per call (at most `rows`); 0; 1: more may be left; -errno. Never a RUNNING execution. */
int store_retain(struct store *s, uint64_t history_before_usec, uint64_t ledger_before_usec, unsigned rows);

/* After a crash (P8a), before anything is queued: every execution that is RUNNING in the store becomes KILLED.
 * 0 or -errno, and then everything is as it was. */
#define STORE_ORPHAN_ERROR "the agent ended while this ran"
int store_kill_orphans(struct store *s, uint64_t now_usec);
/* Whether the store has this execution and its end: 1, 0, -errno. */
int store_has_execution(struct store *s, uint64_t execution_id);

/* common/store/store_read.h has the reading side (the cli). */
