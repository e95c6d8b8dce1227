/* SPDX-License-Identifier: Apache-2.0 */
/* A writer for what JSON values can hold. Texts of several lines become block scalars ("|"), texts that a reader would
 * take for something else are quoted, control characters and the like go into double quotes as JSON escapes, which are
 * YAML escapes too. */
#include "common/expr/expr_yaml.h"

#include <string.h>
#include <strings.h>

#include "common/base/json.h"

#define STEP 2

static void write_value(struct buf *b, const struct value *v, size_t indent);

static void pad(struct buf *b, size_t columns) {
        while (columns-- > 0)
                buf_append_char(b, ' ');
}

/* --- texts ----------------------------------------------------------------------------------------------------- */

/* Words that YAML 1.1 or 1.2 reads as null or a boolean. */
static bool is_word(const char *s) {
        static const char *const words[] = { "", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n" };

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcasecmp(s, words[i]) == 0)
                        return true;
        return false;
}

static bool is_numeric(const char *s) {
        return strspn(s, "+-.0123456789") > 0 && strspn(s, "+-.0123456789_eExXoOabcdefABCDEF:") == strlen(s);
}

static bool has_control(const char *s) {
        for (; *s != '\0'; s++)
                if (((unsigned char)*s < ' ' && *s != '\n') || *s == 0x7f)
                        return true;
        return false;
}

static bool is_plain(const char *s) {
        size_t len = strlen(s);

        return !is_word(s) && !is_numeric(s) && !strchr("!&*-?|>%@`\"'#,[]{}:= ", s[0]) && s[len - 1] != ' ' &&
               s[len - 1] != ':' && !strstr(s, ": ") && !strstr(s, " #");
}

static void write_quoted(struct buf *b, const char *s) {
        buf_append_char(b, '\'');
        for (; *s != '\0'; s++) {
                if (*s == '\'')
                        buf_append_char(b, '\'');
                buf_append_char(b, *s);
        }
        buf_append_char(b, '\'');
}

/* The indicator says how many line ends stand at the end: "-" none, "" one, "+" more. */
static void write_block(struct buf *b, const char *s, size_t len, size_t indent) {
        bool one = s[len - 1] == '\n', more = one && len > 1 && s[len - 2] == '\n';

        buf_append_str(b, more ? "|+" : one ? "|" : "|-");
        for (const char *line = s; *line != '\0';) {
                size_t n = strcspn(line, "\n");

                buf_append_char(b, '\n');
                if (n > 0)
                        pad(b, indent);
                buf_append(b, line, n);
                line += n;
                line += *line == '\n';
        }
}

static void write_text(struct buf *b, const char *s, size_t len, size_t indent) {
        bool lines = strchr(s, '\n') != NULL;

        if (has_control(s) || (lines && (s[0] == ' ' || s[0] == '\n')))
                json_write_string(b, s, len);
        else if (lines)
                write_block(b, s, len, MAX(indent, (size_t)STEP));
        else if (is_plain(s))
                buf_append(b, s, len);
        else
                write_quoted(b, s);
}

/* --- structure ------------------------------------------------------------------------------------------------- */

static bool is_block(const struct value *v) {
        return (value_type(v) == VALUE_LIST || value_type(v) == VALUE_MAP) && value_count(v) > 0;
}

static void write_map(struct buf *b, const struct value *map, size_t indent) {
        for (size_t i = 0; i < value_count(map) && buf_error(b) == 0; i++) {
                const char *key = value_map_key_at(map, i);
                const struct value *v = value_map_at(map, i);

                if (i > 0) {
                        buf_append_char(b, '\n');
                        pad(b, indent);
                }
                if (strchr(key, '\n'))
                        json_write_string(b, key, strlen(key));
                else
                        write_text(b, key, strlen(key), indent);
                buf_append_char(b, ':');
                if (is_block(v)) {
                        buf_append_char(b, '\n');
                        pad(b, value_type(v) == VALUE_MAP ? indent + STEP : indent);
                } else {
                        buf_append_char(b, ' ');
                }
                write_value(b, v, value_type(v) == VALUE_LIST ? indent : indent + STEP);
        }
}

/* " - item": what belongs to the item stands three columns in. */
static void write_list(struct buf *b, const struct value *list, size_t indent) {
        for (size_t i = 0; i < value_count(list) && buf_error(b) == 0; i++) {
                if (i > 0) {
                        buf_append_char(b, '\n');
                        pad(b, indent);
                }
                buf_append_str(b, " - ");
                write_value(b, value_list_at(list, i), indent + 3);
        }
}

static void write_value(struct buf *b, const struct value *v, size_t indent) {
        switch (value_type(v)) {
        case VALUE_NULL:
                buf_append_str(b, "null");
                break;
        case VALUE_BOOL:
                buf_append_str(b, value_bool(v) ? "true" : "false");
                break;
        case VALUE_NUMBER:
                buf_append_str(b, value_number(v));
                break;
        case VALUE_STRING:
                write_text(b, value_string(v), value_string_len(v), indent);
                break;
        case VALUE_LIST:
                if (value_count(v) == 0)
                        buf_append_str(b, "[]");
                else
                        write_list(b, v, indent);
                break;
        case VALUE_MAP:
                if (value_count(v) == 0)
                        buf_append_str(b, "{}");
                else
                        write_map(b, v, indent);
                break;
        }
}

int expr_yaml_write(struct buf *b, const struct value *v) {
        write_value(b, v, 0);
        return buf_append_char(b, '\n');
}
