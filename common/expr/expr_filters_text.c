/* SPDX-License-Identifier: Apache-2.0 */
/* Filters that cut, compare and escape text. */
#include "common/expr/expr_filters.h"

#include <string.h>
#include <strings.h>

#include "common/expr/expr_utf8.h"

static int give_span(const char *start, const char *end, struct value **ret) {
        return evaluation_give(value_new_string_n(start, (size_t)(end - start)), ret);
}

/* As Java's trim(): everything up to the blank is white space. */
int filter_trim(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *text = NULL;
        const char *s, *end;
        int r = call_input_text(c, &text);

        if (r < 0)
                return r;
        s = value_string(text);
        end = s + value_string_len(text);
        while (s < end && (unsigned char)*s <= ' ')
                s++;
        while (end > s && (unsigned char)end[-1] <= ' ')
                end--;
        return give_span(s, end, ret);
}

/* Pebble's rule: a text of exactly that length is cut too, unless it is 3 characters or shorter. */
int filter_abbreviate(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        size_t count;
        int64_t length = 0;
        int r = call_input_text(c, &text);

        if (r == 0)
                r = call_arg_int(c, 0, 0, &length);
        if (r == 0 && length < 0)
                r = call_fail(c, "'abbreviate' needs a 'length' that is not negative");
        if (r < 0)
                return r;
        count = utf8_count(value_string(text), value_string_len(text));
        if (count < (uint64_t)length || count <= 3) {
                *ret = value_ref(text);
                return 0;
        }
        count = (size_t)(length > 3 ? length - 3 : length);
        buf_append(&b, value_string(text), utf8_offset(value_string(text), value_string_len(text), count));
        buf_append_str(&b, length > 3 ? "..." : "");
        return call_text(c, &b, ret);
}

/* --- beginnings and ends --------------------------------------------------------------------------------------- */

static int affix(const struct call *c, bool at_end, struct value **ret) {
        _cleanup_value_ struct value *text = NULL;
        const char *part = "";
        size_t len, rest;
        int r = call_input_text(c, &text);

        if (r == 0)
                r = call_arg_text(c, 0, NULL, &part);
        if (r < 0)
                return r;
        len = strlen(part);
        rest = value_string_len(text) - MIN(len, value_string_len(text));
        return evaluation_give(value_new_bool(strncmp(value_string(text) + (at_end ? rest : 0), part, len) == 0), ret);
}

int filter_starts_with(const struct call *c, struct value **ret) {
        return affix(c, false, ret);
}

int filter_ends_with(const struct call *c, struct value **ret) {
        return affix(c, true, ret);
}

static const char *find_last(const char *s, const char *part) {
        const char *found = NULL;

        if (*part == '\0')
                return s + strlen(s);
        for (s = strstr(s, part); s; s = strstr(s + 1, part))
                found = s;
        return found;
}

/* Apache Commons' rules, which Kestra uses: without the separator, "before" gives all and "after" nothing. */
static int substring(const struct call *c, bool last, bool after, struct value **ret) {
        _cleanup_value_ struct value *text = NULL;
        const char *separator = "", *s, *end, *found;
        int r = call_input_text(c, &text);

        if (r == 0)
                r = call_arg_text(c, 0, NULL, &separator);
        if (r < 0)
                return r;
        s = value_string(text);
        end = s + value_string_len(text);
        found = last ? find_last(s, separator) : strstr(s, separator);
        if (after)
                return found ? give_span(found + strlen(separator), end, ret) : give_span(end, end, ret);
        return give_span(s, found ? found : end, ret);
}

int filter_substring_before(const struct call *c, struct value **ret) {
        return substring(c, false, false, ret);
}

int filter_substring_before_last(const struct call *c, struct value **ret) {
        return substring(c, true, false, ret);
}

int filter_substring_after(const struct call *c, struct value **ret) {
        return substring(c, false, true, ret);
}

int filter_substring_after_last(const struct call *c, struct value **ret) {
        return substring(c, true, true, ret);
}

/* --- escapes --------------------------------------------------------------------------------------------------- */

static void append_replaced(struct buf *b, const char *s, const char *from, const char *to) {
        const char *found;

        for (; (found = strstr(s, from)); s = found + strlen(from)) {
                buf_append(b, s, (size_t)(found - s));
                buf_append_str(b, to);
        }
        buf_append_str(b, s);
}

/* One word of a POSIX shell, whatever it holds: between single quotes nothing is special but the single quote. Null is
 * an empty word, so that the words behind it keep their places. */
int filter_quote(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        int r = evaluation_to_text(c->e, c->at, c->input, &text);

        if (r < 0)
                return r;
        buf_append_char(&b, '\'');
        append_replaced(&b, value_string(text), "'", "'\\''");
        buf_append_char(&b, '\'');
        return call_text(c, &b, ret);
}

static const struct escape {
        const char *type, *from, *to;
} escapes[] = {
        { "single", "'", "\\'" },
        { "double", "\"", "\\\"" },
        { "shell", "'", "'\\''" },
};

int filter_escape_char(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        const char *type = "";
        int r = call_input_text(c, &text);

        if (r == 0)
                r = call_arg_text(c, 0, NULL, &type);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ARRAY_SIZE(escapes); i++)
                if (strcasecmp(type, escapes[i].type) == 0) {
                        append_replaced(&b, value_string(text), escapes[i].from, escapes[i].to);
                        return call_text(c, &b, ret);
                }
        return call_fail(c, "'escapeChar' needs 'single', 'double' or 'shell' as 'type', not '%s'", type);
}

/* --- indentation ----------------------------------------------------------------------------------------------- */

#define INDENT_MAX 1000

/* The line ends that the text itself uses. */
static const char *line_end(const char *s) {
        return strstr(s, "\r\n")                     ? "\r\n"
               : strstr(s, "\n\r")                   ? "\n\r"
               : strchr(s, '\n') || !strchr(s, '\r') ? "\n"
                                                     : "\r";
}

static int indent(const struct call *c, bool new_line_first, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX), margin = BUF_INIT(EXPR_OUTPUT_MAX);
        _cleanup_value_ struct value *text = NULL;
        const char *prefix = "", *end;
        int64_t amount = 0;
        int r = call_input_text(c, &text);

        if (r == 0)
                r = call_arg_int(c, 0, 0, &amount);
        if (r == 0)
                r = call_arg_text(c, 1, " ", &prefix);
        if (r == 0 && (amount < 0 || amount > INDENT_MAX))
                r = call_fail(c, "'%s' needs an 'amount' from 0 to %d", c->at->call.routine->name, INDENT_MAX);
        if (r < 0)
                return r;
        end = line_end(value_string(text));
        buf_append_str(&margin, end);
        for (int64_t i = 0; i < amount && buf_error(&margin) == 0; i++)
                buf_append_str(&margin, prefix);
        if (buf_error(&margin) < 0)
                b.error = buf_error(&margin);
        if (new_line_first && value_string_len(text) > 0)
                buf_append(&b, margin.data, margin.len);
        if (buf_error(&b) == 0)
                append_replaced(&b, value_string(text), end, margin.data);
        buf_done(&margin);
        return call_text(c, &b, ret);
}

int filter_indent(const struct call *c, struct value **ret) {
        return indent(c, false, ret);
}

int filter_nindent(const struct call *c, struct value **ret) {
        return indent(c, true, ret);
}
