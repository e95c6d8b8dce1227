/* SPDX-License-Identifier: Apache-2.0 */
/* The program's log. Whoever decides logs, once; library functions return errors and do not log.
 *
 * Where lines go is chosen once by log_open(): native journal fields when stderr is the journal's stream
 * (JOURNAL_STREAM, systemd.exec(5)), readable lines on a terminal or pipe, JSON lines on request. Structured fields
 * are given as name/value pairs and must be named as journal fields: "SQSFLOW_TRIGGER". Never pass secrets. */
#pragma once

#include <stddef.h>
#include <syslog.h>

#include "common/base/cleanup.h"

enum log_target { LOG_TARGET_AUTO, LOG_TARGET_JOURNAL, LOG_TARGET_TEXT, LOG_TARGET_JSON };

/* `program` is borrowed for the process's life. `max_level` is a syslog level (LOG_INFO …). */
void log_open(const char *program, enum log_target target, int max_level);
void log_set_level(int max_level);
int log_level_from_name(const char *name); /* error warning notice info debug …; -EINVAL */
int log_target_from_name(const char *name);

struct log_field {
        const char *name;  /* journal field name */
        const char *value; /* NULL: the field is left out */
};

#define LOG_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__, { NULL, NULL } })

/* One line (a newline inside the message is shown as "\n"). `fields` ends with a NULL name; may be NULL. `error` is 0
 * or a -errno that is appended as text. Never fails and keeps errno. */
void log_write(int level, int error, const struct log_field *fields, const char *fmt, ...) _printf_(4, 5);

#define log_error(error, ...) log_write(LOG_ERR, (error), NULL, __VA_ARGS__)
#define log_warning(error, ...) log_write(LOG_WARNING, (error), NULL, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, 0, NULL, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, 0, NULL, __VA_ARGS__)
