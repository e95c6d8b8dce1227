/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <syslog.h>
#include <unistd.h>
#include <wchar.h>

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

bool locale_is_utf8(const char *lc_all, const char *lc_ctype, const char *lang) {
        const char *name = lc_all && *lc_all ? lc_all : lc_ctype && *lc_ctype ? lc_ctype : lang;
        const char *charset = name ? strchr(name, '.') : NULL;

        return charset && (strncasecmp(charset, ".UTF-8", 6) == 0 || strncasecmp(charset, ".utf8", 5) == 0);
}

bool terminal_is_live(void) {
        const char *term = getenv("TERM");

        return term && *term && strcmp(term, "dumb") != 0 && isatty(STDOUT_FILENO) == 1;
}

struct canvas terminal_canvas(void) {
        struct canvas canvas = {
                .colour = terminal_has_colour(stdout),
                .utf8 = locale_is_utf8(getenv("LC_ALL"), getenv("LC_CTYPE"), getenv("LANG")),
        };
        struct winsize size;

        if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
                canvas.columns = size.ws_col;
                canvas.rows = size.ws_row;
        }
        return canvas;
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

const char *state_sign(enum run_state state, bool utf8) {
        static const struct {
                const char *utf8, *ascii;
        } signs[RUN_STATE_COUNT] = {
                [RUN_CREATED] = { "·", "." },  [RUN_QUEUED] = { "·", "." },  [RUN_RUNNING] = { "●", "*" },
                [RUN_RETRYING] = { "↻", "*" }, [RUN_KILLING] = { "✘", "x" }, [RUN_SUCCESS] = { "✔", "+" },
                [RUN_WARNING] = { "!", "!" },  [RUN_FAILED] = { "✘", "x" },  [RUN_KILLED] = { "✘", "x" },
                [RUN_CANCELLED] = { "○", "-" }, [RUN_SKIPPED] = { "○", "-" },
        };

        if ((unsigned)state >= RUN_STATE_COUNT)
                return "?";
        return utf8 ? signs[state].utf8 : signs[state].ascii;
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

static wchar_t decode(const unsigned char *s, size_t n) {
        static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
        unsigned c = s[0] & masks[n];

        for (size_t i = 1; i < n; i++)
                c = c << 6 | (s[i] & 0x3f);
        return (wchar_t)c;
}

/* The C library knows the widths, but only in a locale that knows the characters, and this program runs in "C". Where
 * there is no such locale, everything counts one. */
static locale_t unicode_locale(void) {
        static locale_t unicode;
        static bool tried;

        if (!tried)
                unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
        tried = true;
        return unicode;
}

/* Calls wcwidth() for the character at *s, which moves behind it. */
static size_t next_columns(const unsigned char **s, const unsigned char *end) {
        size_t n = text_utf8_char((const char *)*s, (size_t)(end - *s));
        int columns = n > 1 ? wcwidth(decode(*s, n)) : 1;

        *s += n ? n : 1;
        return columns >= 0 ? (size_t)columns : 1; /* -1: newer than the C library */
}

/* The columns of as much of the text as fits `most`; *ret_len are its bytes. */
static size_t fitting(const char *text, size_t len, size_t most, size_t *ret_len) {
        const unsigned char *s = (const unsigned char *)text, *end = s + len;
        locale_t unicode = unicode_locale(), before = unicode ? uselocale(unicode) : (locale_t)0;
        size_t columns = 0;

        while (s < end) {
                const unsigned char *next = s;
                size_t more = next_columns(&next, end);

                if (columns + more > most)
                        break;
                columns += more;
                s = next;
        }
        if (before)
                (void)uselocale(before);
        *ret_len = (size_t)(s - (const unsigned char *)text);
        return columns;
}

size_t text_columns(const char *text, size_t len) {
        return fitting(text, len, SIZE_MAX / 2, &len);
}

/* No character takes more bytes, and cleaning makes none shorter in columns; what stands behind is not looked at. */
#define BYTES_PER_COLUMN 32

int fit_put(struct buf *b, const struct canvas *canvas, const char *text, size_t len, size_t columns, bool padded) {
        struct buf clean = BUF_INIT(0);
        const char *ellipsis = canvas->utf8 ? "…" : "~";
        size_t fits = 0, used, looked_at = MIN(len, (columns + 1) * BYTES_PER_COLUMN);
        int r;

        while (looked_at < len && looked_at > 0 && ((unsigned char)text[looked_at] & 0xc0) == 0x80)
                looked_at--;
        r = clean_put(&clean, text ? text : "", looked_at);
        used = r == 0 ? fitting(clean.data ? clean.data : "", clean.len, columns, &fits) : 0;
        if (fits < clean.len && columns > 0) {
                used = fitting(clean.data, clean.len, columns - 1, &fits);
                buf_append(b, clean.data, fits);
                buf_append_str(b, ellipsis);
                used++;
        } else {
                buf_append(b, clean.data, fits);
        }
        for (; padded && used < columns; used++)
                buf_append_char(b, ' ');
        buf_done(&clean);
        return r < 0 ? r : buf_error(b);
}
