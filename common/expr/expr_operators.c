/* SPDX-License-Identifier: Apache-2.0 */
/* What the operators do, and their table. The precedences are those of Pebble's CoreExtension, and of Kestra's
 * extension for "??" and "???"; the semantics follow Pebble's documentation, except where Java's types would lose
 * digits. */
#include "common/expr/expr_operators.h"

#include <errno.h>
#include <string.h>

#include "common/expr/expr_lex.h"
#include "common/expr/expr_number.h"
#include "common/expr/expr_values.h"

#define PAIRS_PER_STEP ((size_t)16) /* comparisons of elements that count as one step */

static size_t size_of(const struct value *v) {
        return value_type(v) == VALUE_LIST || value_type(v) == VALUE_MAP ? value_count(v) : 1;
}

/* Every element of one side may meet every one of the other. */
static int charge_pairs(struct evaluation *e, const struct node *n, const struct value *a, const struct value *b) {
        return evaluation_charge(e, n, size_of(a) / PAIRS_PER_STEP * size_of(b));
}

/* --- arithmetic ------------------------------------------------------------------------------------------------ */

static int calculate(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                     int (*operation)(const struct value *, const struct value *, struct value **),
                     struct value **ret) {
        const char *symbol = n->operation.operation->symbol;
        int r;

        if (value_type(left) != VALUE_NUMBER || value_type(right) != VALUE_NUMBER)
                return evaluation_fail(e, n, "'%s' works on numbers, not on a %s and a %s", symbol,
                                       value_type_name(left), value_type_name(right));
        r = operation(left, right, ret);
        if (r == -EDOM)
                return evaluation_fail(e, n, "division by zero");
        if (r == -ERANGE)
                return evaluation_fail(e, n, "the result of '%s' does not fit 64 bits", symbol);
        return r;
}

static int join_text(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                     const char *null, struct value **ret) {
        struct buf b = BUF_INIT(EXPR_OUTPUT_MAX);

        if (value_type(left) == VALUE_NULL)
                buf_append_str(&b, null);
        expr_write_text(&b, left);
        if (value_type(right) == VALUE_NULL)
                buf_append_str(&b, null);
        expr_write_text(&b, right);
        return evaluation_text(e, n, &b, ret);
}

/* Numbers add, lists grow, and whatever meets a text is joined to it (with Java's "null"). */
static int add(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
               struct value **ret) {
        if (value_type(left) == VALUE_STRING || value_type(right) == VALUE_STRING)
                return join_text(e, n, left, right, "null", ret);
        if (value_type(left) == VALUE_LIST)
                return values_list_plus(left, right, ret);
        return calculate(e, n, left, right, number_add, ret);
}

static int subtract(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                    struct value **ret) {
        int r;

        if (value_type(left) != VALUE_LIST)
                return calculate(e, n, left, right, number_subtract, ret);
        r = charge_pairs(e, n, left, right);
        return r < 0 ? r : values_list_minus(left, right, ret);
}

static int multiply(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                    struct value **ret) {
        return calculate(e, n, left, right, number_multiply, ret);
}

static int divide(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                  struct value **ret) {
        return calculate(e, n, left, right, number_divide, ret);
}

static int remainder_of(struct evaluation *e, const struct node *n, const struct value *left,
                        const struct value *right, struct value **ret) {
        return calculate(e, n, left, right, number_remainder, ret);
}

static int negate(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                  struct value **ret) {
        if (value_type(right) != VALUE_NUMBER)
                return evaluation_fail(e, n, "'-' works on a number, not on a %s", value_type_name(right));
        return evaluation_give(number_negate(right), ret);
}

static int plus(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                struct value **ret) {
        _cleanup_value_ struct value *zero = value_new_int(0);

        if (!zero)
                return -ENOMEM;
        return calculate(e, n, zero, right, number_add, ret);
}

/* --- text and ranges ------------------------------------------------------------------------------------------- */

static int concatenate(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                       struct value **ret) {
        return join_text(e, n, left, right, "", ret);
}

static int range(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                 struct value **ret) {
        return values_range(e, n, left, right, 1, ret);
}

/* --- logic ----------------------------------------------------------------------------------------------------- */

static int truth_of(struct evaluation *e, const struct node *n, bool *ret) {
        _cleanup_value_ struct value *v = NULL;
        int r = evaluate(e, n, &v);

        return r < 0 ? r : evaluation_truth(e, n, v, ret);
}

static int either(struct evaluation *e, const struct node *n, bool stop_at, struct value **ret) {
        bool truth = false;
        int r = truth_of(e, n->operation.left, &truth);

        if (r == 0 && truth != stop_at)
                r = truth_of(e, n->operation.right, &truth);
        return r < 0 ? r : evaluation_give(value_new_bool(truth), ret);
}

static int logical_and(struct evaluation *e, const struct node *n, struct value **ret) {
        return either(e, n, false, ret);
}

static int logical_or(struct evaluation *e, const struct node *n, struct value **ret) {
        return either(e, n, true, ret);
}

static int logical_not(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                       struct value **ret) {
        bool truth = false;
        int r = evaluation_truth(e, n->operation.right, right, &truth);

        return r < 0 ? r : evaluation_give(value_new_bool(!truth), ret);
}

/* "??" takes the right side when the left one is undefined or null, "???" only when it is undefined. */
static int coalesce(struct evaluation *e, const struct node *n, struct value **ret) {
        struct value *v = NULL;
        int r = evaluate(e, n->operation.left, &v);

        if (r < 0 && r != -ENOENT)
                return r;
        if (r == 0 && value_type(v) != VALUE_NULL) {
                *ret = v;
                return 0;
        }
        value_unref(v);
        return evaluate(e, n->operation.right, ret);
}

static int coalesce_undefined(struct evaluation *e, const struct node *n, struct value **ret) {
        int r = evaluate(e, n->operation.left, ret);

        return r == -ENOENT ? evaluate(e, n->operation.right, ret) : r;
}

/* --- comparison ------------------------------------------------------------------------------------------------ */

static int equal(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                 struct value **ret) {
        return evaluation_give(value_new_bool(value_equal(left, right)), ret);
}

static int unequal(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                   struct value **ret) {
        return evaluation_give(value_new_bool(!value_equal(left, right)), ret);
}

/* Numbers with numbers, texts with texts; anything with null is false, as in Pebble. */
static int compare(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                   struct value **ret) {
        const char *symbol = n->operation.operation->symbol;
        bool result = false;
        int order = 0;

        if (value_type(left) == VALUE_NULL || value_type(right) == VALUE_NULL)
                return evaluation_give(value_new_bool(false), ret);
        if (values_compare(left, right, &order) < 0)
                return evaluation_fail(e, n, "'%s' does not compare a %s with a %s", symbol, value_type_name(left),
                                       value_type_name(right));
        result = symbol[0] == '<' ? order < 0 : order > 0;
        if (symbol[1] == '=')
                result = result || order == 0;
        return evaluation_give(value_new_bool(result), ret);
}

static int contains(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                    struct value **ret) {
        int r;

        if (value_type(left) == VALUE_BOOL || value_type(left) == VALUE_NUMBER)
                return evaluation_fail(e, n, "'contains' looks into a list, a map or a text, not into a %s",
                                       value_type_name(left));
        r = charge_pairs(e, n, left, right);
        return r < 0 ? r : evaluation_give(value_new_bool(values_contain(left, right)), ret);
}

static int in(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
              struct value **ret) {
        bool result = false;
        int r = values_in(left, right, &result);

        return r < 0 ? r : evaluation_give(value_new_bool(result), ret);
}

static int not_in(struct evaluation *e, const struct node *n, const struct value *left, const struct value *right,
                  struct value **ret) {
        bool result = false;
        int r = values_in(left, right, &result);

        return r < 0 ? r : evaluation_give(value_new_bool(!result), ret);
}

/* --- the tables ------------------------------------------------------------------------------------------------ */

static const struct expr_operator unary_minus = { "-", OPERATOR_UNARY, 500, negate, NULL, NULL };
static const struct expr_operator unary_plus = { "+", OPERATOR_UNARY, 500, plus, NULL, NULL };
static const struct expr_operator unary_not = { "not", OPERATOR_UNARY, 500, logical_not, NULL, NULL };

static const struct expr_operator words[] = {
        { "or", OPERATOR_BINARY, 10, NULL, logical_or, NULL },
        { "and", OPERATOR_BINARY, 15, NULL, logical_and, NULL },
        { "is not", OPERATOR_NEGATED_TEST, 20, NULL, NULL, NULL },
        { "is", OPERATOR_TEST, 20, NULL, NULL, NULL },
        { "contains", OPERATOR_BINARY, 20, contains, NULL, NULL },
        { "in", OPERATOR_BINARY, 20, in, NULL, NULL },
        { "not in", OPERATOR_BINARY, 20, not_in, NULL, NULL },
        { "equals", OPERATOR_BINARY, 30, equal, NULL, NULL },
        { "not", OPERATOR_UNARY, 500, NULL, NULL, &unary_not },
};

/* Longer ones first. */
static const struct expr_operator symbols[] = {
        { "???", OPERATOR_BINARY, 120, NULL, coalesce_undefined, NULL },
        { "??", OPERATOR_BINARY, 120, NULL, coalesce, NULL },
        { "==", OPERATOR_BINARY, 30, equal, NULL, NULL },
        { "!=", OPERATOR_BINARY, 30, unequal, NULL, NULL },
        { ">=", OPERATOR_BINARY, 30, compare, NULL, NULL },
        { "<=", OPERATOR_BINARY, 30, compare, NULL, NULL },
        { "..", OPERATOR_BINARY, 120, range, NULL, NULL },
        { ">", OPERATOR_BINARY, 30, compare, NULL, NULL },
        { "<", OPERATOR_BINARY, 30, compare, NULL, NULL },
        { "+", OPERATOR_BINARY, 40, add, NULL, &unary_plus },
        { "-", OPERATOR_BINARY, 40, subtract, NULL, &unary_minus },
        { "*", OPERATOR_BINARY, 60, multiply, NULL, NULL },
        { "/", OPERATOR_BINARY, 60, divide, NULL, NULL },
        { "%", OPERATOR_BINARY, 60, remainder_of, NULL, NULL },
        { "|", OPERATOR_FILTER, 100, NULL, NULL, NULL },
        { "~", OPERATOR_BINARY, 110, concatenate, NULL, NULL },
};

/* How much of s the words of `symbol` take, any white space standing for its blank; 0 when they do not stand there. */
static uint32_t match_words(const char *s, const char *symbol) {
        const char *start = s;

        for (; *symbol != '\0'; symbol++) {
                if (*symbol != ' ') {
                        if (*s++ != *symbol)
                                return 0;
                        continue;
                }
                if (!lexer_is_space(*s))
                        return 0;
                while (lexer_is_space(*s))
                        s++;
        }
        return lexer_is_name(*s) ? 0 : (uint32_t)(s - start);
}

const struct expr_operator *expr_operator_word(const char *s, uint32_t *len) {
        const struct expr_operator *best = NULL;
        uint32_t best_len = 0;

        if (!strchr("oaicen", *s))
                return NULL;
        for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
                uint32_t n = match_words(s, words[i].symbol);

                if (n > best_len) {
                        best = &words[i];
                        best_len = n;
                }
        }
        if (best)
                *len = best_len;
        return best;
}

const struct expr_operator *expr_operator_symbol(const char *s, uint32_t *len) {
        for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
                size_t n = strlen(symbols[i].symbol);

                if (strncmp(s, symbols[i].symbol, n) == 0) {
                        *len = (uint32_t)n;
                        return &symbols[i];
                }
        }
        return NULL;
}
