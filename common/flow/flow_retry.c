/* SPDX-License-Identifier: Apache-2.0 */
/* Retries: reading them, and how long to wait. The type decides which properties there are, so each has a table. */
#include "common/flow/flow_loader.h"

#include <errno.h>
#include <math.h>

#include "common/base/clock.h"
#include "common/base/text.h"
#include "common/flow/flow_values.h"

static const struct {
        const char *name;
        const struct flow_property *properties;
        const char *shortest; /* must not exceed maxInterval; NULL: there is none */
} types[] = {
        [FLOW_RETRY_CONSTANT] = { "constant", retry_constant_properties, NULL },
        [FLOW_RETRY_EXPONENTIAL] = { "exponential", retry_exponential_properties, "interval" },
        [FLOW_RETRY_RANDOM] = { "random", retry_random_properties, "minInterval" },
};

/* The type; constant for one that is missing or wrong, which the table then tells. */
static enum flow_retry_type type_of(const struct yaml_node *map) {
        const struct yaml_node *type = map->kind == YAML_MAP ? yaml_get(map, "type") : NULL;

        for (size_t i = 0; type && i < ARRAY_SIZE(types); i++)
                if (text_eq(type->text, types[i].name))
                        return (enum flow_retry_type)i;
        return FLOW_RETRY_CONSTANT;
}

static uint64_t duration_or(const struct yaml_node *map, const char *key, uint64_t fallback) {
        const struct yaml_node *node = yaml_get(map, key);

        if (!yaml_is_null(node) && node->kind == YAML_SCALAR)
                (void)duration_parse(node->text, &fallback);
        return fallback;
}

static void read_numbers(const struct yaml_node *map, struct flow_retry *r) {
        const struct yaml_node *attempts = yaml_get(map, "maxAttempts"), *factor = yaml_get(map, "delayFactor");
        int64_t i;

        if (yaml_is_null(attempts))
                attempts = yaml_get(map, "maxAttempt");
        if (!yaml_is_null(attempts) && attempts->kind == YAML_SCALAR &&
            text_to_i64(attempts->text, 1, INT32_MAX, &i) == 0)
                r->max_attempts = (unsigned)i;
        r->delay_factor = 2;
        if (!yaml_is_null(factor) && factor->kind == YAML_SCALAR) {
                _cleanup_value_ struct value *number = value_new_number(factor->text);

                if (number)
                        (void)value_to_double(number, &r->delay_factor);
        }
}

static void check_numbers(struct loader *l, const struct yaml_node *map, const struct flow_retry *r) {
        const char *shortest = types[r->type].shortest;

        if (shortest && yaml_get(map, "maxInterval") &&
            r->max_interval_usec < duration_or(map, shortest, 0))
                loader_error(l, yaml_get(map, "maxInterval"), "'maxInterval' must not be shorter than '%s'", shortest);
        if (!(r->delay_factor >= 1))
                loader_error(l, yaml_get(map, "delayFactor"), "'delayFactor' must be at least 1");
}

struct flow_retry *flow_load_retry(struct loader *l, const struct yaml_node *node, bool of_flow) {
        _cleanup_free_ struct flow_retry *r = NULL;
        const struct flow_property *own = types[type_of(node)].properties;
        const struct flow_property *tables[] = { of_flow ? flow_retry_properties : own, of_flow ? own : NULL, NULL };
        const struct yaml_node *behavior;

        flow_check_map(l, node, tables, "retry");
        if (node->kind != YAML_MAP)
                return NULL;
        r = calloc(1, sizeof(*r));
        if (!r) {
                l->error = -ENOMEM;
                return NULL;
        }
        r->type = type_of(node);
        r->interval_usec = duration_or(node, "interval", 0);
        r->min_interval_usec = duration_or(node, "minInterval", 0);
        r->max_interval_usec = duration_or(node, "maxInterval", 0);
        r->max_duration_usec = duration_or(node, "maxDuration", USEC_INFINITY);
        r->warning_on_retry = flow_node_bool(node, "warningOnRetry", false);
        behavior = yaml_get(node, "behavior");
        r->new_execution = of_flow && behavior && text_eq(behavior->text, "CREATE_NEW_EXECUTION");
        read_numbers(node, r);
        check_numbers(l, node, r);
        return TAKE_PTR(r);
}

/* Doubles hold microseconds exactly up to 285 years; whatever is longer, or no number, counts as for ever. */
static uint64_t to_usec(double usec) {
        return usec >= 0 && usec < 9e15 ? (uint64_t)usec : USEC_INFINITY;
}

static uint64_t pause_usec(const struct flow_retry *r, unsigned attempt, double random) {
        switch (r->type) {
        case FLOW_RETRY_EXPONENTIAL: {
                double grown = (double)r->interval_usec * pow(r->delay_factor, (double)attempt - 2);

                return MIN(to_usec(grown), r->max_interval_usec);
        }
        case FLOW_RETRY_RANDOM:
                return r->min_interval_usec +
                       to_usec((double)usec_sub(r->max_interval_usec, r->min_interval_usec) * random);
        default:
                return r->interval_usec;
        }
}

uint64_t flow_retry_delay_usec(const struct flow_retry *r, unsigned attempt, uint64_t elapsed_usec, double random) {
        uint64_t delay;

        if (attempt < 2)
                return 0;
        if (r->max_attempts > 0 && attempt > r->max_attempts)
                return USEC_INFINITY;
        delay = pause_usec(r, attempt, random);
        if (r->max_duration_usec != USEC_INFINITY && usec_add(elapsed_usec, delay) > r->max_duration_usec)
                return USEC_INFINITY;
        return delay;
}
