/* SPDX-License-Identifier: Apache-2.0 */
/* Most lines come whole in one read and are handed on from where they lie; only a line that a read cut in two is
 * copied. */
#include "runner/lines.h"

#include <string.h>

#include "runner/output_line.h"

static void tell(const char *text, size_t len, lines_on_line_t on_line, void *userdata) {
        size_t max = output_line_begins(text, len) ? OUTPUT_LINE_BYTES_MAX : LINE_BYTES_MAX;

        if (len > 0 && text[len - 1] == '\r')
                len--;
        on_line(userdata, text, MIN(len, max), len > max);
}

/* Keeps a piece of a line whose end has not come. When that line is too long already, what there is of it is told. */
static int keep(struct lines *l, const char *data, size_t len, lines_on_line_t on_line, void *userdata) {
        size_t room = OUTPUT_LINE_BYTES_MAX - l->partial.len;
        int r = buf_append(&l->partial, data, MIN(len, room));

        if (r < 0) {
                buf_done(&l->partial);
                l->dropping = true;
                return r;
        }
        size_t max = output_line_begins(l->partial.data, l->partial.len) ? OUTPUT_LINE_BYTES_MAX : LINE_BYTES_MAX;
        if (l->partial.len < max || (l->partial.len == max && len <= room))
                return 0;
        on_line(userdata, l->partial.data, max, true);
        buf_reset(&l->partial);
        l->dropping = true;
        return 0;
}

static int end_line(struct lines *l, const char *data, size_t len, lines_on_line_t on_line, void *userdata) {
        int r = 0;

        if (l->dropping) {
                l->dropping = false;
                return 0;
        }
        if (l->partial.len == 0) {
                tell(data, len, on_line, userdata);
                return 0;
        }
        r = keep(l, data, len, on_line, userdata);
        if (!l->dropping)
                tell(l->partial.data, l->partial.len, on_line, userdata);
        l->dropping = false;
        buf_reset(&l->partial);
        return r;
}

int lines_feed(struct lines *l, const char *data, size_t len, lines_on_line_t on_line, void *userdata) {
        const char *end;
        int r = 0;

        while (len > 0 && (end = memchr(data, '\n', len))) {
                size_t n = (size_t)(end - data);
                int k = end_line(l, data, n, on_line, userdata);
                r = r < 0 ? r : k;
                data += n + 1;
                len -= n + 1;
        }
        if (len == 0 || l->dropping)
                return r;
        int k = keep(l, data, len, on_line, userdata);
        return r < 0 ? r : k;
}

void lines_end(struct lines *l, lines_on_line_t on_line, void *userdata) {
        if (l->partial.len > 0 && !l->dropping)
                tell(l->partial.data, l->partial.len, on_line, userdata);
        buf_reset(&l->partial);
        l->dropping = false;
}

void lines_done(struct lines *l) {
        buf_done(&l->partial);
}
