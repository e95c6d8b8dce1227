/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions in properties are compiled while the flow loads, so that a slip is told with its place in the file and
 * not at night by a failed execution. Here is also the check of P11: what comes from a message may stand in shell or
 * program text only behind the filter that makes it one word or one literal of that language.
 *
 * What carries the message, by whatever detour through the flow, flow_carriers.c knows. */
#include "common/flow/flow_loader.h"

#include <errno.h>

#include "common/base/text.h"
#include "common/expr/expr.h"
#include "common/flow/flow_carriers.h"
#include "common/flow/flow_surroundings.h"

struct guard {
        struct loader *loader;
        const struct yaml_node *scalar;
        const char *filter, *kind_of_text, *kind_of_piece;
        const char *(*surroundings)(const char *text, size_t offset);
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

/* What is wrong, and the safe ways. */
static char *sentence(const struct guard *g, const struct expr_read *read, const char *around) {
        bool is_message = !read->is_function && (text_eq(read->path[0], "trigger") || text_eq(read->path[0], "inputs"));
        _cleanup_free_ char *what = is_message ? NULL : flow_carriers_sentence(g->loader, read);

        if (around)
                return text_printf("a message must not stand in %s: '| %s' makes it %s, which must stand by itself", around,
                                   g->filter, g->kind_of_piece);
        if (is_message)
                return text_printf("a message must not become %s text: hand '%s' over in 'env', read "
                                   "$SQSFLOW_MESSAGE_FILE, or end the expression with '| %s'",
                                   g->kind_of_text, read->path[0], g->filter);
        return what ? text_printf("%s must not become %s text: hand it over in 'env', or end the expression with '| %s'",
                                  what, g->kind_of_text, g->filter)
                    : NULL;
}

static int on_output(void *userdata, const struct expr_read *read, const char *last_filter, size_t offset) {
        const struct guard *g = userdata;
        bool is_filtered = last_filter && text_eq(last_filter, g->filter);
        const char *around = is_filtered ? g->surroundings(g->scalar->text, offset) : NULL;
        _cleanup_free_ char *message = NULL;

        if (is_filtered && !around)
                return 0;
        message = sentence(g, read, around);
        if (!message)
                g->loader->error = -ENOMEM;
        else
                error_in_scalar(g->loader, g->scalar, offset, message);
        return 0;
}

static bool on_read(void *userdata, const struct expr_read *read) {
        const struct guard *g = userdata;

        return flow_carriers_read(g->loader, read);
}

static void check_message_use(struct loader *l, const struct yaml_node *scalar, const struct expr_template *t,
                              unsigned flags) {
        bool shell = flags & PROPERTY_SHELL;
        struct guard g = {
                .loader = l,
                .scalar = scalar,
                .filter = shell ? "quote" : "toJson",
                .kind_of_text = shell ? "shell" : "program",
                .kind_of_piece = shell ? "a whole word" : "a whole value",
                .surroundings = shell ? flow_shell_surroundings : flow_code_surroundings,
        };

        if (!(flags & (PROPERTY_SHELL | PROPERTY_CODE)) || l->options->allow_shell_interpolation)
                return;
        (void)expr_visit_outputs(t, on_read, on_output, &g);
}

/* The files that a script kept have names that it gave them; to hand them on is what they are for. */
static bool on_name(void *userdata, const struct expr_read *read) {
        bool is_kept = text_eq(read->path[0], "outputs") && read->depth == 3 && text_eq(read->path[2], "outputFiles");

        return !is_kept && flow_carriers_read(userdata, read);
}

static int on_named(void *userdata, const struct expr_read *read, const char *last_filter, size_t offset) {
        return 1;
}

/* LD_PRELOAD, or a file that Python takes for a module of its own. */
static void refuse_names(struct loader *l, const struct yaml_node *names) {
        loader_error(l, names, "a message must not name a variable or a file of a program: use a name of the flow's own, "
                               "or taskrun.iteration");
}

static void check_names(struct loader *l, const struct yaml_node *map) {
        for (size_t i = 0; map->keys && i < map->count && !l->options->allow_shell_interpolation; i++)
                if (flow_reads_message(l, map->keys[i]))
                        refuse_names(l, map->keys[i]);
}

/* A map that an expression makes, names and all. */
static void check_named(struct loader *l, const struct yaml_node *scalar, const struct expr_template *t) {
        if (!l->options->allow_shell_interpolation && expr_visit_outputs(t, on_name, on_named, l) > 0)
                refuse_names(l, scalar);
}

/* "sh -c MESSAGE" */
static void check_program(struct loader *l, const struct yaml_node *scalar) {
        if (!l->options->allow_shell_interpolation && flow_reads_message(l, scalar))
                loader_error(l, scalar, "a message must not be a program or one of its arguments here: hand it over in 'env'");
}

/* What stands in a file of that name is a program's text, as in `script`. */
static unsigned flags_of_file(const char *name) {
        static const struct {
                const char *end;
                unsigned flag;
        } ends[] = {
                { ".sh", PROPERTY_SHELL }, { ".bash", PROPERTY_SHELL }, { ".py", PROPERTY_CODE },
                { ".js", PROPERTY_CODE },  { ".mjs", PROPERTY_CODE },   { ".cjs", PROPERTY_CODE },
        };

        for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
                if (text_ends_with(name, ends[i].end))
                        return ends[i].flag;
        return 0;
}

void flow_check_templates(struct loader *l, const struct yaml_node *node, unsigned flags) {
        bool names_files = (flags & PROPERTY_NAMES) && node->keys;
        unsigned below = flags & ~(unsigned)PROPERTY_NAMES;

        if (flow_is_template(node)) {
                _cleanup_(expr_template_unrefp) struct expr_template *t = NULL;

                if (compile(l, node, &t) == 0)
                        check_message_use(l, node, t, flags);
                if (flags & PROPERTY_PROGRAM)
                        check_program(l, node);
                if (t && (flags & PROPERTY_NAMES))
                        check_named(l, node, t);
        }
        if (flags & PROPERTY_NAMES)
                check_names(l, node);
        for (size_t i = 0; i < node->count; i++) {
                if (node->keys)
                        flow_check_templates(l, node->keys[i], below);
                flow_check_templates(l, node->items[i],
                                     below | (names_files ? flags_of_file(node->keys[i]->text) : 0u));
        }
}
