/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps queues and messages in an SQLite file, so that a restart of the server loses none. */
#pragma once

#include "tests/queue/broker.h"

struct persist;

/* Opens or creates the file, puts what it holds into the broker, and follows the broker's changes from then on. The
 * broker must outlive it. 0 or -errno (-EIO: SQLite refused; *ret_reason, when wanted, says why and is the caller's).
 */
int persist_open(const char *path, struct broker *b, struct persist **ret, char **ret_reason) _must_check_;
/* Commits and closes; returns NULL. */
struct persist *persist_close(struct persist *p);

/* Commits what changed since the last call. 0, or -EIO when a change could not be written. */
int persist_commit(struct persist *p);
