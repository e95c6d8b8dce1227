/* SPDX-License-Identifier: Apache-2.0 */
#include "common/config/config_expression.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/text.h"
#include "common/expr/expr.h"
#include "common/flow/envs.h"
#include "common/flow/flow_demand.h"
#include "common/flow/secret.h"

struct rendering {
        const struct config_scope *scope;
        char *elsewhere; /* why a secret was not found here; NULL: each was */
        char **secrets;  /* that were found */
};

/* The first error of a chain of puts; each evaluates its value in any case, so nothing leaks. */
static int put(int r, struct value *map, const char *key, struct value *v) {
        int k = value_map_put(map, key, v);

        return r < 0 ? r : k;
}

static int put_all(int r, struct value *map, const struct value *from) {
        for (size_t i = 0; from && i < value_count(from); i++)
                r = put(r, map, value_map_key_at(from, i), value_ref(value_map_at(from, i)));
        return r;
}

static int put_flow(const struct config_scope *s, struct value *map) {
        char digits[24];
        int r = put(0, map, "id", value_new_string(s->flow->id));

        (void)snprintf(digits, sizeof digits, "%" PRIu64, s->flow->revision);
        r = put(r, map, "namespace", value_new_string(s->flow->namespace));
        return put(r, map, "revision", value_new_number(digits));
}

static int put_vars(const struct config_scope *s, struct value *map) {
        return put_all(0, map, s->flow->variables);
}

static int put_labels(const struct config_scope *s, struct value *map) {
        return put_all(put_all(0, map, s->flow->labels), map, s->labels);
}

static int put_trigger(const struct config_scope *s, struct value *map) {
        struct value *date = NULL;
        int r = expr_now(s->now_usec, &date);

        return put(r, map, "date", date);
}

static int variable(void *userdata, const char *name, struct value **ret) {
        static const struct {
                const char *name;
                int (*put)(const struct config_scope *s, struct value *map);
                bool is_of_now;
        } variables[] = {
                { "flow", put_flow, false }, { "vars", put_vars, false }, { "labels", put_labels, true },
                { "trigger", put_trigger, true },
        };
        const struct config_scope *s = ((struct rendering *)userdata)->scope;

        if (strcmp(name, "envs") == 0) {
                *ret = envs_value();
                return *ret ? 0 : -ENOMEM;
        }
        for (size_t i = 0; i < ARRAY_SIZE(variables); i++) {
                _cleanup_value_ struct value *map = NULL;

                if (strcmp(name, variables[i].name) != 0 || (variables[i].is_of_now && s->now_usec == 0))
                        continue;
                map = value_new_map();
                if (!map || variables[i].put(s, map) < 0)
                        return -ENOMEM;
                *ret = TAKE_PTR(map);
                return 0;
        }
        return -ENOENT;
}

static int function(void *userdata, const char *name, const struct value *args, struct value **ret, char **ret_message) {
        struct rendering *r = userdata;
        _cleanup_(secret_freep) char *secret = NULL;
        const char *folder = r->scope->secrets;
        const struct value *wanted;
        int k;

        if (strcmp(name, "secret") != 0)
                return -ENOENT;
        wanted = value_list_at(args, 0);
        if (value_type(wanted) != VALUE_STRING) {
                *ret_message = text_dup("it takes the name of a secret");
                return -EINVAL;
        }
        k = secret_find(folder, strlen(folder), value_string(wanted), &secret, ret_message);
        if (r->scope->secrets_elsewhere && (k == -ENOENT || k == -EACCES)) {
                free(r->elsewhere);
                r->elsewhere = TAKE_PTR(*ret_message);
                k = 0;
        }
        if (k == 0 && secret)
                k = text_list_add(&r->secrets, secret);
        if (k < 0)
                return k;
        *ret = value_new_string(secret ? secret : "");
        return *ret ? 0 : -ENOMEM;
}

/* Errors name the value that is wrong. */
static char *without_secrets(const struct rendering *r, char *message) {
        for (size_t i = 0; message && r->secrets && r->secrets[i]; i++)
                if (*r->secrets[i] && strstr(message, r->secrets[i])) {
                        free(message);
                        return text_dup("the expression cannot be evaluated, and the reason would tell a secret");
                }
        return message;
}

static void rendering_done(struct rendering *r) {
        for (size_t i = 0; r->secrets && r->secrets[i]; i++)
                secret_wipe(r->secrets[i], strlen(r->secrets[i]));
        text_list_free(r->secrets);
        free(r->elsewhere);
}

/* The template, owned: a kept one, or a new one. */
static int compile(const struct config_scope *s, const char *text, struct expr_template **ret, struct expr_error *error) {
        const struct expr_template *kept;
        int r;

        if (!s->templates)
                return expr_compile(text, strlen(text), ret, error);
        r = templates_get(s->templates, text, strlen(text), &kept, error);
        if (r == 0)
                *ret = expr_template_ref(kept);
        return r;
}

static int render(struct rendering *r, const char *text, bool is_typed, struct value **ret, char **ret_problem) {
        const struct expr_env env = { .userdata = r, .variable = variable, .function = function,
                                      .now_usec = r->scope->now_usec ? r->scope->now_usec : clock_realtime_usec() };
        _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        int k = compile(r->scope, text, &t, &error);

        if (k == 0)
                k = is_typed ? expr_evaluate(t, &env, ret, &error) : expr_render(t, &env, ret, &error);
        if (k == 0 || k == -ENOMEM)
                return k;
        *ret_problem = without_secrets(r, TAKE_PTR(error.message));
        return -EBADMSG;
}

static int render_to_text(struct rendering *r, const char *text, char **ret, char **ret_problem) {
        _cleanup_value_ struct value *v = NULL;
        int k = render(r, text, false, &v, ret_problem);

        if (k == 0 && !(*ret = text_dup(value_string(v))))
                k = -ENOMEM;
        return k;
}

int config_render(struct config_scope *s, const char *text, char **ret, char **ret_problem) {
        struct rendering r = { .scope = s };
        int k = render_to_text(&r, text, ret, ret_problem);

        if (k == 0 && r.elsewhere) {
                *ret = secret_free(*ret);
                *ret_problem = TAKE_PTR(r.elsewhere);
                s->is_incomplete = true;
                k = CONFIG_SECRET_ELSEWHERE;
        }
        rendering_done(&r);
        return k;
}

static int demand_render(void *userdata, const char *text, bool is_typed, struct value **ret, char **ret_problem) {
        return render(userdata, text, is_typed, ret, ret_problem);
}

int config_demand_check(struct config_scope *s, const struct flow_trigger *t, char **ret_problem) {
        struct rendering r = { .scope = s };
        const struct flow_demand_scope scope = { .userdata = &r, .render = demand_render };
        int k = flow_demand_check(t, DEMANDS_BEFORE_POLLING, &scope, ret_problem);

        rendering_done(&r);
        return k;
}
