/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live_screen.h"

#include <errno.h>
#include <string.h>

#include "cli/terminal.h"

void live_screen_done(struct live_screen *s) {
        free(s->widths);
        *s = (struct live_screen){ 0 };
}

void live_screen_forget(struct live_screen *s) {
        s->line_count = 0;
}

/* The rows that the last picture takes on a terminal of this width. */
static unsigned rows_now(const struct live_screen *s, unsigned columns) {
        unsigned rows = 0;

        for (size_t i = 0; i < s->line_count; i++)
                rows += columns > 0 && s->widths[i] > columns ? (s->widths[i] - 1) / columns + 1 : 1;
        return rows;
}

static void move_up(const struct live_screen *s, unsigned columns, struct buf *out) {
        unsigned rows = rows_now(s, columns);

        buf_append_char(out, '\r');
        if (rows > 0)
                buf_appendf(out, "\033[%uA", rows);
        if (rows != s->line_count) /* wrapped: nothing stands where it was */
                buf_append_str(out, "\033[J");
}

/* The columns of a line, which has styles in it. */
static unsigned line_columns(const char *line, const char *end) {
        unsigned columns = 0;

        while (line < end) {
                const char *style = memchr(line, '\033', (size_t)(end - line)), *style_end = style;

                columns += (unsigned)text_columns(line, (size_t)((style ? style : end) - line));
                while (style_end && style_end < end && *style_end != 'm')
                        style_end++;
                line = style ? style_end + 1 : end;
        }
        return columns;
}

/* Each line with "clear the rest of the line" before its end. */
static int put_lines(struct live_screen *s, const char *line, unsigned rows, struct buf *out) {
        unsigned *widths = reallocarray(s->widths, rows, sizeof(*widths));
        const char *end;

        if (!widths)
                return -ENOMEM;
        s->widths = widths;
        s->line_count = 0;
        while ((end = strchr(line, '\n')) && s->line_count < rows) {
                widths[s->line_count++] = line_columns(line, end);
                buf_append(out, line, (size_t)(end - line));
                buf_append_str(out, "\033[K\n");
                line = end + 1;
        }
        return 0;
}

int live_screen_put(struct live_screen *s, const char *picture, unsigned rows, unsigned columns, struct buf *out) {
        int r;

        buf_append_str(out, "\033[?7l");
        move_up(s, columns, out);
        r = put_lines(s, picture, rows, out);
        buf_append_str(out, "\033[J\033[?7h");
        return r < 0 ? r : buf_error(out);
}
