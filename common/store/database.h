/* SPDX-License-Identifier: Apache-2.0 */
/* The store's file: opening it to write or to read, its schema and its version, and SQLite's errors as -errno. Inside
 * common/store only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"

struct schema;
struct store_progress;
struct sqlite3;
struct sqlite3_stmt;

struct sqlite3 *database_close(struct sqlite3 *db);
DEFINE_CLEANUP(struct sqlite3 *, database_close)

/* Opens, makes (0640) and migrates; *ret_was is the version that was found (0: it was made). `progress` (NULL: none) and
 * errors as store_open_watched(). */
int database_open_writer(const char *path, const struct schema *schema, const struct store_progress *progress,
                         struct sqlite3 **ret, unsigned *ret_was, char **ret_message) _must_check_;
/* Opens without being able to change anything, while a writer is at work or not. Errors as store_open(), -ENOENT when
 * there is none, -ESTALE when it is of an older version, which only a writer can bring forward. */
int database_open_reader(const char *path, const struct schema *schema, struct sqlite3 **ret,
                         char **ret_message) _must_check_;

/* A SQLite result code as -errno: -ENOSPC full, -EBUSY locked by another, -EUCLEAN damaged, -EIO, … */
int database_errno(int code);
/* What the last failure on `db` was, for people: SQLite's words and the system's. Owned. */
char *database_error_text(struct sqlite3 *db);

/* Runs SQL without results. 0 or -errno. */
int database_exec(struct sqlite3 *db, const char *sql);
int database_prepare(struct sqlite3 *db, const char *sql, struct sqlite3_stmt **ret) _must_check_;
struct sqlite3_stmt *database_finalize(struct sqlite3_stmt *statement);
DEFINE_CLEANUP(struct sqlite3_stmt *, database_finalize)
