/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output_files.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "cli/records.h"
#include "common/base/beneath.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"

#define DEPTH_MAX 64

struct finder {
        struct output_files files;
        const char *folder; /* of the task; NULL: the flow's own */
};

static bool has_uri(const struct output_files *f, const char *uri) {
        for (size_t i = 0; i < f->count; i++)
                if (text_eq(f->items[i].uri, uri))
                        return true;
        return false;
}

static bool has_path(const struct output_files *f, const char *path) {
        for (size_t i = 0; i < f->count; i++)
                if (text_eq(f->items[i].path, path))
                        return true;
        return false;
}

/* --- names ----------------------------------------------------------------------------------------------------------- */

/* Control characters and, in a single component, slashes become '_'. */
static void defuse(char *name, bool is_component) {
        for (unsigned char *c = (unsigned char *)name; *c; c++)
                if (*c < 0x20 || *c == 0x7f || (is_component && *c == '/'))
                        *c = '_';
        if (is_component && *name == '.')
                *name = '_';
}

/* "report.csv" of "sqsflow://ID/3-report.csv": without the number that made it unique. Borrowed. */
static const char *plain_name(const char *uri) {
        const char *name = strrchr(uri, '/') + 1, *dash = name + strspn(name, "0123456789");

        return dash > name && *dash == '-' && dash[1] && dash[1] != '.' ? dash + 1 : name;
}

/* What the task called the file, when that can be a path here; else what its URI says. Owned. */
static char *chosen_name(const char *key, const char *uri) {
        char *name = text_dup(key && *key && text_is_utf8(key, strlen(key)) ? key : plain_name(uri));

        if (name)
                defuse(name, false);
        if (name && !beneath_is_path(name)) {
                free(name);
                name = text_dup(plain_name(uri));
        }
        return name;
}

static char *join(const char *folder, const char *name) {
        char *path = folder ? path_join(folder, name) : text_dup(name);

        if (path && !beneath_is_path(path)) {
                free(path);
                path = text_dup(name);
        }
        return path;
}

/* A path that no other file has: one that is taken gets the unique name of the URI, and then numbers. */
static char *unique_path(const struct finder *f, const char *name, const char *uri) {
        char *path = join(f->folder, name);

        for (unsigned n = 1; path && has_path(&f->files, path); n++) {
                _cleanup_free_ char *other = n == 1 ? text_dup(strrchr(uri, '/') + 1)
                                                    : text_printf("%u-%s", n, strrchr(uri, '/') + 1);

                free(path);
                path = other ? join(f->folder, other) : NULL;
        }
        return path;
}

/* --- looking for URIs ------------------------------------------------------------------------------------------------ */

static int add(struct finder *f, const char *key, char *uri_owned) {
        _cleanup_free_ char *uri = uri_owned, *name = NULL, *path = NULL;
        struct output_files *all = &f->files;

        if (!uri)
                return -ENOMEM;
        if (has_uri(all, uri))
                return 0;
        name = chosen_name(key, uri);
        path = name ? unique_path(f, name, uri) : NULL;
        if (!path)
                return -ENOMEM;
        if (all->count == all->capacity) {
                size_t capacity = all->capacity ? all->capacity * 2 : 16;
                struct output_file *items = reallocarray(all->items, capacity, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                all->items = items;
                all->capacity = capacity;
        }
        all->items[all->count++] = (struct output_file){ TAKE_PTR(uri), TAKE_PTR(path) };
        return 0;
}

/* A text may be a URI or have some in it; only in the first case the key is the file's name. */
static int scan_text(struct finder *f, const char *key, const char *text) {
        bool is_whole = execution_file_is_uri(text);
        int r = 0;

        for (const char *at = text; r == 0 && (at = strstr(at, EXECUTION_FILE_SCHEME));) {
                size_t len = execution_file_scan(at, strlen(at), NULL, NULL);

                if (len > 0)
                        r = add(f, is_whole ? key : NULL, text_dup_n(at, len));
                at += len > 0 ? len : strlen(EXECUTION_FILE_SCHEME);
        }
        return r;
}

/* Keys are names of files below "outputFiles" only; elsewhere they are names of outputs. */
static int scan(struct finder *f, const char *key, bool are_names, const struct value *v, unsigned depth) {
        int r = 0;

        if (!v || depth > DEPTH_MAX)
                return 0;
        if (value_type(v) == VALUE_STRING)
                return scan_text(f, are_names ? key : NULL, value_string(v));
        for (size_t i = 0; r == 0 && value_type(v) == VALUE_LIST && i < value_count(v); i++)
                r = scan(f, NULL, false, value_list_at(v, i), depth + 1);
        for (size_t i = 0; r == 0 && value_type(v) == VALUE_MAP && i < value_count(v); i++)
                r = scan(f, value_map_key_at(v, i), text_eq(key, "outputFiles"), value_map_at(v, i), depth + 1);
        return r;
}

static int scan_task(struct finder *f, const struct store_task_run *t) {
        _cleanup_value_ struct value *outputs = t->outputs ? parsed_json(t->outputs) : NULL;
        _cleanup_free_ char *folder = NULL;

        if (!outputs)
                return 0;
        folder = t->value ? text_printf("%s-%.60s", t->task_id, t->value) : text_dup(t->task_id);
        if (!folder)
                return -ENOMEM;
        defuse(folder, true);
        f->folder = beneath_is_path(folder) && text_is_utf8(folder, strlen(folder)) ? folder : "task";
        return scan(f, NULL, false, outputs, 0);
}

int output_files_find(const struct progress *p, const char *outputs, struct output_files *ret) {
        _cleanup_value_ struct value *own = outputs ? parsed_json(outputs) : NULL;
        struct finder f = { 0 };
        int r = 0;

        for (size_t i = 0; r == 0 && i < p->task_count; i++)
                if (p->tasks[i].is_known)
                        r = scan_task(&f, &p->tasks[i].run);
        f.folder = NULL;
        if (r == 0)
                r = scan(&f, NULL, false, own, 0);
        if (r < 0) {
                output_files_done(&f.files);
                return r;
        }
        *ret = f.files;
        return 0;
}

void output_files_done(struct output_files *f) {
        for (size_t i = 0; i < f->count; i++) {
                free(f->items[i].uri);
                free(f->items[i].path);
        }
        free(f->items);
        *f = (struct output_files){ 0 };
}

char *output_files_folder(const char *store) {
        const char *slash = strrchr(store, '/');

        return slash ? text_printf("%.*s/executions", (int)(slash - store), store) : text_dup("executions");
}
