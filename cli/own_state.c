/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/own_state.h"

#include <errno.h>

#include "common/base/file.h"
#include "common/base/text.h"

int own_state_choose(const char *sqsflow_state, const char *xdg_state_home, const char *home, char **ret) {
        char *path;

        if (sqsflow_state && *sqsflow_state)
                path = text_dup(sqsflow_state);
        else if (xdg_state_home && *xdg_state_home == '/')
                path = path_join(xdg_state_home, "sqsflow");
        else if (home && *home == '/')
                path = path_join(home, ".local/state/sqsflow");
        else
                return -ENOENT;
        if (!path)
                return -ENOMEM;
        *ret = path;
        return 0;
}

int own_state_folder(char **ret) {
        _cleanup_free_ char *folder = NULL;
        int r = own_state_choose(getenv("SQSFLOW_STATE"), getenv("XDG_STATE_HOME"), getenv("HOME"), &folder);

        if (r < 0)
                return r;
        *ret = path_absolute(folder); /* tasks get paths below it, and work elsewhere */
        return *ret ? 0 : -ENOMEM;
}

int own_state_store(char **ret) {
        _cleanup_free_ char *folder = NULL;
        int r = own_state_folder(&folder);

        if (r < 0)
                return r;
        *ret = path_join(folder, "sqsflow.db");
        return *ret ? 0 : -ENOMEM;
}
