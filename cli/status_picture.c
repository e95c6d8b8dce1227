/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status_picture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/link/counters.h"

#define REASON_INDENT 4u
#define REASON_COLUMNS_MIN 20u

/* --- reading the document -------------------------------------------------------------------------------------------- */

static int64_t number(const struct value *map, const char *key) {
        const struct value *v = value_map_get(map, key);
        int64_t n = 0;

        return v && value_type(v) == VALUE_NUMBER && value_to_i64(v, &n) == 0 ? n : 0;
}

static const struct value *submap(const struct value *map, const char *key) {
        const struct value *v = value_map_get(map, key);

        return v && value_type(v) == VALUE_MAP ? v : NULL;
}

static const struct value *triggers_of(const struct value *status) {
        const struct value *v = value_map_get(status, "triggers");

        return v && value_type(v) == VALUE_LIST ? v : NULL;
}

static size_t trigger_count(const struct value *status) {
        const struct value *list = triggers_of(status);

        return list ? value_count(list) : 0;
}

static bool is_in_state(const struct value *trigger, const char *state) {
        return value_type(trigger) == VALUE_MAP && text_eq(value_map_string(trigger, "state"), state);
}

static bool is_in_trouble(const struct value *trigger) {
        return is_in_state(trigger, "backoff") || (value_type(trigger) == VALUE_MAP && value_map_string(trigger, "error"));
}

static bool is_well(const struct value *status, const char *part) {
        const struct value *healthy = value_map_get(submap(status, part), "healthy");

        return !healthy || value_type(healthy) != VALUE_BOOL || value_bool(healthy);
}

bool status_is_well(const struct value *status) {
        for (size_t i = 0; i < trigger_count(status); i++)
                if (is_in_trouble(value_list_at(triggers_of(status), i)))
                        return false;
        return is_well(status, "store") && is_well(status, "engine");
}

/* How long ago, for people, in whole seconds; "" when the text is no time. */
static void age_text(const char *timestamp, uint64_t now_usec, char out[DURATION_MAX]) {
        uint64_t then_usec, age_sec;

        *out = '\0';
        if (!timestamp || timestamp_parse(timestamp, &then_usec) < 0)
                return;
        age_sec = usec_sub(now_usec, then_usec) / USEC_PER_SEC;
        if (age_sec > 0)
                duration_format_human(age_sec * USEC_PER_SEC, out);
        else
                (void)snprintf(out, DURATION_MAX, "0s");
}

/* --- text ------------------------------------------------------------------------------------------------------------ */

/* How many bytes of clean text go into a line: up to the last blank that fits, or all that fits of a longer word. */
static size_t line_length(const char *text, size_t len, size_t columns) {
        size_t fits = 0, blank = 0, used = 0;

        while (fits < len) {
                size_t n = text_utf8_char(text + fits, len - fits), more;

                n = n ? n : 1;
                more = text_columns(text + fits, n);
                if (used + more > columns && fits > 0)
                        return blank > 0 ? blank : fits;
                if (text[fits] == ' ')
                        blank = fits;
                used += more;
                fits += n;
        }
        return len;
}

/* The whole text, in as many indented lines as it takes. */
static int put_wrapped(struct buf *out, const struct canvas *canvas, enum style style, const char *text) {
        size_t room = canvas->columns == 0 ? SIZE_MAX / 2 : MAX(REASON_COLUMNS_MIN, canvas->columns) - REASON_INDENT;
        struct buf clean = BUF_INIT(0);
        int r = clean_put(&clean, text, strlen(text));

        for (size_t from = 0, n; r == 0 && from < clean.len; from += n) {
                n = line_length(clean.data + from, clean.len - from, room);
                buf_appendf(out, "%*s", (int)REASON_INDENT, "");
                style_put(out, canvas->colour, style, clean.data + from, n);
                buf_append_char(out, '\n');
                while (from + n < clean.len && clean.data[from + n] == ' ')
                        n++;
        }
        buf_done(&clean);
        return r < 0 ? r : buf_error(out);
}

/* --- the table ------------------------------------------------------------------------------------------------------- */

enum column { MARK, TRIGGER, STATE, SINCE, RUNNING, WAITING, HELD, RECEIVED, SUCCEEDED, FAILED, CANCELLED, DELETED, FLOW, COLUMN_COUNT };

static const struct {
        struct table_column shown;
        const char *key; /* in the document; NULL: as the counter says */
        enum counter counter;
} columns[] = {
        [MARK] = { { "", false }, "" },                    [TRIGGER] = { { "TRIGGER", false }, "id" },
        [STATE] = { { "STATE", false }, "state" },         [SINCE] = { { "SINCE", false }, "since" },
        [RUNNING] = { { "RUNNING", true }, "running" },    [WAITING] = { { "WAITING", true }, "waiting" },
        [HELD] = { { "HELD", true }, "inFlight" },         [FLOW] = { { "FLOW", false }, "flow" },
        [RECEIVED] = { { "RECEIVED", true }, NULL, COUNTER_RECEIVED },
        [SUCCEEDED] = { { "SUCCEEDED", true }, NULL, COUNTER_SUCCEEDED },
        [FAILED] = { { "FAILED", true }, NULL, COUNTER_FAILED },
        [CANCELLED] = { { "CANCELLED", true }, NULL, COUNTER_CANCELLED },
        [DELETED] = { { "DELETED", true }, NULL, COUNTER_DELETED },
};

/* Left out in this order where there is no room. */
static const enum column dispensable[] = { CANCELLED, HELD, FLOW, SUCCEEDED, WAITING, DELETED, RECEIVED, SINCE };

static enum style style_of_phase(const char *phase) {
        static const struct {
                const char *phase;
                enum style style;
        } styles[] = {
                { "polling", STYLE_GOOD },   { "backoff", STYLE_BAD },  { "starting", STYLE_BUSY },
                { "paused", STYLE_WARNING }, { "disabled", STYLE_DIM }, { "stopping", STYLE_BUSY },
                { "waiting", STYLE_WARNING },
        };

        for (size_t i = 0; phase && i < ARRAY_SIZE(styles); i++)
                if (strcmp(styles[i].phase, phase) == 0)
                        return styles[i].style;
        return STYLE_PLAIN;
}

static int add_cell(struct table *table, enum column c, const struct value *t, uint64_t now_usec) {
        const char *key = columns[c].key ? columns[c].key : counter_key(columns[c].counter), *text = value_map_string(t, key);
        char own[DURATION_MAX] = "";
        enum style style = STYLE_PLAIN;

        if (c == MARK) {
                text = is_in_trouble(t) ? "!" : NULL;
                style = STYLE_BAD;
        } else if (c == SINCE) {
                age_text(text, now_usec, own);
                text = own;
        } else if (columns[c].shown.right) {
                (void)snprintf(own, sizeof(own), "%lld", (long long)number(t, key));
                text = own;
                style = c == FAILED && number(t, key) > 0 ? STYLE_BAD : STYLE_PLAIN;
        } else if (c == STATE) {
                style = style_of_phase(text);
        }
        return table_add(table, style, text);
}

static int write_table(const struct value *const *triggers, size_t count, const bool *is_left_out, uint64_t now_usec,
                       bool colour, struct buf *out) {
        struct table_column shown[COLUMN_COUNT];
        _cleanup_(table_freep) struct table *table = NULL;
        size_t shown_count = 0;
        int e;

        for (int c = 0; c < COLUMN_COUNT; c++)
                if (!is_left_out[c])
                        shown[shown_count++] = columns[c].shown;
        table = table_new(shown, shown_count);
        e = table ? 0 : -ENOMEM;
        for (size_t i = 0; i < count; i++)
                for (int c = 0; e == 0 && c < COLUMN_COUNT; c++)
                        if (!is_left_out[c])
                                e = add_cell(table, (enum column)c, triggers[i], now_usec);
        return e == 0 ? table_write(table, out, colour, 0) : e;
}

static size_t widest_line(const struct buf *b) {
        size_t widest = 0;

        for (const char *line = b->data, *end = b->data + b->len, *next; line < end; line = next + 1) {
                next = memchr(line, '\n', (size_t)(end - line));
                widest = MAX(widest, text_columns(line, (size_t)(next - line)));
        }
        return widest;
}

/* Finds out what must be left out; then the table is in `out`, a line a trigger below its titles. */
static int fit_table(const struct value *const *triggers, size_t count, uint64_t now_usec, const struct canvas *canvas,
                     struct buf *out) {
        bool is_left_out[COLUMN_COUNT] = { false };
        int e = 0;

        for (size_t i = 0; e == 0 && canvas->columns > 0 && i < ARRAY_SIZE(dispensable); i++) {
                struct buf plain = BUF_INIT(0);
                bool fits;

                e = write_table(triggers, count, is_left_out, now_usec, false, &plain);
                fits = e == 0 && widest_line(&plain) <= canvas->columns;
                buf_done(&plain);
                if (fits)
                        break;
                is_left_out[dispensable[i]] = true;
        }
        return e == 0 ? write_table(triggers, count, is_left_out, now_usec, canvas->colour, out) : e;
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

static int rank(const struct value *trigger) {
        return is_in_trouble(trigger) ? 0 : is_in_state(trigger, "paused") || is_in_state(trigger, "waiting") ? 1 : 2;
}

/* Those in trouble, then those that hold off, then the others; each in the agent's order. Owned; NULL: out of memory. */
static const struct value **ordered(const struct value *status, size_t *ret_count) {
        const struct value **list = calloc(trigger_count(status) + 1, sizeof(*list));
        size_t count = 0;

        for (int wanted = 0; list && wanted <= 2; wanted++) {
                for (size_t i = 0; i < trigger_count(status); i++) {
                        const struct value *t = value_list_at(triggers_of(status), i);

                        if (value_type(t) == VALUE_MAP && rank(t) == wanted)
                                list[count++] = t;
                }
        }
        *ret_count = count;
        return list;
}

static void put_trigger_totals(struct buf *out, const struct value *status) {
        static const struct {
                const char *state, *words;
        } states[] = { { "backoff", "in backoff" }, { "paused", "paused" }, { "waiting", "waiting for their conditions" },
                       { "disabled", "disabled" },
                       { "starting", "starting" },  { "polling", "polling" }, { "stopping", "stopping" } };
        const char *before = ": ";
        size_t all = trigger_count(status);

        buf_appendf(out, "%zu trigger%s", all, all == 1 ? "" : "s");
        for (size_t s = 0; s < ARRAY_SIZE(states); s++) {
                size_t count = 0;

                for (size_t i = 0; i < all; i++)
                        count += is_in_state(value_list_at(triggers_of(status), i), states[s].state);
                if (count > 0) {
                        buf_appendf(out, "%s%zu %s", before, count, states[s].words);
                        before = ", ";
                }
        }
        buf_append_char(out, '\n');
}

/* Where executions run; "" when the agent does not say. The document has the details. */
static const char *isolation_text(const struct value *status) {
        const struct value *isolation = submap(status, "isolation");

        if (!isolation)
                return "";
        return value_map_string(isolation, "cgroup") ? " in control groups" : " in process groups";
}

static void put_problem(struct buf *out, const struct value *s, const char *part, const char *what, const struct canvas *canvas) {
        const char *problem = value_map_string(submap(s, part), "problem");

        if (is_well(s, part))
                return;
        buf_append_str(out, what);
        (void)put_wrapped(out, canvas, STYLE_BAD, problem ? problem : "no reason given");
}

static int put_head(struct buf *out, const struct value *s, uint64_t now_usec, const struct canvas *canvas) {
        const char *state = value_map_string(s, "state"), *version = value_map_string(s, "version");
        struct counters totals;
        char age[DURATION_MAX];

        age_text(value_map_string(s, "startedAt"), now_usec, age);
        state = state ? state : "?";
        style_put(out, canvas->colour, text_eq(state, "running") ? STYLE_GOOD : STYLE_WARNING, state, strlen(state));
        buf_appendf(out, " for %s  (sqsflow-agent %s, pid %lld)\n", age, version ? version : "?",
                    (long long)number(s, "pid"));
        buf_appendf(out, "%lld of %lld slots run%s, %lld messages wait\n", (long long)number(s, "running"),
                    (long long)number(submap(s, "limits"), "executions"), isolation_text(s), (long long)number(s, "waiting"));
        for (unsigned i = 0; i < COUNTER_COUNT; i++)
                totals.of[i] = (uint64_t)number(submap(s, "totals"), counter_key((enum counter)i));
        (void)counters_write(out, &totals);
        buf_append_char(out, '\n');
        put_trigger_totals(out, s);
        put_problem(out, s, "store", "the store cannot be used: nothing is received\n", canvas);
        put_problem(out, s, "engine", "no further execution can be started\n", canvas);
        return buf_append_char(out, '\n');
}

static unsigned count_lines(const char *text, size_t len) {
        unsigned lines = 0;

        for (size_t i = 0; i < len; i++)
                lines += text[i] == '\n';
        return lines;
}

/* Who paused it; since when is in its row. */
static int put_pause(struct buf *out, const struct canvas *canvas, const struct value *trigger) {
        const struct value *pause = submap(trigger, "pause");
        const char *after = value_map_string(pause, "after");
        struct buf text = BUF_INIT(0);
        int r = 0;

        if (pause) {
                buf_append_str(&text, "paused ");
                buf_append_str(&text, after ? "by stopAfter: an execution ended " : "by hand");
                r = buf_append_str(&text, after ? after : "");
        }
        if (pause && r == 0)
                r = put_wrapped(out, canvas, STYLE_WARNING, text.data);
        buf_done(&text);
        return r;
}

/* A row with the reasons under it. False when that would leave no line for what is not shown. */
static int put_row(struct buf *out, const struct canvas *canvas, const char *row, size_t row_len,
                   const struct value *trigger, unsigned *rows, bool is_last, bool *ret_fits) {
        const char *error = value_map_string(trigger, "error"),
                   *why = is_in_state(trigger, "waiting") ? value_map_string(trigger, "reason") : NULL;
        struct buf reason = BUF_INIT(0);
        unsigned lines = 1;
        int r = error ? put_wrapped(&reason, canvas, STYLE_BAD, error) :
                why   ? put_wrapped(&reason, canvas, STYLE_PLAIN, why) :
                        0;

        if (r == 0)
                r = put_pause(&reason, canvas, trigger);
        lines += count_lines(reason.data, reason.len);
        *ret_fits = canvas->rows == 0 || *rows + lines + (is_last ? 1 : 2) <= canvas->rows;
        if (r == 0 && *ret_fits) {
                buf_append(out, row, row_len);
                buf_append(out, reason.data, reason.len);
                *rows += lines;
        }
        buf_done(&reason);
        return r;
}

/* The table's lines, each with the reason of its trigger under it. */
static int put_rows(struct buf *out, const struct buf *table, const struct value *const *triggers, size_t count,
                    const struct canvas *canvas, unsigned *rows) {
        const char *line = table->data, *end = table->data + table->len;
        bool fits = true;
        int r = 0;

        for (size_t i = 0; r == 0 && line < end; i++) {
                const char *next = (const char *)memchr(line, '\n', (size_t)(end - line)) + 1;

                if (i == 0) {
                        buf_append(out, line, (size_t)(next - line));
                        ++*rows;
                } else {
                        r = put_row(out, canvas, line, (size_t)(next - line), triggers[i - 1], rows, i == count, &fits);
                }
                if (!fits) {
                        buf_appendf(out, "and %zu more\n", count - i + 1);
                        ++*rows;
                        break;
                }
                line = next;
        }
        return r;
}

int status_write(const struct value *status, uint64_t now_usec, const struct canvas *canvas, struct buf *out,
                 unsigned *ret_rows) {
        size_t before = out->len, count = 0;
        _cleanup_free_ const struct value **triggers = ordered(status, &count);
        struct buf table = BUF_INIT(0);
        unsigned rows = 0;
        int r = triggers ? put_head(out, status, now_usec, canvas) : -ENOMEM;

        if (r == 0)
                rows = count_lines(out->data + before, out->len - before);
        if (r == 0 && count > 0)
                r = fit_table(triggers, count, now_usec, canvas, &table);
        if (r == 0 && count > 0)
                r = put_rows(out, &table, triggers, count, canvas, &rows);
        buf_done(&table);
        if (ret_rows)
                *ret_rows = rows;
        return r < 0 ? r : buf_error(out);
}
