/* SPDX-License-Identifier: Apache-2.0 */
/* Here the callbacks of a trigger's parts are tied to those who take them: what the poller brings goes to intake.c, what the
 * lease tells to delivery.c. */
#include "agent/triggers.h"

#include <utlist.h>

#include "agent/delivery.h"
#include "agent/execution.h"
#include "agent/intake.h"
#include "common/base/text.h"
#include "common/store/store_pause.h"

/* As the one in whose place it comes is, which knows more than the store while nothing can be written; else as it was when
 * it was last there. */
static int find_pause(const struct services *services, const char *id, struct store_pause *ret) {
        const struct trigger *newest = NULL;

        for (const struct trigger *old = services->triggers; old; old = old->next)
                if (text_eq(old->config.id, id))
                        newest = old;
        if (!newest)
                return store_pause_find(services->store, id, ret);
        *ret = newest->pause;
        return 0;
}

int triggers_add(struct services *services, const struct trigger_config *config) {
        _cleanup_(trigger_unrefp) struct trigger *t = NULL;
        struct store_pause pause;
        int r = find_pause(services, config->id, &pause);

        if (r >= 0)
                r = trigger_new(services, config, &intake_poller_ops, &delivery_lease_ops, &t);
        if (r < 0)
                return r;
        if (pause.since_usec > 0)
                (void)trigger_pause(t, &pause);
        DL_APPEND(services->triggers, t);
        trigger_start(TAKE_PTR(t));
        return 0;
}

void triggers_begin_polling(struct services *services, const char *queue_url) {
        for (struct trigger *t = services->triggers; t; t = t->next)
                if (text_eq(t->queue.url, queue_url))
                        trigger_begin_polling(t);
}

void triggers_drop_quiet(struct services *services, struct counters *sum) {
        struct trigger *t, *next;

        for (t = services->triggers; t; t = next) {
                next = t->next;
                if (t->phase != TRIGGER_STOPPING || !trigger_is_quiet(t))
                        continue;
                counters_add(sum, &t->counters);
                DL_DELETE(services->triggers, t);
                trigger_unref(t);
        }
}

void triggers_abandon(struct services *services) {
        struct trigger *t, *next;

        for (t = services->triggers; t; t = next) {
                next = t->next;
                executions_abandon(t);
                poller_done(&t->poller);
                deliveries_abandon(t);
                DL_DELETE(services->triggers, t);
                trigger_unref(t);
        }
}
