/* SPDX-License-Identifier: Apache-2.0 */
/* One walk over the tree, in the order of the names, so that numbers and errors do not depend on the file system. */
#include "runner/output_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/beneath.h"
#include "common/base/text.h"
#include "runner/execution.h"
#include "runner/files.h"
#include "runner/glob.h"

#define DEPTH_MAX 32
#define PATTERNS_MAX 100

struct walk {
        struct execution *execution;
        struct glob *globs[PATTERNS_MAX];
        size_t glob_count;
        struct value *found; /* path to URI */
        char **problem;
};

static bool is_wanted(const struct walk *w, const char *path) {
        for (size_t i = 0; i < w->glob_count; i++)
                if (glob_matches(w->globs[i], path))
                        return true;
        return false;
}

static int fail(struct walk *w, int r, const char *path) {
        if (r != -ENOMEM && !*w->problem)
                *w->problem = text_printf("'%s' cannot be kept: %s", path, files_problem(r));
        return r;
}

static int take_file(struct walk *w, int dir_fd, const char *name, const char *path) {
        _cleanup_close_ int fd = -1;
        _cleanup_free_ char *uri = NULL;
        int r;

        if (!is_wanted(w, path))
                return 0;
        fd = beneath_open_file(dir_fd, name);
        if (fd == -ENOENT || fd == -EINVAL) /* gone meanwhile, or something else now */
                return 0;
        r = fd < 0 ? fd : files_keep(w->execution, fd, name, &uri);
        if (r < 0)
                return fail(w, r, path);
        return value_map_put(w->found, path, value_new_string(uri));
}

static int walk_folder(struct walk *w, int fd, const char *path, unsigned depth);

static int take_entry(struct walk *w, int dir_fd, const char *folder, const char *name, unsigned depth) {
        _cleanup_free_ char *path = *folder ? text_printf("%s/%s", folder, name) : text_dup(name);
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (!path)
                return -ENOMEM;
        if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (S_ISREG(st.st_mode))
                return text_is_utf8(path, strlen(path)) ? take_file(w, dir_fd, name, path) : 0;
        if (!S_ISDIR(st.st_mode) || depth == DEPTH_MAX)
                return 0;
        fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? 0 : walk_folder(w, fd, path, depth + 1);
}

static int not_dots(const struct dirent *entry) {
        return !text_eq(entry->d_name, ".") && !text_eq(entry->d_name, "..");
}

static int walk_folder(struct walk *w, int fd, const char *path, unsigned depth) {
        struct dirent **entries = NULL;
        int n = scandirat(fd, ".", &entries, not_dots, alphasort), r = 0;

        if (n < 0)
                return fail(w, -errno, *path ? path : ".");
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = take_entry(w, fd, path, entries[i]->d_name, depth);
                free(entries[i]);
        }
        free(entries);
        return r;
}

static int read_patterns(struct walk *w, const struct value *patterns) {
        if (value_type(patterns) != VALUE_LIST || value_count(patterns) > PATTERNS_MAX) {
                *w->problem = text_printf("not a list of at most %d patterns", PATTERNS_MAX);
                return -EINVAL;
        }
        for (size_t i = 0; i < value_count(patterns); i++) {
                const struct value *p = value_list_at(patterns, i);
                int r = value_type(p) == VALUE_STRING ? glob_new(value_string(p), &w->globs[w->glob_count]) : -EINVAL;

                if (r == -EINVAL)
                        *w->problem = text_printf("'%s' is not a pattern",
                                                  value_type(p) == VALUE_STRING ? value_string(p) : value_type_name(p));
                if (r < 0)
                        return r;
                w->glob_count++;
        }
        return 0;
}

int output_files_keep(struct execution *e, int folder_fd, const struct value *patterns, struct value **ret,
                      char **ret_problem) {
        struct walk w = { .execution = e, .found = value_new_map(), .problem = ret_problem };
        int r = w.found ? read_patterns(&w, patterns) : -ENOMEM;

        if (r == 0)
                r = walk_folder(&w, folder_fd, "", 0);
        for (size_t i = 0; i < w.glob_count; i++)
                glob_free(w.globs[i]);
        if (r == 0)
                *ret = TAKE_PTR(w.found);
        value_unref(w.found);
        return r;
}
