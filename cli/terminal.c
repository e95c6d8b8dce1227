/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <unistd.h>

#include "common/base/text.h"

bool terminal_has_colour(FILE *file) {
        const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

        if (no_color && *no_color)
                return false;
        if (!term || strcmp(term, "dumb") == 0)
                return false;
        return isatty(fileno(file)) == 1;
}

unsigned terminal_columns(void) {
        struct winsize size;

        if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
                return 0;
        return size.ws_col;
}

enum style style_of_state(enum run_state state) {
        static const enum style styles[RUN_STATE_COUNT] = {
                [RUN_CREATED] = STYLE_DIM,    [RUN_QUEUED] = STYLE_DIM,     [RUN_RUNNING] = STYLE_BUSY,
                [RUN_RETRYING] = STYLE_BUSY,  [RUN_KILLING] = STYLE_BAD,    [RUN_SUCCESS] = STYLE_GOOD,
                [RUN_WARNING] = STYLE_WARNING, [RUN_FAILED] = STYLE_BAD,    [RUN_KILLED] = STYLE_BAD,
                [RUN_CANCELLED] = STYLE_DIM,  [RUN_SKIPPED] = STYLE_DIM,
        };

        return (unsigned)state < RUN_STATE_COUNT ? styles[state] : STYLE_PLAIN;
}

enum style style_of_level(int level) {
        if (level <= LOG_ERR)
                return STYLE_BAD;
        if (level <= LOG_WARNING)
                return STYLE_WARNING;
        return level >= LOG_DEBUG ? STYLE_DIM : STYLE_PLAIN;
}

const char *level_name(int level) {
        static const char *const names[] = { "EMERG", "ALERT", "CRIT", "ERROR", "WARN", "NOTICE", "INFO", "DEBUG" };

        return level >= 0 && (size_t)level < ARRAY_SIZE(names) ? names[level] : "TRACE";
}

int style_put(struct buf *b, bool colour, enum style style, const char *text, size_t len) {
        static const char *const codes[] = {
                [STYLE_PLAIN] = NULL,      [STYLE_BOLD] = "\033[1m",     [STYLE_DIM] = "\033[2m",  [STYLE_GOOD] = "\033[32m",
                [STYLE_WARNING] = "\033[33m", [STYLE_BAD] = "\033[31m", [STYLE_BUSY] = "\033[36m",
        };

        if (!colour || !codes[style])
                return buf_append(b, text, len);
        buf_append_str(b, codes[style]);
        buf_append(b, text, len);
        return buf_append_str(b, "\033[0m");
}

/* The length of the UTF-8 sequence at s, 0 when there is none. */
static size_t sequence_length(const unsigned char *s, size_t len) {
        size_t n = *s < 0x80 ? 1 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : 4;

        return n <= len && text_is_utf8((const char *)s, n) ? n : 0;
}

static int put_control(struct buf *b, unsigned char c) {
        switch (c) {
        case '\n':
                return buf_append_str(b, "\\n");
        case '\t':
                return buf_append_str(b, "\\t");
        case '\r':
                return buf_append_str(b, "\\r");
        default:
                return buf_appendf(b, "\\x%02x", c);
        }
}

/* C1 controls (U+0080 to U+009F) steer terminals, too. */
static bool is_c1(const unsigned char *s, size_t n) {
        return n == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

int clean_put(struct buf *b, const char *text, size_t len) {
        const unsigned char *s = (const unsigned char *)text, *end = s + len;

        while (s < end) {
                size_t n = sequence_length(s, (size_t)(end - s));

                if (n == 0)
                        buf_append_str(b, "\xef\xbf\xbd");
                else if (*s < 0x20 || *s == 0x7f)
                        put_control(b, *s);
                else if (is_c1(s, n))
                        put_control(b, s[1]);
                else
                        buf_append(b, s, n);
                s += n ? n : 1;
        }
        return buf_error(b);
}

static unsigned decode(const unsigned char *s, size_t n) {
        static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
        unsigned c = s[0] & masks[n];

        for (size_t i = 1; i < n; i++)
                c = c << 6 | (s[i] & 0x3f);
        return c;
}

/* Enough for lining up: the East Asian wide blocks and the emoji; combining marks and joiners take nothing. */
static unsigned code_point_columns(unsigned c) {
        static const struct {
                unsigned first, last, columns;
        } ranges[] = {
                { 0x0300, 0x036f, 0 },   { 0x200b, 0x200f, 0 },   { 0xfe00, 0xfe0f, 0 },   { 0x1100, 0x115f, 2 },
                { 0x2e80, 0xa4cf, 2 },   { 0xac00, 0xd7a3, 2 },   { 0xf900, 0xfaff, 2 },   { 0xfe30, 0xfe6f, 2 },
                { 0xff00, 0xff60, 2 },   { 0xffe0, 0xffe6, 2 },   { 0x1f300, 0x1f64f, 2 }, { 0x1f680, 0x1faff, 2 },
                { 0x20000, 0x3fffd, 2 },
        };

        for (size_t i = 0; i < ARRAY_SIZE(ranges); i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return ranges[i].columns;
        return 1;
}

size_t text_columns(const char *text, size_t len) {
        const unsigned char *s = (const unsigned char *)text, *end = s + len;
        size_t columns = 0;

        while (s < end) {
                size_t n = sequence_length(s, (size_t)(end - s));

                columns += n ? code_point_columns(decode(s, n)) : 1;
                s += n ? n : 1;
        }
        return columns;
}
