/* SPDX-License-Identifier: Apache-2.0 */
/* Rules are tried in the order they were added; several may hit the same request. */
#include "tests/queue/faults.h"

#include <errno.h>
#include <utlist.h>

#include "common/base/json.h"
#include "common/base/text.h"

struct fault_rule {
        enum fault_kind kind;
        char *operation; /* NULL: every one */
        char *queue;     /* NULL: every one */
        double probability, entry_probability;
        int64_t left; /* hits; negative: without end */
        int64_t latency_msec;
        struct fault_rule *prev, *next;
};

static const struct {
        const char *name;
        enum failure_code refusal;
} kinds[FAULT_KIND_COUNT] = {
        [FAULT_DROP] = { "drop", FAILURE_NONE },
        [FAULT_DROP_AFTER] = { "drop_after", FAILURE_NONE },
        [FAULT_HANG] = { "hang", FAILURE_NONE },
        [FAULT_LATENCY] = { "latency", FAILURE_NONE },
        [FAULT_PARTIAL] = { "partial", FAILURE_NONE },
        [FAULT_DUPLICATE_INFLIGHT] = { "duplicate_inflight", FAILURE_NONE },
        [FAULT_DUPLICATE_DELETED] = { "duplicate_deleted", FAILURE_NONE },
        [FAULT_SHORT_POLL] = { "short_poll", FAILURE_NONE },
        [FAULT_EXPIRE_HANDLE] = { "expire_handle", FAILURE_NONE },
        [FAULT_BAD_MD5] = { "bad_md5", FAILURE_NONE },
        [FAULT_GARBAGE] = { "garbage", FAILURE_NONE },
        [FAULT_HTTP503] = { "http503", FAILURE_SERVICE_UNAVAILABLE },
        [FAULT_HTTP500] = { "http500", FAILURE_INTERNAL },
        [FAULT_THROTTLE] = { "throttle", FAILURE_THROTTLED },
        [FAULT_ACCESS_DENIED] = { "access_denied", FAILURE_ACCESS_DENIED },
        [FAULT_EXPIRED_TOKEN] = { "expired_token", FAILURE_EXPIRED_TOKEN },
        [FAULT_INVALID_SIGNATURE] = { "invalid_signature", FAILURE_INVALID_SIGNATURE },
        [FAULT_QUEUE_GONE] = { "queue_gone", FAILURE_QUEUE_DOES_NOT_EXIST },
        [FAULT_OVER_LIMIT] = { "over_limit", FAILURE_OVER_LIMIT },
};

const char *fault_name(enum fault_kind kind) {
        return kinds[kind].name;
}

enum failure_code fault_refusal(enum fault_kind kind) {
        return kinds[kind].refusal;
}

static struct fault_rule *rule_free(struct fault_rule *r) {
        if (r) {
                free(r->operation);
                free(r->queue);
                free(r);
        }
        return NULL;
}
DEFINE_CLEANUP(struct fault_rule *, rule_free)

static void free_all(struct fault_rule **rules) {
        struct fault_rule *rule;

        while ((rule = *rules)) {
                DL_DELETE(*rules, rule);
                rule_free(rule);
        }
}

static int kind_from_name(const char *name) {
        for (int i = 0; i < FAULT_KIND_COUNT; i++)
                if (text_eq(kinds[i].name, name))
                        return i;
        return -EINVAL;
}

/* Absent: *ret stays as it is. */
static int read_double(const struct value *map, const char *key, double min, double max, double *ret) {
        const struct value *v = value_map_get(map, key);
        double d;

        if (!v || value_type(v) == VALUE_NULL)
                return 0;
        if (value_type(v) != VALUE_NUMBER || value_to_double(v, &d) < 0 || d < min || d > max)
                return -EINVAL;
        *ret = d;
        return 0;
}

static int read_i64(const struct value *map, const char *key, int64_t *ret) {
        const struct value *v = value_map_get(map, key);

        if (!v || value_type(v) == VALUE_NULL)
                return 0;
        return value_type(v) == VALUE_NUMBER ? value_to_i64(v, ret) : -EINVAL;
}

/* A member that is spelt wrong would leave its default in force, and nobody would see it. NULL: there is none. */
static const char *unknown_member(const struct value *rule) {
        static const char *const known[] = { "kind", "op", "queue", "probability", "count", "ms", "entry_probability", "seed" };

        for (size_t i = 0, k; i < value_count(rule); i++) {
                for (k = 0; k < ARRAY_SIZE(known) && !text_eq(known[k], value_map_key_at(rule, i)); k++)
                        ;
                if (k == ARRAY_SIZE(known))
                        return value_map_key_at(rule, i);
        }
        return NULL;
}

static int parse_rule(const struct value *v, struct fault_rule **ret, struct failure *f) {
        if (value_type(v) != VALUE_MAP)
                return failure_set(f, FAILURE_SERIALIZATION, "A rule must be an object.");
        const char *unknown = unknown_member(v);
        if (unknown)
                return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE, "A rule has no member '%s'.", unknown);
        const char *kind_name = value_map_string(v, "kind"), *operation = value_map_string(v, "op");
        int kind = kind_from_name(kind_name);
        if (kind < 0)
                return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE, "Unknown kind of fault '%s'.",
                                   kind_name ? kind_name : "");

        _cleanup_(rule_freep) struct fault_rule *r = calloc(1, sizeof(*r));
        if (!r)
                return -ENOMEM;
        *r = (struct fault_rule){ .kind = (enum fault_kind)kind,
                                  .probability = 1,
                                  .entry_probability = kind == FAULT_PARTIAL ? 0.5 : 1,
                                  .left = -1,
                                  .latency_msec = 100 };
        if (read_double(v, "probability", 0, 1, &r->probability) < 0 ||
            read_double(v, "entry_probability", 0, 1, &r->entry_probability) < 0 ||
            read_i64(v, "count", &r->left) < 0 || read_i64(v, "ms", &r->latency_msec) < 0)
                return failure_set(f, FAILURE_INVALID_PARAMETER_VALUE, "A number of the rule is not valid.");
        if (text_replace(&r->operation, text_eq(operation, "*") ? NULL : operation) < 0 ||
            text_replace(&r->queue, value_map_string(v, "queue")) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(r);
        return 0;
}

static int parse_into(const struct value *v, struct fault_rule **list, struct failure *f) {
        struct fault_rule *rule = NULL;
        int r = parse_rule(v, &rule, f);

        if (r == 0)
                DL_APPEND(*list, rule);
        return r;
}

int faults_add(struct faults *f, const struct value *rules, struct failure *failure) {
        bool is_list = value_type(rules) == VALUE_LIST;
        size_t count = is_list ? value_count(rules) : 1;
        struct fault_rule *added = NULL;

        for (size_t i = 0; i < count; i++) {
                const struct value *v = is_list ? value_list_at(rules, i) : rules;
                int64_t seed = 0;
                int r = parse_into(v, &added, failure);
                if (r != 0) {
                        free_all(&added);
                        return r;
                }
                if (value_map_get(v, "seed") && read_i64(v, "seed", &seed) == 0)
                        f->random_state = (uint64_t)seed;
        }
        DL_CONCAT(f->rules, added);
        return 0;
}

void faults_clear(struct faults *f) {
        free_all(&f->rules);
}

bool faults_chance(struct faults *f, double probability) {
        uint64_t z = (f->random_state += UINT64_C(0x9e3779b97f4a7c15)); /* SplitMix64 */

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        z ^= z >> 31;
        return (double)(z >> 11) * 0x1.0p-53 < probability;
}

void faults_count_duplicate(struct faults *f, enum fault_kind kind) {
        f->hit_counts[kind]++;
}

static bool is_duplicate(enum fault_kind kind) {
        return kind == FAULT_DUPLICATE_INFLIGHT || kind == FAULT_DUPLICATE_DELETED;
}

static bool matches(const struct fault_rule *rule, const char *operation, const char *queue) {
        if (rule->left == 0 || (rule->queue && !text_eq(rule->queue, queue)))
                return false;
        if (rule->kind == FAULT_DUPLICATE_DELETED)
                return text_after(operation, "DeleteMessage") != NULL;
        return !rule->operation || text_eq(rule->operation, operation);
}

struct fault_hits faults_roll(struct faults *f, const char *operation, const char *queue) {
        struct fault_hits hits = { 0 };
        struct fault_rule *rule;

        for (rule = f->rules; rule; rule = rule->next) {
                if (!matches(rule, operation, queue) || !faults_chance(f, rule->probability))
                        continue;
                rule->left -= rule->left > 0;
                f->hit_counts[rule->kind] += !is_duplicate(rule->kind);
                hits.kinds |= 1u << rule->kind;
                if (rule->kind == FAULT_LATENCY)
                        hits.latency_msec = (uint32_t)rule->latency_msec;
                if (rule->kind == FAULT_PARTIAL || rule->kind == FAULT_BAD_MD5)
                        hits.entry_probability = rule->entry_probability;
        }
        return hits;
}

int faults_write(const struct faults *f, struct buf *out) {
        const struct fault_rule *rule;
        const char *separator = "";

        buf_append_char(out, '[');
        for (rule = f->rules; rule; rule = rule->next) {
                buf_appendf(out, "%s{\"kind\":\"%s\",\"op\":", separator, kinds[rule->kind].name);
                json_write_string(out, rule->operation ? rule->operation : "*",
                                  rule->operation ? strlen(rule->operation) : 1);
                if (rule->queue) {
                        buf_append_str(out, ",\"queue\":");
                        json_write_string(out, rule->queue, strlen(rule->queue));
                }
                buf_appendf(out, ",\"probability\":%g,\"count\":%lld}", rule->probability, (long long)rule->left);
                separator = ",";
        }
        return buf_append_char(out, ']');
}
