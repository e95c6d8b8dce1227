/* SPDX-License-Identifier: Apache-2.0 */
/* From a file's text to a flow: parse, merge defaults, check against the tables, build. All findings of a file are
 * collected, and handed over in the order of its lines. */
#include "common/flow/flow_loader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/flow/flow_carriers.h"
#include "common/flow/flow_values.h"

#define FLOW_ID_MAX 100
#define NAMESPACE_MAX 150

static bool was_said(const struct loader *l, unsigned line, unsigned column, const char *message) {
        for (size_t i = l->first_entry; i < l->diag->count; i++) {
                const struct diag_entry *e = &l->diag->entries[i];

                if (e->line == line && e->column == column && text_eq(e->message, message))
                        return true;
        }
        return false;
}

static void _printf_(5, 0) add_finding(struct loader *l, enum diag_level level, unsigned line, unsigned column, const char *fmt,
                                       va_list ap) {
        _cleanup_free_ char *message = NULL;

        if (vasprintf(&message, fmt, ap) < 0) {
                message = NULL;
                l->error = -ENOMEM;
                return;
        }
        if (!was_said(l, line, column, message))
                diag_add(l->diag, level, l->file, line, column, "%s", message);
}

void loader_error(struct loader *l, const struct yaml_node *at, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        add_finding(l, DIAG_ERROR, at->line, at->column, fmt, ap);
        va_end(ap);
}

void loader_warning(struct loader *l, const struct yaml_node *at, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        add_finding(l, DIAG_WARNING, at->line, at->column, fmt, ap);
        va_end(ap);
}

void loader_error_at(struct loader *l, unsigned line, unsigned column, const char *fmt, ...) {
        va_list ap;

        va_start(ap, fmt);
        add_finding(l, DIAG_ERROR, line, column, fmt, ap);
        va_end(ap);
}

void *loader_grow(struct loader *l, void *array, size_t *count, size_t size) {
        char *grown = reallocarray(array, *count + 1, size);

        if (!grown) {
                l->error = -ENOMEM;
                return array;
        }
        memset(grown + *count * size, 0, size);
        (*count)++;
        return grown;
}

static bool comes_later(const struct diag_entry *a, const struct diag_entry *b) {
        return a->line > b->line || (a->line == b->line && a->column > b->column);
}

/* By position, and as they came where that is equal. There are DIAG_COUNT_MAX at most. */
static void sort_findings(struct diag *diag, size_t first) {
        for (size_t i = first + 1; i < diag->count; i++) {
                struct diag_entry e = diag->entries[i];
                size_t k = i;

                for (; k > first && comes_later(&diag->entries[k - 1], &e); k--)
                        diag->entries[k] = diag->entries[k - 1];
                diag->entries[k] = e;
        }
}

static void load_concurrency(struct loader *l, const struct yaml_node *node, struct flow *f) {
        static const char *const names[] = { [FLOW_QUEUE] = "QUEUE", [FLOW_CANCEL] = "CANCEL", [FLOW_FAIL] = "FAIL" };
        const struct yaml_node *limit, *behavior;
        int64_t i;

        if (yaml_is_null(node) || node->kind != YAML_MAP)
                return;
        limit = yaml_get(node, "limit");
        behavior = yaml_get(node, "behavior");
        if (limit && limit->kind == YAML_SCALAR && text_to_i64(limit->text, 1, INT32_MAX, &i) == 0)
                f->concurrency_limit = (unsigned)i;
        for (size_t k = 0; behavior && k < ARRAY_SIZE(names); k++)
                if (text_eq(behavior->text, names[k]))
                        f->concurrency_behavior = (enum flow_concurrency_behavior)k;
}

static void load_head(struct loader *l, const struct yaml_node *root, struct flow *f) {
        const struct yaml_node *retry = yaml_get(root, "retry"), *variables = yaml_get(root, "variables");

        flow_check_id(l, yaml_get(root, "id"), "the flow's id", "a-zA-Z0-9", "a-zA-Z0-9._-", FLOW_ID_MAX);
        flow_check_id(l, yaml_get(root, "namespace"), "the namespace", "a-z0-9", "a-z0-9._-", NAMESPACE_MAX);
        f->id = flow_node_text(l, root, "id");
        f->namespace = flow_node_text(l, root, "namespace");
        f->description = flow_node_text(l, root, "description");
        f->disabled = flow_node_bool(root, "disabled", false);
        f->variables = yaml_is_null(variables) ? value_new_map() : yaml_to_value(variables);
        if (!f->variables)
                l->error = -ENOMEM;
        flow_load_labels(l, yaml_get(root, "labels"), f);
        load_concurrency(l, yaml_get(root, "concurrency"), f);
        if (!yaml_is_null(retry))
                f->retry = flow_load_retry(l, retry, true);
}

static void load_root(struct loader *l, struct yaml_node *root, struct flow *f) {
        static const struct flow_property *const tables[] = { flow_properties, NULL };

        flow_check_map(l, root, tables, "a flow");
        if (root->kind != YAML_MAP)
                return;
        flow_defaults_apply(l, root);
        flow_carriers_collect(l, root);
        if (l->error < 0)
                return;
        load_head(l, root, f);
        flow_load_inputs(l, yaml_get(root, "inputs"), f);
        flow_load_tasks(l, yaml_get(root, "tasks"), &f->tasks);
        flow_load_tasks(l, yaml_get(root, "errors"), &f->errors);
        flow_load_tasks(l, yaml_get(root, "finally"), &f->finally);
        flow_load_tasks(l, yaml_get(root, "afterExecution"), &f->after_execution);
        flow_load_outputs(l, yaml_get(root, "outputs"), f);
        flow_load_triggers(l, yaml_get(root, "triggers"), f);
        flow_forget_tasks(l);
}

/* The source, and its hash as the revision. */
static int keep_source(const char *text, size_t len, const char *file, struct flow *f) {
        uint8_t hash[SHA256_BYTES];
        int r = digest(DIGEST_SHA256, text, len, hash);

        if (r < 0)
                return r;
        for (size_t i = 0; i < sizeof(f->revision); i++)
                f->revision = f->revision << 8 | hash[i];
        f->file = text_dup(file);
        f->source = text_dup_n(text, len);
        f->source_len = len;
        return f->file && f->source ? 0 : -ENOMEM;
}

int flow_load(const char *text, size_t len, const char *file, const struct flow_load_options *options,
              struct diag *diag, struct flow **ret) {
        static const struct flow_load_options none = { 0 };
        _cleanup_(yaml_freep) struct yaml_node *root = NULL;
        _cleanup_(flow_unrefp) struct flow *f = flow_new();
        struct loader l = {
                .file = file,
                .text = text,
                .len = len,
                .options = options ? options : &none,
                .diag = diag,
                .first_entry = diag->count,
                .inputs_from_trigger = options && (options->from_message & FLOW_INPUTS),
                .labels_from_trigger = options && (options->from_message & FLOW_LABELS),
        };
        size_t errors_before = diag->error_count;
        int r;

        if (!f)
                return -ENOMEM;
        r = yaml_parse(text, len, file, diag, &root);
        if (r < 0)
                return r;
        load_root(&l, root, f);
        l.carriers = flow_carriers_free(l.carriers);
        sort_findings(diag, l.first_entry);
        if (l.error < 0)
                return l.error;
        if (diag->error_count > errors_before)
                return -EBADMSG;
        r = keep_source(text, len, file, f);
        if (r < 0)
                return r;
        f->is_instant = flow_waits_for_nothing(f);
        *ret = TAKE_PTR(f);
        return 0;
}

int flow_load_file(const char *path, const struct flow_load_options *options, struct diag *diag, struct flow **ret) {
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r = file_read(path, FLOW_FILE_BYTES_MAX, &text, &len);

        if (r == -EFBIG)
                diag_add(diag, DIAG_ERROR, path, 0, 0, "the file is larger than %zu bytes", FLOW_FILE_BYTES_MAX);
        else if (r < 0)
                diag_add(diag, DIAG_ERROR, path, 0, 0, "cannot be read: %s", strerror(-r));
        return r < 0 ? r : flow_load(text, len, path, options, diag, ret);
}
