/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the writing side share. */
#pragma once

#include <sys/types.h>

#include "common/store/batch.h"
#include "common/store/database.h"
#include "common/store/store.h"

enum statement {
        STATEMENT_BEGIN,
        STATEMENT_READ,
        STATEMENT_COMMIT,
        STATEMENT_NAME_FIND,
        STATEMENT_NAME_ADD,
        STATEMENT_EXECUTION_ADD,
        STATEMENT_INPUT_ADD,
        STATEMENT_INPUT_DELETE,
        STATEMENT_RUNNING_ADD,
        STATEMENT_RUNNING_DELETE,
        STATEMENT_TASK_RUN_PUT,
        STATEMENT_TASK_RUN_DELETE,
        STATEMENT_LOG_ADD,
        STATEMENT_LOG_DELETE,
        STATEMENT_LEDGER_ADD,
        STATEMENT_LEDGER_FIND,
        STATEMENT_LEDGER_SEARCH,
        STATEMENT_PAUSE_ADD,
        STATEMENT_PAUSE_DELETE,
        STATEMENT_PAUSE_FIND,
        STATEMENT_EXECUTION_FIND,
        STATEMENT_OLD_FIND,
        STATEMENT_LOG_DELETE_SOME,
        STATEMENT_TASK_RUN_DELETE_SOME,
        STATEMENT_INPUT_DELETE_SOME,
        STATEMENT_EXECUTION_DELETE_SOME,
        STATEMENT_LEDGER_DELETE_SOME,
        STATEMENT_LEDGER_DELETE_UNDATED,
        STATEMENT_COUNT,
};

struct store {
        char *path;
        char *passage;
        int lock_fd;
        dev_t device;        /* of the file that is open, … */
        ino_t inode;
        bool is_gone;        /* … which is not the one at `path` any more */
        enum store_history history;
        struct sqlite3 *db;
        struct sqlite3_stmt *statements[STATEMENT_COUNT];
        struct names names;
        struct running_set running;
        struct batch batch;  /* what the next commit writes */
        struct batch spare;  /* empty, with memory */
        uint64_t log_seq;
        bool reading;        /* a transaction is open for look-ups; store_begin() takes it over */
        bool failed;         /* the last try to write */
        char *problem;       /* why; NULL also when there was no memory for it */
};

int store_take_lock(const char *path, int *ret_fd, char **ret_message) _must_check_;

/* store_place.c: notes which file is open; and looks whether it is still there. 0; -ESTALE, once; from then on the one that is
 * there, or a new one, is opened: 0 or -errno, with the reason noted. */
int store_note_place(struct store *s) _must_check_;
int store_check_place(struct store *s) _must_check_;

int statements_prepare(struct store *s) _must_check_;
void statements_finalize(struct store *s);

/* Runs a statement that gives no rows; its bindings stay. 0 or -errno. */
int statement_run(struct sqlite3_stmt *statement);
void statement_bind_text(struct sqlite3_stmt *statement, int index, struct text text);
/* A message id as the ledger keeps it; `uuid` is where it is packed and must live as long as the binding. */
void statement_bind_message(struct sqlite3_stmt *statement, int index, struct text id, uint8_t uuid[16]);
/* Looks the number of a name up in the table: 1 found, 0 not there, -errno. */
int name_find(struct store *s, struct name *name);
/* The same, and adds the name when it is not there. 0 or -errno. */
int name_write(struct store *s, struct name *name);

/* Writes the batch in one transaction. 0 or -errno, and then nothing of it is in the database. */
int store_write(struct store *s, const struct batch *batch);
/* Opens a transaction for look-ups, unless one is open: many of them then share its locks. 0 or -errno. */
int store_read(struct store *s);
void store_end_reading(struct store *s); /* closes it, if one is open */
/* BEGIN IMMEDIATE, or the transaction of the look-ups, which the first write turns into the same (nobody else writes, so it
 * sees the newest state); and COMMIT when r is 0, else ROLLBACK. Returns r, or why the COMMIT failed. */
int store_begin(struct store *s);
int store_finish(struct store *s, int r);
void store_rollback(struct store *s);

/* Notes how the last try to write went: 0 or -errno, which is returned. */
int store_note(struct store *s, int error);
