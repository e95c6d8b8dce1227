/* SPDX-License-Identifier: Apache-2.0 */
/* Every change is written into one open transaction, which the loop commits once per turn. Nothing waits for the disk
 * (synchronous=OFF): the file must survive a restart of the server, not the loss of power. What was sent within the
 * deduplication window and is deleted already is not remembered over a restart. */
#include "tests/queue/persist.h"

#include <errno.h>
#include <sqlite3.h>

#include "common/base/json.h"
#include "common/base/text.h"
#include "tests/queue/queue.h"

enum statement {
        PUT_QUEUE,
        DROP_QUEUE,
        ADD_MESSAGE,
        UPDATE_MESSAGE,
        DROP_MESSAGE,
        BEGIN,
        COMMIT,
        STATEMENT_COUNT,
};

static const char schema[] =
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
        "CREATE TABLE IF NOT EXISTS queues(number INTEGER PRIMARY KEY, name TEXT, attributes TEXT, created INTEGER,"
        " modified INTEGER);"
        "CREATE TABLE IF NOT EXISTS messages(number INTEGER PRIMARY KEY, queue INTEGER, id TEXT, body TEXT,"
        " attributes TEXT, trace TEXT, message_group TEXT, deduplication TEXT, source TEXT, sequence INTEGER,"
        " sent INTEGER, first_receive INTEGER, received INTEGER, receive_count INTEGER, receipt INTEGER,"
        " state INTEGER, until INTEGER);";

static const char *const statements[STATEMENT_COUNT] = {
        [PUT_QUEUE] = "INSERT OR REPLACE INTO queues VALUES(?,?,?,?,?)",
        [DROP_QUEUE] = "DELETE FROM queues WHERE number=?",
        [ADD_MESSAGE] = "INSERT INTO messages VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        [UPDATE_MESSAGE] = ("UPDATE messages SET first_receive=?2, received=?3, receive_count=?4, receipt=?5, state=?6,"
                            " until=?7 WHERE number=?1"),
        [DROP_MESSAGE] = "DELETE FROM messages WHERE number=?",
        [BEGIN] = "BEGIN",
        [COMMIT] = "COMMIT",
};

struct persist {
        struct broker *broker;
        sqlite3 *db;
        sqlite3_stmt *prepared[STATEMENT_COUNT];
        bool is_open; /* the transaction */
        bool failed;
};

static void run(struct persist *p, enum statement s) {
        if (sqlite3_step(p->prepared[s]) != SQLITE_DONE)
                p->failed = true;
        sqlite3_reset(p->prepared[s]);
        sqlite3_clear_bindings(p->prepared[s]);
}

static sqlite3_stmt *begin(struct persist *p, enum statement s) {
        if (!p->is_open) {
                run(p, BEGIN);
                p->is_open = true;
        }
        return p->prepared[s];
}

static void bind_number(sqlite3_stmt *s, int i, uint64_t number) {
        sqlite3_bind_int64(s, i, (sqlite3_int64)number);
}

static void bind_text(sqlite3_stmt *s, int i, const char *text) {
        sqlite3_bind_text(s, i, text, -1, SQLITE_TRANSIENT);
}

static void on_queue(void *context, const struct queue *q) {
        struct persist *p = context;
        sqlite3_stmt *s = begin(p, PUT_QUEUE);
        _cleanup_free_ char *attributes = json_to_text(q->attributes, JSON_COMPACT);

        bind_number(s, 1, q->number);
        bind_text(s, 2, q->name);
        bind_text(s, 3, attributes);
        bind_number(s, 4, q->created_usec);
        bind_number(s, 5, q->modified_usec);
        run(p, PUT_QUEUE);
}

static void on_queue_gone(void *context, const struct queue *q) {
        struct persist *p = context;

        bind_number(begin(p, DROP_QUEUE), 1, q->number);
        run(p, DROP_QUEUE);
}

static void bind_state(sqlite3_stmt *s, int i, const struct message *m) {
        bind_number(s, i, m->first_receive_usec);
        bind_number(s, i + 1, m->received_usec);
        bind_number(s, i + 2, m->receive_count);
        bind_number(s, i + 3, m->receipt);
        bind_number(s, i + 4, m->state);
        bind_number(s, i + 5, m->state == MESSAGE_VISIBLE ? 0 : m->timer.at_usec);
}

static void add_message(struct persist *p, const struct message *m) {
        sqlite3_stmt *s = begin(p, ADD_MESSAGE);
        _cleanup_(buf_done) struct buf attributes = BUF_INIT(0);

        if (attributes_write(&m->attributes, NULL, &attributes) < 0)
                p->failed = true;
        bind_number(s, 1, m->number);
        bind_number(s, 2, m->queue->number);
        bind_text(s, 3, m->id);
        sqlite3_bind_text(s, 4, m->body, (int)m->body_len, SQLITE_STATIC);
        bind_text(s, 5, attributes.data);
        bind_text(s, 6, m->trace_header);
        bind_text(s, 7, m->group);
        bind_text(s, 8, m->deduplication_id);
        bind_text(s, 9, m->dead_letter_source);
        bind_number(s, 10, m->sequence);
        bind_number(s, 11, m->sent_usec);
        bind_state(s, 12, m);
        run(p, ADD_MESSAGE);
}

static void on_message(void *context, const struct message *m, bool is_new) {
        struct persist *p = context;

        if (is_new) {
                add_message(p, m);
                return;
        }
        sqlite3_stmt *s = begin(p, UPDATE_MESSAGE);
        bind_number(s, 1, m->number);
        bind_state(s, 2, m);
        run(p, UPDATE_MESSAGE);
}

static void on_message_gone(void *context, const struct message *m) {
        struct persist *p = context;

        bind_number(begin(p, DROP_MESSAGE), 1, m->number);
        run(p, DROP_MESSAGE);
}

static uint64_t column_number(sqlite3_stmt *s, int i) {
        return (uint64_t)sqlite3_column_int64(s, i);
}

static const char *column_text(sqlite3_stmt *s, int i) {
        return (const char *)sqlite3_column_text(s, i);
}

static int parse_column(sqlite3_stmt *s, int i, struct value **ret) {
        const char *text = column_text(s, i);

        return text ? json_parse(text, strlen(text), ret, NULL, NULL) : -EBADMSG;
}

static int load_texts(sqlite3_stmt *s, struct message *m) {
        int r = message_set_trace_header(m, column_text(s, 5));

        if (r == 0)
                r = text_replace(&m->group, column_text(s, 6));
        if (r == 0)
                r = text_replace(&m->deduplication_id, column_text(s, 7));
        return r < 0 ? r : text_replace(&m->dead_letter_source, column_text(s, 8));
}

static int load_message(struct queue *q, sqlite3_stmt *s) {
        _cleanup_(message_freep) struct message *m = NULL;
        _cleanup_(attributes_done) struct attributes attributes = { 0 };
        _cleanup_value_ struct value *map = NULL;
        struct failure failure = { 0 };

        int r = parse_column(s, 4, &map);
        if (r == 0)
                r = attributes_parse(map, &attributes, &failure);
        failure_done(&failure);
        if (r != 0)
                return r < 0 ? r : -EBADMSG;
        r = message_new(column_text(s, 3), (size_t)sqlite3_column_bytes(s, 3), &attributes, &m);
        if (r == 0)
                r = load_texts(s, m);
        if (r < 0)
                return r;

        const char *id = column_text(s, 2);
        memcpy(m->id, id, MIN(strlen(id) + 1, sizeof(m->id) - 1));
        m->number = column_number(s, 0);
        m->sequence = column_number(s, 9);
        m->sent_usec = column_number(s, 10);
        m->first_receive_usec = column_number(s, 11);
        m->received_usec = column_number(s, 12);
        m->receive_count = (uint32_t)column_number(s, 13);
        m->receipt = column_number(s, 14);
        m->state = (enum message_state)MIN(column_number(s, 15), (uint64_t)MESSAGE_IN_FLIGHT);
        return queue_restore(q, TAKE_PTR(m), column_number(s, 16));
}

static int load_messages(struct persist *p, struct queue *q) {
        sqlite3_stmt *s = NULL;
        int r = 0;

        if (sqlite3_prepare_v2(p->db, "SELECT * FROM messages WHERE queue=? ORDER BY number", -1, &s, NULL) !=
            SQLITE_OK)
                return -EIO;
        bind_number(s, 1, q->number);
        while (r == 0 && sqlite3_step(s) == SQLITE_ROW)
                r = load_message(q, s);
        sqlite3_finalize(s);
        return r;
}

static int load_queue(struct persist *p, sqlite3_stmt *s) {
        struct settings settings = settings_default();
        struct value *attributes = NULL;
        struct failure failure = { 0 };
        struct queue *q = NULL;

        int r = parse_column(s, 2, &attributes);
        if (r < 0)
                return r;
        r = settings_apply(attributes, true, &settings, &failure);
        failure_done(&failure);
        if (r != 0) {
                value_unref(attributes);
                return -EBADMSG;
        }
        r = queue_new(p->broker, column_text(s, 1), &settings, attributes, column_number(s, 3), &q);
        if (r < 0)
                return r;
        q->number = column_number(s, 0);
        q->modified_usec = column_number(s, 4);
        return load_messages(p, q);
}

static int load(struct persist *p) {
        sqlite3_stmt *s = NULL;
        int r = 0;

        if (sqlite3_prepare_v2(p->db, "SELECT * FROM queues ORDER BY number", -1, &s, NULL) != SQLITE_OK)
                return -EIO;
        while (r == 0 && sqlite3_step(s) == SQLITE_ROW)
                r = load_queue(p, s);
        sqlite3_finalize(s);
        return r;
}

static int open_database(struct persist *p, const char *path) {
        if (sqlite3_open(path, &p->db) != SQLITE_OK || sqlite3_exec(p->db, schema, NULL, NULL, NULL) != SQLITE_OK)
                return -EIO;
        for (int i = 0; i < STATEMENT_COUNT; i++)
                if (sqlite3_prepare_v2(p->db, statements[i], -1, &p->prepared[i], NULL) != SQLITE_OK)
                        return -EIO;
        return 0;
}

int persist_open(const char *path, struct broker *b, struct persist **ret, char **ret_reason) {
        struct persist *p = calloc(1, sizeof(*p));
        if (!p)
                return -ENOMEM;
        p->broker = b;

        int r = open_database(p, path);
        if (r == 0)
                r = load(p);
        if (r < 0) {
                if (ret_reason)
                        *ret_reason =
                                text_dup(r == -EIO ? sqlite3_errmsg(p->db) : "it holds what was not written here");
                persist_close(p);
                return r;
        }
        b->observer = (struct observer){ on_queue, on_queue_gone, on_message, on_message_gone, p };
        *ret = p;
        return 0;
}

int persist_commit(struct persist *p) {
        if (p && p->is_open) {
                run(p, COMMIT);
                p->is_open = false;
        }
        return p && p->failed ? -EIO : 0;
}

struct persist *persist_close(struct persist *p) {
        if (!p)
                return NULL;
        (void)persist_commit(p);
        p->broker->observer = (struct observer){ 0 };
        for (int i = 0; i < STATEMENT_COUNT; i++)
                sqlite3_finalize(p->prepared[i]);
        sqlite3_close(p->db);
        free(p);
        return NULL;
}
