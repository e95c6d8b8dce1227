/* SPDX-License-Identifier: Apache-2.0 */
#include "runner/input_files.h"

#include <errno.h>
#include <string.h>

#include "common/base/beneath.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/link/execution_file.h"
#include "runner/execution.h"
#include "runner/files.h"
#include "runner/value_text.h"

static int write_text(int fd, const struct value *v) {
        _cleanup_free_ char *text = value_text(v);

        return text ? fd_write_all(fd, text, strlen(text)) : -ENOMEM;
}

static int write_one(struct execution *e, int folder_fd, const char *name, const struct value *v) {
        bool is_uri = value_type(v) == VALUE_STRING && execution_file_is_uri(value_string(v));
        _cleanup_close_ int from = is_uri ? files_open(e, value_string(v)) : -1, to = -1;

        if (is_uri && from < 0)
                return from;
        to = beneath_create(folder_fd, name, 0600);
        if (to < 0)
                return to;
        return is_uri ? fd_copy(from, to, UINT64_MAX, NULL) : write_text(to, v);
}

static int write_all(struct execution *e, int folder_fd, const struct value *files, char **ret_problem) {
        for (size_t i = 0; i < value_count(files); i++) {
                const char *name = value_map_key_at(files, i);
                int r;

                if (!beneath_is_path(name)) {
                        *ret_problem = text_printf("'%s' is not a path inside the working directory", name);
                        return -EINVAL;
                }
                r = write_one(e, folder_fd, name, value_map_at(files, i));
                if (r < 0) {
                        *ret_problem = text_printf("'%s' cannot be written: %s", name, files_problem(r));
                        return r;
                }
        }
        return 0;
}

int input_files_write(struct execution *e, int folder_fd, const struct value *files, char **ret_problem) {
        _cleanup_value_ struct value *parsed = NULL;

        if (value_type(files) == VALUE_STRING &&
            json_parse(value_string(files), value_string_len(files), &parsed, NULL, NULL) == 0)
                files = parsed;
        if (value_type(files) != VALUE_MAP) {
                *ret_problem = text_dup("not a map of names to contents");
                return -EINVAL;
        }
        return write_all(e, folder_fd, files, ret_problem);
}
