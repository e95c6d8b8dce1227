/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/render.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

#include "common/base/text.h"
#include "common/flow/task_type.h"
#include "runner/execution.h"
#include "runner/task_run.h"
#include "runner/value_text.h"

#define SHOWN_BYTES_MAX 100 /* of a value in a sentence */

static int tell_problem(struct scope *s, int r, struct expr_error *error, char **ret_problem) {
        if (r == -ENOMEM)
                return r;
        if (error->message && error->excerpt)
                execution_logf(s->execution, s->run, s->may_fail ? LOG_WARNING : LOG_ERR, "%s\n%s", error->message,
                               error->excerpt);
        *ret_problem = TAKE_PTR(error->message);
        if (!*ret_problem)
                *ret_problem = text_dup("an expression cannot be rendered");
        return r;
}

int render_text(struct scope *s, const char *text, size_t len, enum render_mode mode, struct value **ret,
                char **ret_problem) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        const struct expr_template *template;
        struct expr_env env;
        int r;

        if (expr_is_literal(text, len)) {
                *ret = value_new_string_n(text, len);
                return *ret ? 0 : -ENOMEM;
        }
        r = templates_get(&s->execution->cached->templates, text, len, &template, &error);
        if (r == 0) {
                env = variables_env(s);
                r = mode == RENDER_TYPED ? expr_evaluate(template, &env, ret, &error) :
                                           expr_render(template, &env, ret, &error);
        }
        return r < 0 ? tell_problem(s, r, &error, ret_problem) : 0;
}

static int render_list(struct scope *s, const struct value *list, enum render_mode mode, struct value **ret,
                       char **ret_problem) {
        _cleanup_value_ struct value *copy = value_new_list();
        int r = copy ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < value_count(list); i++) {
                struct value *item = NULL;

                r = render_value(s, value_list_at(list, i), mode, &item, ret_problem);
                if (r == 0)
                        r = value_list_add(copy, item);
        }
        if (r == 0)
                *ret = TAKE_PTR(copy);
        return r;
}

/* Of keys that come to the same, the first stays, as in Kestra. */
static int render_entry(struct scope *s, const char *key, const struct value *v, enum render_mode mode,
                        struct value *map, char **ret_problem) {
        _cleanup_value_ struct value *rendered = NULL, *item = NULL;
        int r = 0;

        if (!expr_is_literal(key, strlen(key))) {
                r = render_text(s, key, strlen(key), RENDER_TEXT, &rendered, ret_problem);
                key = rendered ? value_string(rendered) : key;
        }
        if (r == 0)
                r = render_value(s, v, mode, &item, ret_problem);
        if (r < 0 || value_map_get(map, key))
                return r;
        return value_map_put(map, key, TAKE_PTR(item));
}

static int render_map(struct scope *s, const struct value *map, enum render_mode mode, struct value **ret,
                      char **ret_problem) {
        _cleanup_value_ struct value *copy = value_new_map();
        int r = copy ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < value_count(map); i++)
                r = render_entry(s, value_map_key_at(map, i), value_map_at(map, i), mode, copy, ret_problem);
        if (r == 0)
                *ret = TAKE_PTR(copy);
        return r;
}

int render_value(struct scope *s, const struct value *v, enum render_mode mode, struct value **ret,
                 char **ret_problem) {
        switch (value_type(v)) {
        case VALUE_STRING:
                if (!expr_is_literal(value_string(v), value_string_len(v)))
                        return render_text(s, value_string(v), value_string_len(v), mode, ret, ret_problem);
                break;
        case VALUE_LIST:
                return render_list(s, v, mode, ret, ret_problem);
        case VALUE_MAP:
                return render_map(s, v, mode, ret, ret_problem);
        case VALUE_NULL:
        case VALUE_BOOL:
        case VALUE_NUMBER:
                break;
        }
        *ret = value_ref(v);
        return 0;
}

static bool is_one_of(const char *text, const char *const *words) {
        for (; *words; words++)
                if (text_eq(text, *words))
                        return true;
        return false;
}

static bool is_truth_value(const struct value *v) {
        return value_type(v) == VALUE_BOOL ||
               (value_type(v) == VALUE_STRING &&
                (strcasecmp(value_string(v), "true") == 0 || strcasecmp(value_string(v), "false") == 0));
}

static char *list_of(const char *const *words) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(0);

        for (const char *const *w = words; *w; w++)
                (void)buf_appendf(&b, "%s%s", w == words ? "" : w[1] ? ", " : " or ", *w);
        return buf_take(&b, NULL);
}

/* What an expression came to must be what is asked of a text without one, which was checked when the file was read.
 * Numbers and durations are read, and judged, by who needs them. NULL: it is. */
static char *form_problem(const struct task_run *run, const char *name, const struct value *v) {
        const struct flow_property *const tables[] = { run->task->type->properties, NULL };
        const struct flow_property *p = property_find(tables, name);
        _cleanup_free_ char *words = NULL, *shown = NULL;
        bool is_enum = p && p->kind == PROPERTY_ENUM;

        if (is_enum ? value_type(v) == VALUE_STRING && is_one_of(value_string(v), p->values) :
                      !p || p->kind != PROPERTY_BOOL || is_truth_value(v))
                return NULL;
        words = is_enum ? list_of(p->values) : text_dup(property_kind_text(p->kind));
        shown = value_text(v);
        return text_printf("it must be %s, not '%.*s'", words ? words : "another word", SHOWN_BYTES_MAX,
                           shown ? shown : "");
}

int render_property(struct task_run *run, const char *name, enum render_mode mode, struct value **ret) {
        const struct value *property = value_map_get(run->task->properties, name);
        struct scope scope = { .execution = run->execution, .run = run };
        _cleanup_free_ char *problem = NULL;
        int r;

        *ret = NULL;
        if (!property || value_type(property) == VALUE_NULL)
                return 0;
        r = render_value(&scope, property, mode, ret, &problem);
        if (r == 0 && value_type(property) == VALUE_STRING && *ret != property)
                problem = form_problem(run, name, *ret);
        if (r == 0 && problem) {
                *ret = value_unref(*ret);
                r = -EBADMSG;
        }
        if (r < 0)
                task_run_fail(run, NULL, "%s: %s", name, problem ? problem : "out of memory");
        return r;
}
