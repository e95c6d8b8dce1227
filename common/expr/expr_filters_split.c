/* SPDX-License-Identifier: Apache-2.0 */
/* split, join and replace. A delimiter of split is a regular expression in Java; one without special characters, which
 * nearly all are, is searched for as it stands. */
#include "common/expr/expr_filters.h"

#include <errno.h>
#include <string.h>

#include "common/expr/expr_regex.h"
#include "common/expr/expr_utf8.h"

/* Something to search for: plain text or a regular expression. */
struct needle {
        const char *plain;
        struct expr_regex regex;
        regmatch_t groups[REGEX_GROUPS_MAX]; /* of the last find, [0] is the whole */
};

static void needle_done(struct needle *n) {
        expr_regex_done(&n->regex);
}

static int needle_init(const struct call *c, struct needle *n, const char *pattern, bool regexp) {
        _cleanup_free_ char *why = NULL;
        int r;

        *n = (struct needle){ .plain = regexp && strpbrk(pattern, "\\[](){}.*+?^$|") ? NULL : pattern };
        if (n->plain)
                return 0;
        r = expr_regex_compile(&n->regex, pattern, &why);
        return r == -EBADMSG ? call_fail(c, "%s", why) : r;
}

static bool find(struct needle *n, const char *s, size_t len, size_t from) {
        const char *found;

        if (!n->plain)
                return expr_regex_find(&n->regex, s, len, from, n->groups);
        found = strstr(s + from, n->plain);
        if (!found)
                return false;
        n->groups[0].rm_so = (regoff_t)(found - s);
        n->groups[0].rm_eo = n->groups[0].rm_so + (regoff_t)strlen(n->plain);
        return true;
}

/* The end of the character at byte i, for going on behind a match of nothing. */
static size_t next_character(const char *s, size_t len, size_t i) {
        const char *at = s + i;

        if (i < len)
                utf8_next(&at, s + len);
        return i < len ? (size_t)(at - s) : len + 1;
}

/* --- split ----------------------------------------------------------------------------------------------------- */

static int add_piece(struct value *list, const char *s, size_t start, size_t end) {
        return value_list_add(list, value_new_string_n(s + start, end - start));
}

/* Java's String.split(): a match of nothing at the very start splits nothing. `limit` > 0 bounds the pieces. */
static int split(const struct call *c, struct needle *n, const struct value *text, int64_t limit, struct value *list) {
        const char *s = value_string(text);
        size_t len = value_string_len(text), start = 0, from = 0;
        int r = 0;

        while (r == 0 && from <= len && (limit <= 0 || value_count(list) + 1 < (uint64_t)limit) &&
               find(n, s, len, from)) {
                size_t begin = (size_t)n->groups[0].rm_so, end = (size_t)n->groups[0].rm_eo;

                from = end > begin ? end : next_character(s, len, end);
                if (end == begin && (begin == 0 || begin >= len))
                        continue;
                r = evaluation_charge(c->e, c->at, 1);
                if (r == 0)
                        r = add_piece(list, s, start, begin);
                start = end;
        }
        return r < 0 ? r : add_piece(list, s, start, len);
}

static size_t without_empty_tail(const struct value *list) {
        size_t count = value_count(list);

        while (count > 0 && value_string_len(value_list_at(list, count - 1)) == 0)
                count--;
        return count;
}

static int take_first(const struct value *list, size_t count, struct value **ret) {
        _cleanup_value_ struct value *made = value_new_list();
        int r = made ? 0 : -ENOMEM;

        for (size_t i = 0; i < count && r == 0; i++)
                r = value_list_add(made, value_ref(value_list_at(list, i)));
        if (r == 0)
                *ret = TAKE_PTR(made);
        return r;
}

int filter_split(const struct call *c, struct value **ret) {
        _cleanup_(needle_done) struct needle n = { 0 };
        _cleanup_value_ struct value *text = NULL, *list = value_new_list();
        const char *delimiter = "";
        int64_t limit = 0;
        int r = call_input_text(c, &text);

        if (r == 0)
                r = call_arg_text(c, 0, NULL, &delimiter);
        if (r == 0)
                r = call_arg_int(c, 1, 0, &limit);
        if (r == 0)
                r = needle_init(c, &n, delimiter, true);
        if (r == 0)
                r = list ? split(c, &n, text, limit, list) : -ENOMEM;
        if (r < 0)
                return r;
        if (limit == 0 && value_count(list) > 1 && without_empty_tail(list) < value_count(list))
                return take_first(list, without_empty_tail(list), ret);
        *ret = TAKE_PTR(list);
        return 0;
}

/* --- join ------------------------------------------------------------------------------------------------------ */

int filter_join(const struct call *c, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        const char *separator = "";
        int r = call_input_is(c, VALUE_LIST);

        if (r == 0)
                r = call_arg_text(c, 0, "", &separator);
        if (r < 0)
                return r;
        for (size_t i = 0; i < value_count(c->input) && buf_error(&b) == 0; i++) {
                const struct value *item = value_list_at(c->input, i);

                buf_append_str(&b, i > 0 ? separator : "");
                if (value_type(item) == VALUE_NULL)
                        buf_append_str(&b, "null"); /* as Java prints it */
                expr_write_text(&b, item);
        }
        return call_text(c, &b, ret);
}

/* --- replace --------------------------------------------------------------------------------------------------- */

/* "$1" and "\$" in the replacement of a regular expression, as in Java. */
static void append_replacement(struct buf *b, const struct needle *n, const char *s, const char *to) {
        if (n->plain) {
                buf_append_str(b, to);
                return;
        }
        for (; *to != '\0'; to++) {
                if (to[0] == '\\' && to[1] != '\0') {
                        buf_append_char(b, *++to);
                } else if (to[0] == '$' && to[1] >= '0' && to[1] <= '9') {
                        regmatch_t g = n->groups[*++to - '0'];

                        if (g.rm_so >= 0)
                                buf_append(b, s + g.rm_so, (size_t)(g.rm_eo - g.rm_so));
                } else {
                        buf_append_char(b, *to);
                }
        }
}

static int replace_one(const struct call *c, const struct value *text, const char *from, const char *to, bool regexp,
                       struct value **ret) {
        _cleanup_(needle_done) struct needle n = { 0 };
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);
        const char *s = value_string(text);
        size_t len = value_string_len(text), at = 0, start = 0;
        int r = needle_init(c, &n, from, regexp);

        if (r < 0)
                return r;
        while (at <= len && buf_error(&b) == 0 && find(&n, s, len, at)) {
                size_t begin = (size_t)n.groups[0].rm_so, end = (size_t)n.groups[0].rm_eo;

                buf_append(&b, s + start, begin - start);
                append_replacement(&b, &n, s, to);
                start = end;
                at = end > begin ? end : next_character(s, len, end);
        }
        buf_append(&b, s + start, len - start);
        return call_text(c, &b, ret);
}

/* {"from": "to", …}: one pair after the other. */
int filter_replace(const struct call *c, struct value **ret) {
        const struct value *pairs = c->args[0];
        _cleanup_value_ struct value *text = NULL;
        bool regexp = false;
        int r = call_input_text(c, &text);

        if (r == 0)
                r = call_arg_bool(c, 1, false, &regexp);
        if (r == 0 && value_type(pairs) != VALUE_MAP)
                r = call_fail(c, "'replace' needs a map as 'replace_pairs', like {'from': 'to'}, not a %s",
                              value_type_name(pairs));
        for (size_t i = 0; r == 0 && i < value_count(pairs); i++) {
                _cleanup_value_ struct value *to = NULL;
                struct value *next = NULL;

                r = evaluation_to_text(c->e, c->at, value_map_at(pairs, i), &to);
                if (r == 0)
                        r = replace_one(c, text, value_map_key_at(pairs, i), value_string(to), regexp, &next);
                if (r < 0)
                        return r;
                value_unref(text);
                text = next;
        }
        if (r == 0)
                *ret = TAKE_PTR(text);
        return r;
}
