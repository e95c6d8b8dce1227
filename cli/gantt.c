/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/gantt.h"

#include <errno.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/text.h"

#define COLUMNS_DEFAULT 80u
#define COLUMNS_MAX 132u  /* wider bars tell no more */
#define NAME_COLUMNS_MIN 8u
#define TOOK_COLUMNS 9u   /* "CANCELLED" */
#define AROUND_COLUMNS 7u /* the state's sign, and two blanks between the parts */
#define BAR_COLUMNS_MIN 10u
#define DEPTH_MAX 16u

struct layout {
        const struct canvas *canvas;
        uint64_t start_usec, end_usec;
        size_t name_columns, bar_columns; /* bar 0: none */
};

static size_t indent_of(const struct gantt_row *row) {
        return MIN(row->depth, DEPTH_MAX) * (size_t)2;
}

static struct layout lay_out(const struct gantt_row *rows, size_t count, uint64_t start_usec, uint64_t end_usec,
                             const struct canvas *canvas) {
        size_t columns = canvas->columns ? MIN(canvas->columns, COLUMNS_MAX) : COLUMNS_DEFAULT;
        size_t most = MAX(columns / 3, (size_t)NAME_COLUMNS_MIN), rest;
        struct layout l = { .canvas = canvas, .start_usec = start_usec };

        l.end_usec = MAX(end_usec, start_usec + 1);
        for (size_t i = 0; i < count; i++) {
                size_t own = indent_of(&rows[i]) + text_columns(rows[i].name, strlen(rows[i].name));

                l.name_columns = MAX(l.name_columns, own);
        }
        l.name_columns = MIN(l.name_columns, most);
        rest = l.name_columns + AROUND_COLUMNS + TOOK_COLUMNS;
        l.bar_columns = columns >= rest + BAR_COLUMNS_MIN ? columns - rest : 0;
        return l;
}

static void put_blanks(struct buf *out, size_t count) {
        for (size_t i = 0; i < count; i++)
                buf_append_char(out, ' ');
}

static void put_right(struct buf *out, const char *text, size_t columns) {
        size_t own = strlen(text);

        put_blanks(out, columns > own ? columns - own : 0);
        buf_append_str(out, text);
}

/* To the nearest, so that what follows another starts where that ends. */
static size_t column_at(const struct layout *l, uint64_t usec) {
        return (size_t)((double)(usec - l->start_usec) / (double)(l->end_usec - l->start_usec) * (double)l->bar_columns + 0.5);
}

/* At least one cell for whatever ran, be it ever so short. */
static void put_bar(const struct layout *l, const struct gantt_row *row, struct buf *out) {
        uint64_t start_usec = MIN(MAX(row->start_usec, l->start_usec), l->end_usec);
        uint64_t end_usec = row->end_usec ? MIN(MAX(row->end_usec, start_usec), l->end_usec) : l->end_usec;
        size_t first = MIN(column_at(l, start_usec), l->bar_columns - 1);
        size_t last = MAX(column_at(l, end_usec), first + 1);
        struct buf bar = BUF_INIT(0);

        for (size_t i = first; i < last; i++)
                buf_append_str(&bar, l->canvas->utf8 ? "█" : "#");
        put_blanks(out, first);
        if (buf_error(&bar) == 0)
                style_put(out, l->canvas->colour, style_of_state(row->state), bar.data, bar.len);
        put_blanks(out, l->bar_columns - last);
        buf_done(&bar);
}

static void put_row(const struct layout *l, const struct gantt_row *row, struct buf *out) {
        const char *sign = state_sign(row->state, l->canvas->utf8);
        size_t indent = MIN(indent_of(row), l->name_columns);
        char took[DURATION_MAX];

        put_blanks(out, indent);
        fit_put(out, l->canvas, row->name, strlen(row->name), l->name_columns - indent, true);
        put_blanks(out, 2);
        style_put(out, l->canvas->colour, style_of_state(row->state), sign, strlen(sign));
        put_blanks(out, 2);
        if (l->bar_columns > 0 && row->start_usec > 0)
                put_bar(l, row, out);
        else
                put_blanks(out, l->bar_columns);
        put_blanks(out, l->bar_columns > 0 ? 2 : 0);
        if (row->start_usec > 0)
                duration_format_human(usec_sub(row->end_usec ? row->end_usec : l->end_usec, row->start_usec), took);
        put_right(out, row->start_usec > 0 ? took : run_state_name(row->state), TOOK_COLUMNS);
        buf_append_char(out, '\n');
}

static void put_scale(const struct layout *l, struct buf *out) {
        char total[DURATION_MAX];

        if (l->bar_columns == 0)
                return;
        duration_format_human(l->end_usec - l->start_usec, total);
        put_blanks(out, l->name_columns + 5);
        buf_append_char(out, '0');
        put_right(out, total, l->bar_columns - 1);
        buf_append_char(out, '\n');
}

int gantt_write(const struct gantt_row *rows, size_t count, uint64_t start_usec, uint64_t end_usec,
                const struct canvas *canvas, struct buf *out) {
        struct layout l = lay_out(rows, count, start_usec, end_usec, canvas);

        if (count == 0)
                return buf_error(out);
        put_scale(&l, out);
        for (size_t i = 0; i < count; i++)
                put_row(&l, &rows[i], out);
        return buf_error(out);
}

/* --- of an execution ------------------------------------------------------------------------------------------------- */

static int make_row(const struct progress *p, struct progress_place place, const struct canvas *canvas,
                    struct gantt_row *ret) {
        const struct store_task_run *t = &progress_task(p, place.index)->run;
        struct buf name = BUF_INIT(0);

        progress_name(p, place.index, &name);
        if (t->attempts > 1)
                buf_appendf(&name, canvas->utf8 ? " ×%u" : " x%u", t->attempts);
        *ret = (struct gantt_row){ .name = buf_take(&name, NULL), .depth = place.depth, .state = t->state,
                                   .start_usec = t->start_usec, .end_usec = t->end_usec };
        return ret->name ? 0 : -ENOMEM;
}

int gantt_write_progress(const struct progress *p, uint64_t end_usec, const struct canvas *canvas, struct buf *out) {
        size_t count = 0;
        _cleanup_free_ struct progress_place *places = progress_order(p, &count);
        _cleanup_free_ struct gantt_row *rows = calloc(count + 1, sizeof(*rows));
        int r = places && rows ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < count; i++)
                r = make_row(p, places[i], canvas, &rows[i]);
        if (r == 0)
                r = gantt_write(rows, count, p->start_usec, end_usec, canvas, out);
        for (size_t i = 0; rows && i < count; i++)
                free((char *)rows[i].name);
        return r;
}
