/* SPDX-License-Identifier: Apache-2.0 */
/* Which flows end as soon as they began: whoever runs them may hand many at once to one runner, since none keeps the next
 * one waiting. */
#include "common/flow/flow_loader.h"
#include "common/flow/task_type.h"

static bool list_is_instant(const struct flow_task_list *list);

static bool task_is_instant(const struct flow_task *task) {
        if (!(task->type->flags & TASK_INSTANT) || task->retry)
                return false;
        for (size_t i = 0; i < task->branch_count; i++)
                if (!list_is_instant(&task->branches[i].tasks))
                        return false;
        return true;
}

static bool list_is_instant(const struct flow_task_list *list) {
        for (size_t i = 0; i < list->count; i++)
                if (!task_is_instant(list->items[i]))
                        return false;
        return true;
}

bool flow_waits_for_nothing(const struct flow *f) {
        return !f->retry && list_is_instant(&f->tasks) && list_is_instant(&f->errors) && list_is_instant(&f->finally) &&
               f->after_execution.count == 0;
}
