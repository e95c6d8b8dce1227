/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, and the way from one version of them to the next. Inside common/store only. */
#pragma once

#include "common/base/cleanup.h"

struct sqlite3;
struct store_progress;

#define SCHEMA_APPLICATION_ID 0x53515346 /* "SQSF" */

struct schema {
        const char *const *steps; /* SQL; steps[n] leads from version n to n + 1 */
        unsigned version;         /* the newest: how many steps there are */
};
extern const struct schema store_schema;

/* Takes the steps from *version (0: an empty database) to the newest. Each is a transaction of its own that also writes
 * user_version, so that a database is always of one version, whatever ends the process, and the next start goes on from
 * there. *version follows. `progress` (NULL: none) as store_open_watched(). 0 or -errno, and then *ret_reason is SQLite's words (owned; NULL: no memory for them). */
int schema_migrate(struct sqlite3 *db, const struct schema *schema, const struct store_progress *progress,
                   unsigned *version, char **ret_reason) _must_check_;

/* For the log, of a store that was of version `was` when it was opened and is of version `is` now. Owned. */
char *schema_passage_text(unsigned was, unsigned is);
