/* SPDX-License-Identifier: Apache-2.0 */
/* One function per target behind a table. A line is built in memory and handed over in one write, so that lines of
 * several processes on one pipe do not mix. When even that memory is missing, the format string itself is shown: it
 * says what happened, if not to whom. */
#include "common/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "common/base/buf.h"
#include "common/base/clean.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"

#define LINE_MAX_BYTES 65536
#define JOURNAL_FIELDS_MAX 32
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

static struct {
        const char *program;
        enum log_target target;
        int max_level;
} config = { .program = "sqsflow", .target = LOG_TARGET_TEXT, .max_level = LOG_INFO };

struct line {
        int level;
        const char *message;
        const struct log_field *fields; /* never NULL */
};

static const struct log_field no_fields[] = { { NULL, NULL } };

/* The first name of a level is the one that is written; the others are read too. */
static const struct {
        const char *name;
        int level;
} levels[] = {
        { "emergency", LOG_EMERG }, { "alert", LOG_ALERT },   { "critical", LOG_CRIT }, { "error", LOG_ERR },
        { "warning", LOG_WARNING }, { "notice", LOG_NOTICE }, { "info", LOG_INFO },     { "debug", LOG_DEBUG },
        { "emerg", LOG_EMERG },     { "crit", LOG_CRIT },     { "err", LOG_ERR },       { "warn", LOG_WARNING },
};

static const char *const targets[] = {
        [LOG_TARGET_AUTO] = "auto",
        [LOG_TARGET_JOURNAL] = "journal",
        [LOG_TARGET_TEXT] = "text",
        [LOG_TARGET_JSON] = "json",
};

/* The names are in the order of the numbers of syslog(3). */
static const char *level_name(int level) {
        return levels[level & LOG_PRIMASK].name;
}

int log_level_from_name(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
                if (text_eq(levels[i].name, name))
                        return levels[i].level;
        return -EINVAL;
}

int log_target_from_name(const char *name) {
        for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
                if (text_eq(targets[i], name))
                        return (int)i;
        return -EINVAL;
}

/* systemd.exec(5): JOURNAL_STREAM is "device:inode" of the journal's stream; stderr may have been redirected since. */
static bool stderr_is_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM");
        char own[64];
        struct stat st;

        if (!stream || fstat(STDERR_FILENO, &st) < 0)
                return false;
        (void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
        return strcmp(stream, own) == 0;
}

void log_open(const char *program, enum log_target target, int max_level) {
        config.program = program;
        config.max_level = max_level;
        config.target = target;
        if (target == LOG_TARGET_AUTO)
                config.target = stderr_is_journal() ? LOG_TARGET_JOURNAL : LOG_TARGET_TEXT;
        /* Without the socket, as in some sandboxes, sd_journal_sendv() drops the line and reports success. */
        if (config.target == LOG_TARGET_JOURNAL && access(JOURNAL_SOCKET, W_OK) < 0)
                config.target = LOG_TARGET_TEXT;
}

void log_set_level(int max_level) {
        config.max_level = max_level;
}

/* "2026-11-23T08:21:57.123Z info message SQSFLOW_TRIGGER=orders" */
static int write_text(const struct line *line) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(LINE_MAX_BYTES);
        char now[TIMESTAMP_MAX];

        (void)buf_appendf(&b, "%s %s: ", timestamp_format(clock_realtime_usec(), now), level_name(line->level));
        (void)clean_put(&b, line->message, strlen(line->message));
        for (const struct log_field *f = line->fields; f->name; f++) {
                if (!f->value || text_eq(f->name, "MESSAGE_ID")) /* for programs, not for people */
                        continue;
                (void)buf_appendf(&b, " %s=", f->name);
                (void)clean_put(&b, f->value, strlen(f->value));
        }
        (void)buf_append_char(&b, '\n');
        return buf_error(&b) < 0 ? buf_error(&b) : fd_write_all(STDERR_FILENO, b.data, b.len);
}

static void append_member(struct buf *b, const char *name, const char *value) {
        if (b->len > 1)
                (void)buf_append_char(b, ',');
        (void)json_write_string(b, name, strlen(name));
        (void)buf_append_char(b, ':');
        (void)json_write_string(b, value, strlen(value));
}

static int write_json(const struct line *line) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(LINE_MAX_BYTES);
        char now[TIMESTAMP_MAX];

        (void)buf_append_char(&b, '{');
        append_member(&b, "time", timestamp_format(clock_realtime_usec(), now));
        append_member(&b, "level", level_name(line->level));
        append_member(&b, "program", config.program);
        append_member(&b, "message", line->message);
        for (const struct log_field *f = line->fields; f->name; f++)
                if (f->value)
                        append_member(&b, f->name, f->value);
        (void)buf_append_str(&b, "}\n");
        return buf_error(&b) < 0 ? buf_error(&b) : fd_write_all(STDERR_FILENO, b.data, b.len);
}

struct journal_entry {
        struct iovec parts[JOURNAL_FIELDS_MAX];
        int count;
};

static int journal_add(struct journal_entry *e, const char *name, const char *value) {
        char *part;

        if (!value || e->count == JOURNAL_FIELDS_MAX)
                return 0;
        part = text_printf("%s=%s", name, value);
        if (!part)
                return -ENOMEM;
        e->parts[e->count++] = (struct iovec){ part, strlen(part) };
        return 0;
}

static int write_journal(const struct line *line) {
        const char priority[] = { (char)('0' + (line->level & LOG_PRIMASK)), '\0' };
        struct journal_entry entry = { .count = 0 };
        int r;

        r = journal_add(&entry, "MESSAGE", line->message);
        if (r == 0)
                r = journal_add(&entry, "PRIORITY", priority);
        if (r == 0)
                r = journal_add(&entry, "SYSLOG_IDENTIFIER", config.program);
        for (const struct log_field *f = line->fields; r == 0 && f->name; f++)
                r = journal_add(&entry, f->name, f->value);
        if (r == 0)
                r = sd_journal_sendv(entry.parts, entry.count);
        for (int i = 0; i < entry.count; i++)
                free(entry.parts[i].iov_base);
        /* Its stream, which stderr is, may still work. */
        return r < 0 ? write_text(line) : 0;
}

static int (*const writers[])(const struct line *line) = {
        [LOG_TARGET_AUTO] = write_text,
        [LOG_TARGET_JOURNAL] = write_journal,
        [LOG_TARGET_TEXT] = write_text,
        [LOG_TARGET_JSON] = write_json,
};

void log_write(int level, int error, const struct log_field *fields, const char *fmt, ...) {
        _cleanup_(buf_done) struct buf message = BUF_INIT(LINE_MAX_BYTES / 2);
        struct line line = { .level = level, .message = fmt, .fields = fields ? fields : no_fields };
        int saved = errno;
        va_list ap;

        if ((level & LOG_PRIMASK) > config.max_level)
                return;
        va_start(ap, fmt);
        (void)buf_appendv(&message, fmt, ap);
        va_end(ap);
        if (error < 0)
                (void)buf_appendf(&message, ": %s", strerror(-error));
        if (buf_error(&message) == 0)
                line.message = message.data;
        if (writers[config.target](&line) < 0) {
                line.fields = no_fields;
                line.message = fmt;
                (void)writers[LOG_TARGET_TEXT](&line);
        }
        errno = saved;
}
