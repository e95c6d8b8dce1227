/* SPDX-License-Identifier: Apache-2.0 */
/* Every reading is one statement, prepared for the occasion: its columns stand in the order of the struct it fills. */
#include "common/store/store_read.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "common/base/buf.h"
#include "common/base/ident.h"
#include "common/base/clock.h"
#include "common/store/database.h"
#include "common/store/schema.h"

/* Ids are made a moment before the start is taken, or after. */
#define ID_SLACK_USEC (10 * USEC_PER_SEC)

struct store_reader {
        struct sqlite3 *db;
};

int store_reader_open(const char *path, struct store_reader **ret, char **ret_message) {
        struct store_reader *reader = calloc(1, sizeof(*reader));
        int r;

        if (!reader)
                return -ENOMEM;
        r = database_open_reader(path, &store_schema, &reader->db, ret_message);
        if (r < 0) {
                free(reader);
                return r;
        }
        *ret = reader;
        return 0;
}

struct store_reader *store_reader_free(struct store_reader *reader) {
        if (reader)
                database_close(reader->db);
        free(reader);
        return NULL;
}

const char *store_reader_problem(const struct store_reader *reader) {
        return sqlite3_errmsg(reader->db);
}

static const char *column_text(struct sqlite3_stmt *st, int column) {
        return (const char *)sqlite3_column_text(st, column);
}

static uint64_t column_u64(struct sqlite3_stmt *st, int column) {
        return (uint64_t)sqlite3_column_int64(st, column);
}

static uint32_t column_index(struct sqlite3_stmt *st, int column) {
        return sqlite3_column_type(st, column) == SQLITE_NULL ? UINT32_MAX : (uint32_t)sqlite3_column_int64(st, column);
}

/* Calls on_row for each row until it returns other than 0. */
static int each_row(struct sqlite3_stmt *st, int (*on_row)(struct sqlite3_stmt *st, void *context), void *context) {
        int code;

        while ((code = sqlite3_step(st)) == SQLITE_ROW) {
                int r = on_row(st, context);

                if (r != 0)
                        return r;
        }
        return code == SQLITE_DONE ? 0 : database_errno(code);
}

/* --- executions ------------------------------------------------------------------------------------------------------ */

/* One half of every reading of executions: those that have ended, or those that run. */
#define NAMES(source)                                                                                               \
        " FROM " source " AS e LEFT JOIN name AS f ON f.id = e.flow LEFT JOIN name AS t ON t.id = e.trigger "        \
        "LEFT JOIN name AS q ON q.id = e.queue "
#define ENDED                                                                                                       \
        "SELECT e.id, f.text, e.flow_revision, t.text, q.text, e.state, e.start_usec, e.end_usec, e.error, e.messages, " \
        "e.outputs, e.cpu_usec, e.memory_bytes" NAMES("execution")
#define RUNNING                                                                                                     \
        "SELECT e.execution, f.text, e.flow_revision, t.text, q.text, 2, e.start_usec, NULL, NULL, e.messages, NULL, " \
        "NULL, NULL" \
        NAMES("running")

static struct store_record column_record(struct sqlite3_stmt *st) {
        return (struct store_record){
                .id = column_u64(st, 0),
                .flow = column_text(st, 1),
                .flow_revision = column_u64(st, 2),
                .trigger = column_text(st, 3),
                .queue_url = column_text(st, 4),
                .state = (enum run_state)sqlite3_column_int(st, 5),
                .start_usec = column_u64(st, 6),
                .end_usec = column_u64(st, 7),
                .error = column_text(st, 8),
                .messages = column_text(st, 9),
                .outputs = column_text(st, 10),
                .cpu_usec = column_u64(st, 11),
                .memory_bytes = column_u64(st, 12),
        };
}

struct listing {
        const struct store_filter *filter;
        store_record_t on_record;
        void *userdata;
        bool is_over;
};

static int on_list_row(struct sqlite3_stmt *st, void *context) {
        struct listing *listing = context;
        struct store_record record = column_record(st);

        if (record.start_usec >= listing->filter->since_usec)
                return listing->on_record(listing->userdata, &record);
        /* Ids are in the order of time: older ones only from here. */
        listing->is_over = usec_add(ident_time_usec(record.id), ID_SLACK_USEC) < listing->filter->since_usec;
        return listing->is_over ? 1 : 0;
}

static void put_filter(struct buf *sql, const struct store_filter *f) {
        if (f->flow)
                buf_append_str(sql, " AND e.flow = (SELECT id FROM name WHERE text = ?2)");
        if (f->trigger)
                buf_append_str(sql, " AND e.trigger = (SELECT id FROM name WHERE text = ?3)");
}

static char *list_sql(const struct store_filter *f) {
        bool any = f->state < 0, running = f->state == RUN_RUNNING;
        struct buf sql = BUF_INIT(0);

        if (!running) {
                buf_append_str(&sql, ENDED "WHERE ");
                /* The partial index serves a query that repeats its condition. */
                buf_append_str(&sql, any ? "TRUE" : f->state > RUN_SUCCESS ? "e.state > 5 AND e.state = ?1" : "e.state = ?1");
                put_filter(&sql, f);
        }
        if (any)
                buf_append_str(&sql, " UNION ALL ");
        if (any || running) {
                buf_append_str(&sql, RUNNING "WHERE 1");
                put_filter(&sql, f);
        }
        buf_append_str(&sql, " ORDER BY 1 DESC LIMIT ?4");
        return buf_take(&sql, NULL);
}

int store_reader_list(struct store_reader *reader, const struct store_filter *filter, store_record_t on_record,
                      void *userdata) {
        struct listing listing = { .filter = filter, .on_record = on_record, .userdata = userdata };
        _cleanup_(database_finalizep) struct sqlite3_stmt *st = NULL;
        _cleanup_free_ char *sql = list_sql(filter);
        int r = sql ? database_prepare(reader->db, sql, &st) : -ENOMEM;

        if (r < 0)
                return r;
        sqlite3_bind_int(st, 1, filter->state);
        sqlite3_bind_text(st, 2, filter->flow, -1, SQLITE_STATIC);
        sqlite3_bind_text(st, 3, filter->trigger, -1, SQLITE_STATIC);
        sqlite3_bind_int64(st, 4, filter->limit > 0 ? (sqlite3_int64)filter->limit : -1);
        r = each_row(st, on_list_row, &listing);
        return listing.is_over ? 0 : r;
}

/* The input's text; its statement keeps it alive. */
static int read_input(struct store_reader *reader, uint64_t id, struct sqlite3_stmt **ret, const char **ret_text) {
        int code, r = database_prepare(reader->db, "SELECT text FROM input WHERE execution = ?1", ret);

        if (r < 0)
                return r;
        sqlite3_bind_int64(*ret, 1, (sqlite3_int64)id);
        code = sqlite3_step(*ret);
        if (code == SQLITE_ROW)
                *ret_text = column_text(*ret, 0);
        return code == SQLITE_ROW || code == SQLITE_DONE ? 0 : database_errno(code);
}

int store_reader_get(struct store_reader *reader, uint64_t id, store_record_t on_record, void *userdata) {
        static const char sql[] = ENDED "WHERE e.id = ?1 UNION ALL " RUNNING "WHERE e.execution = ?1 LIMIT 1";
        _cleanup_(database_finalizep) struct sqlite3_stmt *st = NULL, *input = NULL;
        struct store_record record;
        int code, r = database_prepare(reader->db, sql, &st);

        if (r < 0)
                return r;
        sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
        code = sqlite3_step(st);
        if (code != SQLITE_ROW)
                return code == SQLITE_DONE ? -ENOENT : database_errno(code);
        record = column_record(st);
        r = read_input(reader, id, &input, &record.input);
        return r < 0 ? r : on_record(userdata, &record);
}

/* The first or last id whose text starts with `text`: the missing characters are the lowest or the highest digit. */
static int complete_id(const char *text, char digit, uint64_t *ret) {
        char full[IDENT_TEXT_SIZE];
        size_t len = strlen(text);

        if (len == 0 || len >= sizeof(full))
                return -EINVAL;
        memset(full, digit, sizeof(full) - 1);
        memcpy(full, text, len);
        full[sizeof(full) - 1] = '\0';
        return ident_parse(full, ret);
}

int store_reader_resolve(struct store_reader *reader, const char *text, uint64_t *ret) {
        _cleanup_(database_finalizep) struct sqlite3_stmt *st = NULL;
        uint64_t low, high, id;
        int code, r;

        if (complete_id(text, '0', &low) < 0 || complete_id(text, 'z', &high) < 0)
                return -EINVAL;
        r = database_prepare(reader->db, "SELECT id FROM execution WHERE id BETWEEN ?1 AND ?2 UNION ALL "
                             "SELECT execution FROM running WHERE execution BETWEEN ?1 AND ?2 LIMIT 2", &st);
        if (r < 0)
                return r;
        sqlite3_bind_int64(st, 1, (sqlite3_int64)low);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)high);
        code = sqlite3_step(st);
        if (code != SQLITE_ROW)
                return code == SQLITE_DONE ? -ENOENT : database_errno(code);
        id = column_u64(st, 0);
        code = sqlite3_step(st);
        if (code != SQLITE_DONE)
                return code == SQLITE_ROW ? -ENOTUNIQ : database_errno(code);
        *ret = id;
        return 0;
}

int store_reader_counts(struct store_reader *reader, uint64_t ret_counts[RUN_STATE_COUNT]) {
        _cleanup_(database_finalizep) struct sqlite3_stmt *st = NULL;
        uint64_t counts[RUN_STATE_COUNT] = { 0 };
        int code, r = database_prepare(reader->db, "SELECT state, count(*) FROM execution GROUP BY state UNION ALL "
                                                   "SELECT 2, count(*) FROM running", &st);

        if (r < 0)
                return r;
        while ((code = sqlite3_step(st)) == SQLITE_ROW) {
                uint64_t state = column_u64(st, 0);

                if (state < RUN_STATE_COUNT)
                        counts[state] = column_u64(st, 1);
        }
        if (code != SQLITE_DONE)
                return database_errno(code);
        memcpy(ret_counts, counts, sizeof(counts));
        return 0;
}

/* --- task runs and logs ---------------------------------------------------------------------------------------------- */

struct task_runs {
        uint64_t execution;
        store_task_run_t on_task_run;
        void *userdata;
};

static int on_task_run_row(struct sqlite3_stmt *st, void *context) {
        struct task_runs *runs = context;

        return runs->on_task_run(runs->userdata, &(struct store_task_run){
                .execution_id = runs->execution,
                .index = (uint32_t)sqlite3_column_int64(st, 0),
                .parent = column_index(st, 1),
                .task_id = column_text(st, 2),
                .task_type = column_text(st, 3),
                .state = (enum run_state)sqlite3_column_int(st, 4),
                .attempts = (uint32_t)sqlite3_column_int64(st, 5),
                .start_usec = column_u64(st, 6),
                .end_usec = column_u64(st, 7),
                .value = column_text(st, 8),
                .error = column_text(st, 9),
                .outputs = column_text(st, 10),
                .cpu_usec = column_u64(st, 11),
                .memory_bytes = column_u64(st, 12),
        });
}

int store_reader_task_runs(struct store_reader *reader, uint64_t id, store_task_run_t on_task_run, void *userdata) {
        static const char sql[] = "SELECT r.seq, r.parent, i.text, t.text, r.state, r.attempts, r.start_usec, r.end_usec, "
                                  "r.value, r.error, r.outputs, r.cpu_usec, r.memory_bytes "
                                  "FROM task_run AS r LEFT JOIN name AS i ON i.id = r.task_id "
                                  "LEFT JOIN name AS t ON t.id = r.task_type WHERE r.execution = ?1 ORDER BY r.seq";
        struct task_runs runs = { .execution = id, .on_task_run = on_task_run, .userdata = userdata };
        _cleanup_(database_finalizep) struct sqlite3_stmt *st = NULL;
        int r = database_prepare(reader->db, sql, &st);

        if (r < 0)
                return r;
        sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
        return each_row(st, on_task_run_row, &runs);
}

struct lines {
        uint64_t execution, position;
        store_line_t on_line;
        void *userdata;
};

static int on_line_row(struct sqlite3_stmt *st, void *context) {
        struct lines *lines = context;

        lines->position = column_u64(st, 0);
        return lines->on_line(lines->userdata, &(struct store_log){
                .execution_id = lines->execution,
                .task_run = column_index(st, 1),
                .level = sqlite3_column_int(st, 2),
                .time_usec = column_u64(st, 3),
                .text = column_text(st, 4),
                .text_len = (size_t)sqlite3_column_bytes(st, 4),
        });
}

int store_reader_logs(struct store_reader *reader, uint64_t id, const struct store_log_filter *filter,
                      uint64_t *position, store_line_t on_line, void *userdata) {
        static const char sql[] = "SELECT seq, task_run, level, usec, text FROM log WHERE execution = ?1 AND seq > ?2 "
                                  "AND level <= ?3 AND (?4 IS NULL OR task_run = ?4) ORDER BY seq";
        struct lines lines = { .execution = id, .position = *position, .on_line = on_line, .userdata = userdata };
        _cleanup_(database_finalizep) struct sqlite3_stmt *st = NULL;
        int r = database_prepare(reader->db, sql, &st);

        if (r < 0)
                return r;
        sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)*position);
        sqlite3_bind_int(st, 3, filter->level_max);
        if (filter->task_run != UINT32_MAX)
                sqlite3_bind_int64(st, 4, filter->task_run);
        r = each_row(st, on_line_row, &lines);
        *position = lines.position;
        return r;
}
