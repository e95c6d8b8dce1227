/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of an evaluation needs: errors that point at a place, bounds, truth, and the text form of values. */
#include "common/expr/expr_eval.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/json.h"
#include "common/expr/expr_error.h"

int evaluation_fail(struct evaluation *e, const struct node *n, const char *fmt, ...) {
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = expr_error_set(e->error, e->text, e->len, n->offset, fmt, ap);
        va_end(ap);
        return r;
}

static int too_big(struct evaluation *e, const struct node *n, const char *what, size_t limit, const char *unit) {
        int r = evaluation_fail(e, n, "%s: more than %zu %s", what, limit, unit);

        return r == -ENOMEM ? r : -E2BIG;
}

int evaluation_charge(struct evaluation *e, const struct node *n, size_t steps) {
        if (e->steps_left < steps)
                return too_big(e, n, "rendering takes too long", EXPR_STEPS_MAX, "steps");
        e->steps_left -= (unsigned)steps;
        return 0;
}

int evaluation_text(struct evaluation *e, const struct node *n, struct buf *b, struct value **ret) {
        char *text = NULL;
        size_t len;
        int r = buf_error(b);

        if (r == 0 && b->len > 0 && memchr(b->data, '\0', b->len))
                r = evaluation_fail(e, n, "the result holds a NUL byte, which no text can");
        if (r == -E2BIG)
                r = too_big(e, n, "the text grows too long", EXPR_OUTPUT_MAX, "bytes");
        if (r == 0)
                r = evaluation_charge(e, n, b->len / EXPR_TEXT_PER_STEP);
        if (r == 0 && b->len == 0)
                r = evaluation_give(value_new_string_n("", 0), ret);
        else if (r == 0 && !(text = buf_take(b, &len)))
                r = -ENOMEM;
        else if (r == 0)
                r = evaluation_give(value_new_string_take(text, len), ret);
        buf_done(b);
        return r;
}

int evaluation_give(struct value *v, struct value **ret) {
        if (!v)
                return -ENOMEM;
        *ret = v;
        return 0;
}

int evaluation_truth(struct evaluation *e, const struct node *n, const struct value *v, bool *ret) {
        switch (value_type(v)) {
        case VALUE_NULL:
                *ret = false;
                return 0;
        case VALUE_BOOL:
                *ret = value_bool(v);
                return 0;
        case VALUE_NUMBER: { /* zero has no digit but 0 before its exponent */
                const char *digits = value_number(v);

                *ret = digits[strspn(digits, "-0.")] >= '1' && digits[strspn(digits, "-0.")] <= '9';
                return 0;
        }
        case VALUE_STRING:
                *ret = value_string_len(v) > 0;
                return 0;
        default:
                return evaluation_fail(e, n, "a %s is neither true nor false; 'is empty' tells whether it has anything",
                                       value_type_name(v));
        }
}

int expr_write_text(struct buf *b, const struct value *v) {
        switch (value_type(v)) {
        case VALUE_NULL:
                return 0;
        case VALUE_BOOL:
                return buf_append_str(b, value_bool(v) ? "true" : "false");
        case VALUE_NUMBER:
                return buf_append_str(b, value_number(v));
        case VALUE_STRING:
                return buf_append(b, value_string(v), value_string_len(v));
        default:
                return json_write(b, v, JSON_COMPACT);
        }
}

int evaluation_to_text(struct evaluation *e, const struct node *n, struct value *v, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);

        if (value_type(v) == VALUE_STRING) {
                *ret = value_ref(v);
                return 0;
        }
        expr_write_text(&b, v);
        return evaluation_text(e, n, &b, ret);
}
