/* SPDX-License-Identifier: Apache-2.0 */
/* Cells are kept as they come; widths are counted when the table is written, so that everything lines up. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/terminal.h"

struct cell {
        enum style style;
        char *text;
        size_t len, columns;
};

struct table {
        const struct table_column *columns;
        size_t column_count;
        struct cell *cells;
        size_t cell_count, cell_capacity;
};

struct table *table_new(const struct table_column *columns, size_t count) {
        struct table *t;

        assert(count > 0 && count <= TABLE_COLUMNS_MAX);
        t = calloc(1, sizeof(*t));
        if (!t)
                return NULL;
        t->columns = columns;
        t->column_count = count;
        return t;
}

struct table *table_free(struct table *t) {
        if (!t)
                return NULL;
        for (size_t i = 0; i < t->cell_count; i++)
                free(t->cells[i].text);
        free(t->cells);
        free(t);
        return NULL;
}

static int reserve_cell(struct table *t) {
        size_t capacity = t->cell_capacity ? t->cell_capacity * 2 : 64;
        struct cell *cells;

        if (t->cell_count < t->cell_capacity)
                return 0;
        cells = reallocarray(t->cells, capacity, sizeof(*cells));
        if (!cells)
                return -ENOMEM;
        t->cells = cells;
        t->cell_capacity = capacity;
        return 0;
}

int table_add(struct table *t, enum style style, const char *text) {
        struct buf clean = BUF_INIT(0);
        struct cell cell = { .style = style };

        if (reserve_cell(t) < 0)
                return -ENOMEM;
        clean_put(&clean, text ? text : "", text ? strlen(text) : 0);
        buf_append_str(&clean, "");
        cell.text = buf_take(&clean, &cell.len);
        if (!cell.text)
                return -ENOMEM;
        cell.columns = text_columns(cell.text, cell.len);
        t->cells[t->cell_count++] = cell;
        return 0;
}

static size_t column_width(const struct table *t, size_t column) {
        size_t width = strlen(t->columns[column].title);

        for (size_t i = column; i < t->cell_count; i += t->column_count)
                width = MAX(width, t->cells[i].columns);
        return width;
}

static void put_blanks(struct buf *out, size_t count) {
        for (size_t i = 0; i < count; i++)
                buf_append_char(out, ' ');
}

static void put_last(struct buf *out, bool colour, const struct cell *c, size_t used, unsigned width) {
        const struct canvas canvas = { .utf8 = true };
        size_t room = width > used ? width - used : 0;
        struct buf cut = BUF_INIT(0);

        if (width == 0 || c->columns <= room)
                style_put(out, colour, c->style, c->text, c->len);
        else if (fit_put(&cut, &canvas, c->text, c->len, room, false) == 0)
                style_put(out, colour, c->style, cut.data ? cut.data : "", cut.len);
        buf_done(&cut);
}

static void put_row(const struct table *t, struct buf *out, bool colour, unsigned width, const size_t *widths,
                    const struct cell *cells) {
        size_t used = 0, last = t->column_count - 1;

        /* The last cell that says something ends the line. */
        while (last > 0 && cells[last].len == 0)
                last--;
        for (size_t i = 0; i < last; i++) {
                const struct cell *c = &cells[i];

                if (t->columns[i].right)
                        put_blanks(out, widths[i] - c->columns);
                style_put(out, colour, c->style, c->text, c->len);
                if (!t->columns[i].right)
                        put_blanks(out, widths[i] - c->columns);
                put_blanks(out, 2);
                used += widths[i] + 2;
        }
        if (t->columns[last].right) {
                put_blanks(out, widths[last] - cells[last].columns);
                used += widths[last] - cells[last].columns;
        }
        put_last(out, colour, &cells[last], used, last == t->column_count - 1 ? width : 0);
        buf_append_char(out, '\n');
}

int table_write(const struct table *t, struct buf *out, bool colour, unsigned width) {
        struct cell titles[TABLE_COLUMNS_MAX] = { 0 };
        size_t widths[TABLE_COLUMNS_MAX];

        for (size_t i = 0; i < t->column_count; i++) {
                size_t len = strlen(t->columns[i].title);

                widths[i] = column_width(t, i);
                titles[i] = (struct cell){ STYLE_DIM, (char *)t->columns[i].title, len, len };
        }
        put_row(t, out, colour, width, widths, titles);
        for (size_t i = 0; i + t->column_count <= t->cell_count; i += t->column_count)
                put_row(t, out, colour, width, widths, &t->cells[i]);
        return buf_error(out);
}

void table_print(const struct table *t) {
        struct buf out = BUF_INIT(0);

        if (table_write(t, &out, terminal_has_colour(stdout), terminal_columns()) == 0)
                (void)fwrite(out.data, 1, out.len, stdout);
        buf_done(&out);
}
