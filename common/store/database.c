/* SPDX-License-Identifier: Apache-2.0 */
/* One file in WAL mode: one writer, readers beside it that neither wait nor make it wait. The header carries our
 * application id and the schema's version, so that another program's database and a newer one are told apart from ours
 * before anything is touched. Nothing waits for a lock on the writing side (busy_timeout 0): the caller's loop may not
 * stand still, and it tries again anyway. */
#include "common/store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include "common/base/buf.h"
#include "common/base/text.h"
#include "common/store/schema.h"

#define READER_WAIT_MSEC 2000

/* The page cache and SQLite's own memory count against the agent's. A checkpoint writes each page once however often it
 * changed since the last one, so a longer log is less writing; 2000 pages are 8 MiB on disk. */
static const char writer_pragmas[] = "PRAGMA journal_mode = WAL;"
                                     "PRAGMA synchronous = NORMAL;"
                                     "PRAGMA cache_size = -1024;"
                                     "PRAGMA wal_autocheckpoint = 2000;"
                                     "PRAGMA journal_size_limit = 16777216;"
                                     "PRAGMA temp_store = MEMORY;"
                                     "PRAGMA foreign_keys = OFF;";

static const struct {
        int code, error;
} error_table[] = {
        { SQLITE_OK, 0 },
        { SQLITE_FULL, -ENOSPC },
        { SQLITE_BUSY, -EBUSY },
        { SQLITE_LOCKED, -EBUSY },
        { SQLITE_NOMEM, -ENOMEM },
        { SQLITE_CORRUPT, -EUCLEAN },
        { SQLITE_NOTADB, -EUCLEAN },
        { SQLITE_READONLY, -EROFS },
        { SQLITE_PERM, -EACCES },
        { SQLITE_AUTH, -EACCES },
        { SQLITE_CANTOPEN, -ENOENT },
        { SQLITE_TOOBIG, -E2BIG },
};

int database_errno(int code) {
        for (size_t i = 0; i < ARRAY_SIZE(error_table); i++)
                if (error_table[i].code == (code & 0xff))
                        return error_table[i].error;
        return -EIO;
}

char *database_error_text(struct sqlite3 *db) {
        int system_error = sqlite3_system_errno(db);
        int code = sqlite3_errcode(db) & 0xff;

        if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
                return text_dup("another program holds a lock on it");
        if (system_error != 0 && (code == SQLITE_IOERR || code == SQLITE_CANTOPEN || code == SQLITE_FULL))
                return text_printf("%s (%s)", sqlite3_errmsg(db), strerror(system_error));
        return text_dup(sqlite3_errmsg(db));
}

struct sqlite3 *database_close(struct sqlite3 *db) {
        sqlite3_close_v2(db);
        return NULL;
}

int database_exec(struct sqlite3 *db, const char *sql) {
        return database_errno(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int database_prepare(struct sqlite3 *db, const char *sql, struct sqlite3_stmt **ret) {
        return database_errno(sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL));
}

struct sqlite3_stmt *database_finalize(struct sqlite3_stmt *statement) {
        sqlite3_finalize(statement);
        return NULL;
}

struct identity {
        int64_t application, version, objects;
};

/* In one statement, which sees one state while another process makes the tables. */
static int read_identity(struct sqlite3 *db, struct identity *ret) {
        static const char sql[] = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_master) "
                                  "FROM pragma_application_id, pragma_user_version";
        _cleanup_(database_finalizep) struct sqlite3_stmt *statement = NULL;
        int r = database_prepare(db, sql, &statement);

        if (r < 0)
                return r;
        r = sqlite3_step(statement);
        if (r != SQLITE_ROW)
                return r == SQLITE_DONE ? -EUCLEAN : database_errno(r);
        *ret = (struct identity){ sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1),
                                  sqlite3_column_int64(statement, 2) };
        return 0;
}

/* 0: ours; 1: empty; -EUCLEAN; -EPROTO. */
static int judge(const struct identity *i, const struct schema *schema) {
        if (i->application == 0 && i->version == 0 && i->objects == 0)
                return 1;
        if (i->application != SCHEMA_APPLICATION_ID || i->version < 1)
                return -EUCLEAN;
        return i->version > schema->version ? -EPROTO : 0;
}

/* The sentence for an open that failed. */
static int explain(const char *path, struct sqlite3 *db, int error, char **ret_message) {
        _cleanup_free_ char *reason = db ? database_error_text(db) : NULL;

        if (!ret_message)
                return error;
        if (error == -EPROTO)
                *ret_message = text_printf("the store %s was made by a newer version of this program", path);
        else if (error == -ENODATA)
                *ret_message = text_printf("nothing is recorded in %s yet", path);
        else if (error == -ESTALE)
                *ret_message = text_printf("the store %s was made by an older version of this program; the agent or "
                                           "'sqsflow run', whichever writes to it, brings it forward", path);
        else if (error == -EUCLEAN)
                *ret_message = text_printf("%s is not a store of this program, or it is damaged%s%s", path,
                                           db && sqlite3_errcode(db) ? ": " : "",
                                           db && sqlite3_errcode(db) ? reason : "");
        else
                *ret_message = text_printf("the store %s cannot be opened: %s", path,
                                           db && sqlite3_errcode(db) ? reason : strerror(-error));
        return error;
}

/* Makes the file when it is missing, so that it gets our mode; SQLite gives its companions the same. */
static int make_file(const char *path) {
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);

        return fd < 0 && errno != EEXIST ? -errno : 0;
}

/* SQLite without mutexes and memory statistics, for the whole process: nothing here has threads, and it saves a tenth.
 * Refused, and that is all right, when SQLite has been in use already. */
static void be_frugal(void) {
        sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
        sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static int prepare_writer(struct sqlite3 *db, const struct schema *schema, unsigned *ret_version) {
        struct identity identity = { 0 };
        int r;

        sqlite3_extended_result_codes(db, 1);
        r = read_identity(db, &identity);
        if (r != 0)
                return r;
        r = judge(&identity, schema);
        if (r < 0)
                return r;
        *ret_version = (unsigned)identity.version;
        return database_exec(db, writer_pragmas);
}

static int bring_forward(struct sqlite3 *db, const struct schema *schema, const struct store_progress *progress,
                         unsigned version, const char *path, char **ret_message) {
        _cleanup_free_ char *reason = NULL;
        int r = schema_migrate(db, schema, progress, &version, &reason);

        if (r < 0 && ret_message)
                *ret_message = text_printf("the store %s cannot be brought from schema version %u to %u and stays as it "
                                           "is: %s", path, version, version + 1, reason ? reason : strerror(-r));
        return r;
}

int database_open_writer(const char *path, const struct schema *schema, const struct store_progress *progress,
                         struct sqlite3 **ret, unsigned *ret_was, char **ret_message) {
        _cleanup_(database_closep) struct sqlite3 *db = NULL;
        unsigned was = 0;
        int r = make_file(path);

        be_frugal();
        if (r < 0)
                return explain(path, NULL, r, ret_message);
        r = database_errno(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
        if (r == 0)
                r = prepare_writer(db, schema, &was);
        if (r < 0)
                return explain(path, db, r, ret_message);
        r = bring_forward(db, schema, was > 0 ? progress : NULL, was, path, ret_message); /* making one is quick */
        if (r < 0)
                return r;
        *ret_was = was;
        *ret = TAKE_PTR(db);
        return 0;
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

static int try_reader(const char *name, int flags, const struct schema *schema, struct sqlite3 **ret) {
        struct identity identity = { 0 };
        int r = database_errno(sqlite3_open_v2(name, ret, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | flags, NULL));

        if (r < 0)
                return r;
        sqlite3_extended_result_codes(*ret, 1);
        sqlite3_busy_timeout(*ret, READER_WAIT_MSEC);
        r = read_identity(*ret, &identity);
        if (r != 0)
                return r;
        r = judge(&identity, schema);
        if (r != 0)
                return r > 0 ? -ENODATA : r;
        return identity.version < schema->version ? -ESTALE : 0;
}

/* "file:/var/lib/…?immutable=1", with what has a meaning in a URI written as %XX. Owned. */
static char *file_uri(const char *path) {
        struct buf uri = BUF_INIT(0);

        buf_append_str(&uri, "file:");
        for (const char *p = path; *p; p++)
                if (strchr("%?#", *p))
                        buf_appendf(&uri, "%%%02X", (unsigned char)*p);
                else
                        buf_append_char(&uri, *p);
        buf_append_str(&uri, "?immutable=1");
        return buf_take(&uri, NULL);
}

/* A WAL database cannot be read without its companion files, and who may only read cannot make them. When they are
 * missing, nobody is writing and everything is in the file itself, so that it may be read as it is. */
static int try_immutable(const char *path, const struct schema *schema, struct sqlite3 **ret) {
        _cleanup_free_ char *wal = text_printf("%s-wal", path);
        _cleanup_free_ char *uri = NULL;
        struct stat st;

        if (!wal)
                return -ENOMEM;
        if (stat(wal, &st) == 0 && st.st_size > 0)
                return -EACCES;
        uri = file_uri(path);
        if (!uri)
                return -ENOMEM;
        return try_reader(uri, SQLITE_OPEN_URI, schema, ret);
}

int database_open_reader(const char *path, const struct schema *schema, struct sqlite3 **ret, char **ret_message) {
        _cleanup_(database_closep) struct sqlite3 *db = NULL;
        struct stat st;
        int r;

        if (stat(path, &st) < 0)
                return explain(path, NULL, -errno, ret_message);
        r = try_reader(path, 0, schema, &db);
        if (r == -ENOENT || r == -EROFS) {
                db = database_close(db);
                r = try_immutable(path, schema, &db);
        }
        if (r < 0)
                return explain(path, db, r, ret_message);
        *ret = TAKE_PTR(db);
        return 0;
}
