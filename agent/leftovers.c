/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/leftovers.h"

#include "agent/held.h"
#include "common/base/log.h"
#include "common/config/config.h"
#include "common/link/execution_file.h"
#include "common/link/runner_folder.h"

static bool keeps_folder(const struct config *c, enum run_state state) {
        return c->history.folders == FOLDERS_ALWAYS ||
               (c->history.folders == FOLDERS_FAILURES && !run_state_settles_message(state));
}

static bool keeps_files(const struct config *c, enum run_state state) {
        return c->history.keep == KEEP_ALL || (c->history.keep == KEEP_FAILURES && !run_state_settles_message(state));
}

void leftovers_settle(const struct config *config, pid_t runner, uint64_t execution, enum run_state state) {
        bool keep = execution != 0 && keeps_folder(config, state);
        int r = 0, k;

        if (execution != 0 && !keeps_files(config, state))
                r = execution_folder_remove(config->executions, execution);
        k = runner_folder_end(config->executions, runner, keep ? execution : 0);
        if (r < 0 || k < 0)
                log_warning(r < 0 ? r : k, "What a runner that was killed left in %s could not be %s", config->executions,
                            keep ? "kept" : "removed");
}

/* Of several executions that share a runner, it was at the first. */
static int on_held(void *userdata, uint32_t place, const struct held_message *m) {
        const struct config *config = userdata;

        if (m->execution_id != 0 && m->runner > 0 && runner_folder_is_left(config->executions, m->runner))
                leftovers_settle(config, m->runner, m->execution_id, RUN_KILLED);
        return 0;
}

void leftovers_settle_all(const struct config *config, struct held *held) {
        int r = held_each(held, on_held, (void *)config), count = runner_folders_sweep(config->executions, UINT64_MAX);

        if (r < 0 || count < 0)
                log_warning(r < 0 ? r : count, "Folders in %s of runners that are gone could not be settled",
                            config->executions);
        if (count > 0)
                log_info("Removed the folders of %d runners that were killed", count);
}
