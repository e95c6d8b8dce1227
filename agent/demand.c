/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/demand.h"

#include <string.h>

#include "common/base/text.h"
#include "common/config/config_expression.h"
#include "common/flow/flow_demand.h"

void demand_init(struct demand *d, const struct trigger_config *config) {
        const struct flow_trigger *t = flow_trigger_find(config->flow, config->id, strlen(config->id));

        *d = (struct demand){ .config = config,
                              .trigger = t && flow_demand_exists(t, DEMANDS_BEFORE_POLLING) ? t : NULL };
}

void demand_done(struct demand *d) {
        d->templates = templates_free(d->templates);
        free(d->reason);
        free(d->told);
        *d = (struct demand){ 0 };
}

/* But for digits: a problem may show the time. */
static bool same_problem(const char *a, const char *b) {
        static const char digits[] = "0123456789";

        for (; a && *a && *b; a++, b++) {
                a += strspn(a, digits);
                b += strspn(b, digits);
                if (*a != *b)
                        return false;
                if (*a == '\0')
                        return true;
        }
        return a && *a == *b;
}

static void forget(char **text) {
        free(*text);
        *text = NULL;
}

static enum demand_news failed(struct demand *d, bool is_problem, char *reason) {
        bool is_change = !d->fails;

        free(d->reason);
        d->reason = reason;
        d->fails = true;
        d->is_problem = is_problem;
        if (!is_problem) {
                forget(&d->told);
                return is_change ? DEMAND_FAILS : DEMAND_NO_NEWS;
        }
        if (same_problem(d->told, reason ? reason : ""))
                return DEMAND_NO_NEWS;
        (void)text_replace(&d->told, reason);
        return DEMAND_PROBLEM;
}

static enum demand_news held(struct demand *d) {
        bool is_change = d->fails;

        d->fails = d->is_problem = false;
        forget(&d->reason);
        forget(&d->told);
        return is_change ? DEMAND_HOLDS_AGAIN : DEMAND_NO_NEWS;
}

enum demand_news demand_ask(struct demand *d, const struct services *s, uint64_t now_usec) {
        struct config_scope scope = { .flow = d->config->flow, .secrets = s->config->secrets, .now_usec = now_usec,
                                      .labels = d->config->labels, .templates = &d->templates };
        char *reason = NULL;
        int r = d->trigger ? config_demand_check(&scope, d->trigger, &reason) : 0;

        if (r == 0)
                return held(d);
        if (!reason)
                reason = text_dup("out of memory");
        return failed(d, r < 0, reason);
}
