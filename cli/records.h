/* SPDX-License-Identifier: Apache-2.0 */
/* Records of executions as JSON and as text, the same wherever they come from: the store or a runner. */
#pragma once

#include "common/base/value.h"
#include "common/store/store_read.h"

/* JSON with the names that the HTTP and status documents use. NULL: out of memory. Texts that are JSON become part of
 * the document; what does not parse becomes a string. */
struct value *record_json(const struct store_record *record);
struct value *task_run_json(const struct store_task_run *task_run);
struct value *log_json(const struct store_log *line, const char *task_id);

/* RFC 3339 or null. */
struct value *time_json(uint64_t usec);
/* A JSON text as its value; NULL text is null. */
struct value *parsed_json(const char *text);
/* A string or null. */
struct value *text_json(const char *text);

/* "12:03:59.123" in local time, "2026-11-23 12:03:59" when it is not today. `out` must hold 32 bytes. Returns out. */
char *time_text(uint64_t usec, uint64_t now_usec, char out[32]);
/* "1.25s"; "" when it has not started; counts on when it has not ended. */
char *duration_text(uint64_t start_usec, uint64_t end_usec, uint64_t now_usec, char out[48]);
