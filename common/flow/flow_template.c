/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions in properties are compiled while the flow loads, so that a slip is told with its place in the file and
 * not at night by a failed execution. Here is also the check of P11: what comes from a message may stand in shell or
 * program text only behind the filter that makes it one word or one literal of that language.
 *
 * The check sees what an expression itself reads. A message that takes a detour through `vars` or another task's
 * outputs is not followed. */
#include "common/flow/flow_loader.h"

#include <errno.h>

#include "common/base/text.h"
#include "common/flow/expr.h"

struct guard {
        struct loader *loader;
        const struct yaml_node *scalar;
        const char *root, *filter, *kind_of_text;
};

bool flow_is_template(const struct yaml_node *scalar) {
        return scalar->kind == YAML_SCALAR && !expr_is_literal(scalar->text, scalar->len);
}

static void error_in_scalar(struct loader *l, const struct yaml_node *scalar, size_t offset, const char *message) {
        unsigned line, column;

        flow_position(l->text, l->len, scalar, offset, &line, &column);
        loader_error_at(l, line, column, "%s", message);
}

static int compile(struct loader *l, const struct yaml_node *scalar, struct expr_template **ret) {
        _cleanup_(expr_error_done) struct expr_error error = EXPR_ERROR_INIT;
        int r = expr_compile(scalar->text, scalar->len, ret, &error);

        if (r == -ENOMEM)
                l->error = r;
        else if (r < 0)
                error_in_scalar(l, scalar, error.offset, error.message ? error.message : "the expression is wrong");
        return r;
}

static int on_output(void *userdata, const char *last_filter, size_t offset) {
        const struct guard *g = userdata;
        _cleanup_free_ char *message = NULL;

        if (last_filter && text_eq(last_filter, g->filter))
                return 0;
        message = text_printf("a message must not become %s text: hand '%s' over in 'env', read $SQSFLOW_MESSAGE_FILE, "
                              "or end the expression with '| %s'",
                              g->kind_of_text, g->root, g->filter);
        if (!message)
                g->loader->error = -ENOMEM;
        else
                error_in_scalar(g->loader, g->scalar, offset, message);
        return 0;
}

static void check_message_use(struct loader *l, const struct yaml_node *scalar, const struct expr_template *t,
                              unsigned flags) {
        bool shell = flags & PROPERTY_SHELL;
        struct guard g = {
                .loader = l,
                .scalar = scalar,
                .filter = shell ? "quote" : "toJson",
                .kind_of_text = shell ? "shell" : "program",
        };

        if (!(flags & (PROPERTY_SHELL | PROPERTY_CODE)) || l->options->allow_shell_interpolation)
                return;
        g.root = "trigger";
        (void)expr_visit_outputs(t, g.root, on_output, &g);
        g.root = "inputs";
        if (l->inputs_from_trigger)
                (void)expr_visit_outputs(t, g.root, on_output, &g);
}

void flow_check_templates(struct loader *l, const struct yaml_node *node, unsigned flags) {
        if (flow_is_template(node)) {
                _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;

                if (compile(l, node, &t) == 0)
                        check_message_use(l, node, t, flags);
        }
        for (size_t i = 0; i < node->count; i++) {
                if (node->keys)
                        flow_check_templates(l, node->keys[i], flags);
                flow_check_templates(l, node->items[i], flags);
        }
}

static int on_any_output(void *userdata, const char *last_filter, size_t offset) {
        return 1;
}

bool flow_reads_trigger(struct loader *l, const struct yaml_node *node) {
        if (flow_is_template(node)) {
                _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;
                int r = expr_compile(node->text, node->len, &t, NULL);

                if (r == -ENOMEM)
                        l->error = r;
                if (r == 0 && expr_visit_outputs(t, "trigger", on_any_output, NULL) > 0)
                        return true;
        }
        for (size_t i = 0; i < node->count; i++)
                if (flow_reads_trigger(l, node->items[i]))
                        return true;
        return false;
}
