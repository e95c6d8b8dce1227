/* SPDX-License-Identifier: Apache-2.0 */
/* fromJson, fromIon and yaml: texts to values. The Ion that sqsflow writes and reads is JSON, one value a line. */
#include <errno.h>
#include <string.h>

#include "common/base/json.h"
#include "common/base/yaml.h"
#include "common/expr/expr_functions.h"

/* The argument as a text; false (with *r the result) when the call is decided: null stays null, others are errors. */
static bool text_argument(const struct call *c, struct value **ret, int *r) {
        const struct value *text = c->args[0];

        if (value_type(text) == VALUE_STRING)
                return true;
        if (value_type(text) == VALUE_NULL)
                *r = evaluation_give(value_new_null(), ret);
        else
                *r = call_fail(c, "'%s' reads a text, not a %s", c->at->call.routine->name, value_type_name(text));
        return false;
}

static int parse_json(const struct call *c, const char *s, size_t len, const char *what, struct value **ret) {
        const char *why = NULL;
        size_t offset = 0;
        int r = json_parse(s, len, ret, &why, &offset);

        if (r == -EBADMSG)
                return call_fail(c, "the text is not %s: %s (byte %zu of it)", what, why ? why : "malformed",
                                 offset + 1);
        if (r == -E2BIG)
                return call_fail(c, "the text is nested too deeply");
        return r;
}

int function_from_json(const struct call *c, struct value **ret) {
        int r;

        if (!text_argument(c, ret, &r))
                return r;
        return parse_json(c, value_string(c->args[0]), value_string_len(c->args[0]), "JSON", ret);
}

/* --- Ion ------------------------------------------------------------------------------------------------------- */

static size_t next_row(const char **s, const char *end) {
        size_t len;

        *s += strspn(*s, " \t\r\n");
        len = strcspn(*s, "\n");
        return MIN(len, (size_t)(end - *s));
}

/* Every line that holds something, or only the first. */
static int parse_rows(const struct call *c, bool all, struct value *rows) {
        const char *s = value_string(c->args[0]), *end = s + value_string_len(c->args[0]);
        size_t len;
        int r = 0;

        while (r == 0 && (len = next_row(&s, end)) > 0 && (all || value_count(rows) == 0)) {
                struct value *row = NULL;

                r = parse_json(c, s, len, "Ion of the JSON kind", &row);
                if (r == 0)
                        r = value_list_add(rows, row);
                s += len;
        }
        return r;
}

int function_from_ion(const struct call *c, struct value **ret) {
        _cleanup_value_ struct value *rows = NULL;
        bool all = false;
        int r;

        if (!text_argument(c, ret, &r))
                return r;
        r = call_arg_bool(c, 1, false, &all);
        if (r < 0)
                return r;
        rows = value_new_list();
        r = rows ? parse_rows(c, all, rows) : -ENOMEM;
        if (r < 0)
                return r;
        if (all)
                *ret = TAKE_PTR(rows);
        else
                *ret = value_count(rows) > 0 ? value_ref(value_list_at(rows, 0)) : value_new_null();
        return *ret ? 0 : -ENOMEM;
}

/* --- YAML ------------------------------------------------------------------------------------------------------ */

static int parse_yaml(const struct call *c, struct diag *diag, struct value **ret) {
        _cleanup_(yaml_freep) struct yaml_node *root = NULL;
        int r = yaml_parse(value_string(c->args[0]), value_string_len(c->args[0]), "yaml", diag, &root);

        if (r == -EBADMSG && diag->count > 0)
                return call_fail(c, "the text is not YAML: line %u, column %u: %s", diag->entries[0].line,
                                 diag->entries[0].column, diag->entries[0].message);
        if (r == -EBADMSG)
                return call_fail(c, "the text is not YAML");
        return r < 0 ? r : evaluation_give(yaml_to_value(root), ret);
}

int function_yaml(const struct call *c, struct value **ret) {
        struct diag *diag;
        int r;

        if (!text_argument(c, ret, &r))
                return r;
        diag = calloc(1, sizeof(*diag)); /* too big for the stack of an evaluation */
        if (!diag)
                return -ENOMEM;
        r = parse_yaml(c, diag, ret);
        diag_done(diag);
        free(diag);
        return r;
}
