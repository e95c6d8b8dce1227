/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/input_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "runner/value_text.h"

#define FILE_BYTES_MAX (256ul * 1024 * 1024)

bool input_files_is_name(const char *name) {
        size_t len;

        if (*name == '\0' || *name == '/')
                return false;
        for (const char *p = name; *p; p += len + (p[len] == '/')) {
                len = strcspn(p, "/");
                if (len == 2 && memcmp(p, "..", 2) == 0)
                        return false;
        }
        return !text_ends_with(name, "/");
}

/* A file's content: of another file when it is given by URI. */
static int content(const struct value *v, char **ret, size_t *ret_len) {
        const char *path = value_type(v) == VALUE_STRING ? text_after(value_string(v), "file://") : NULL;

        if (path && *path == '/')
                return file_read(path, FILE_BYTES_MAX, ret, ret_len);
        *ret = value_text(v);
        if (!*ret)
                return -ENOMEM;
        *ret_len = strlen(*ret);
        return 0;
}

static int write_one(const char *folder, const char *name, const struct value *v) {
        _cleanup_free_ char *path = path_join(folder, name), *parent = text_dup(path), *bytes = NULL;
        size_t len = 0;
        char *slash;
        int r;

        if (!parent)
                return -ENOMEM;
        slash = strrchr(parent, '/');
        *slash = '\0';
        r = content(v, &bytes, &len);
        if (r == 0)
                r = dir_make_all(parent, 0700);
        return r < 0 ? r : file_write_at(AT_FDCWD, path, bytes, len, 0600);
}

int input_files_write(const char *folder, const struct value *files, char **ret_problem) {
        _cleanup_value_ struct value *parsed = NULL;

        if (value_type(files) == VALUE_STRING &&
            json_parse(value_string(files), value_string_len(files), &parsed, NULL, NULL) == 0)
                files = parsed;
        if (value_type(files) != VALUE_MAP) {
                *ret_problem = text_dup("not a map of names to contents");
                return -EINVAL;
        }
        for (size_t i = 0; i < value_count(files); i++) {
                const char *name = value_map_key_at(files, i);
                int r;

                if (!input_files_is_name(name)) {
                        *ret_problem = text_printf("'%s' is not a path inside the working directory", name);
                        return -EINVAL;
                }
                r = write_one(folder, name, value_map_at(files, i));
                if (r < 0) {
                        *ret_problem = text_printf("'%s' cannot be written: %s", name, strerror(-r));
                        return r;
                }
        }
        return 0;
}
