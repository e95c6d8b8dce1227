/* SPDX-License-Identifier: Apache-2.0 */
/* The walk along source_profile. It ends at the first profile that gives credentials by itself, and every way to get
 * lost on it is an error: a host that was told to be some role must not run as anything else. */
#include "common/aws/profile_plan.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "common/aws/sts.h"
#include "common/base/text.h"

/* A property; NULL also when it is empty. */
static const char *get(const struct aws_profile *p, const char *key) {
        const char *value = aws_profile_get(p, key);
        return value && value[0] ? value : NULL;
}

/* -EINVAL with that sentence. */
_printf_(2, 3) static int wrong(char **ret_why, const char *fmt, ...) {
        _cleanup_(buf_done) struct buf b = { 0 };
        va_list ap;
        va_start(ap, fmt);
        buf_appendv(&b, fmt, ap);
        va_end(ap);
        char *why = buf_take(&b, NULL);
        if (!why)
                return -ENOMEM;
        *ret_why = why;
        return -EINVAL;
}

/* --- the source --------------------------------------------------------------------------------------------------- */

static bool has_keys(const struct aws_profile *p) {
        return get(p, "aws_access_key_id") && get(p, "aws_secret_access_key");
}

static bool has_half_keys(const struct aws_profile *p) {
        return !get(p, "aws_access_key_id") != !get(p, "aws_secret_access_key");
}

/* An sso_session alone logs a person in to other things than AWS accounts; it is no source while there is another. */
static bool is_sso(const struct aws_profile *p) {
        if (get(p, "sso_account_id") || get(p, "sso_role_name"))
                return true;
        return (get(p, "sso_session") || get(p, "sso_start_url")) && !get(p, "aws_access_key_id") &&
               !get(p, "aws_secret_access_key") && !get(p, "credential_process");
}

static int own_source(const struct aws_profile *p, enum profile_source *ret, char **ret_why) {
        if (get(p, "web_identity_token_file"))
                *ret = PROFILE_WEB_IDENTITY;
        else if (is_sso(p))
                *ret = PROFILE_SSO;
        else if (has_half_keys(p))
                return wrong(ret_why, "profile '%s' has no %s", p->name,
                             get(p, "aws_access_key_id") ? "aws_secret_access_key" : "aws_access_key_id");
        else if (has_keys(p))
                *ret = PROFILE_KEYS;
        else
                *ret = get(p, "credential_process") ? PROFILE_PROCESS : PROFILE_NOTHING;
        if (*ret == PROFILE_WEB_IDENTITY && !get(p, "role_arn"))
                return wrong(ret_why, "profile '%s' has a web_identity_token_file and no role_arn", p->name);
        return 0;
}

static int named_source(const struct aws_profile *p, const char *name, enum profile_source *ret, char **ret_why) {
        static const struct {
                const char *name;
                enum profile_source source;
        } named[] = {
                { "Environment", PROFILE_ENVIRONMENT },
                { "EcsContainer", PROFILE_CONTAINER },
                { "Ec2InstanceMetadata", PROFILE_IMDS },
        };
        for (size_t i = 0; i < ARRAY_SIZE(named); i++)
                if (text_eq(name, named[i].name)) {
                        *ret = named[i].source;
                        return 0;
                }
        return wrong(
                ret_why,
                "profile '%s': credential_source must be Environment, EcsContainer or Ec2InstanceMetadata, not '%s'",
                p->name, name);
}

/* --- the roles ---------------------------------------------------------------------------------------------------- */

int profile_role(const struct aws_profile *p, struct sts_role *ret, char **ret_why) {
        const char *duration = get(p, "duration_seconds");
        int64_t seconds = 0;

        if (duration && text_to_i64(duration, STS_DURATION_MIN_SECONDS, STS_DURATION_MAX_SECONDS, &seconds) < 0)
                return wrong(ret_why, "profile '%s': duration_seconds must be a number from %d to %d", p->name,
                             STS_DURATION_MIN_SECONDS, STS_DURATION_MAX_SECONDS);
        *ret = (struct sts_role){
                .arn = get(p, "role_arn"),
                .external_id = get(p, "external_id"),
                .session_name = get(p, "role_session_name"),
                .duration_seconds = (unsigned)seconds,
        };
        return 0;
}

/* True for a role that other credentials are needed for. */
static bool is_role(const struct aws_profile *p) {
        return get(p, "role_arn") && !get(p, "web_identity_token_file");
}

static int check_role(const struct aws_profile *p, char **ret_why) {
        const char *source_profile = get(p, "source_profile"), *credential_source = get(p, "credential_source");

        if (get(p, "mfa_serial"))
                return wrong(ret_why,
                             "profile '%s' has an mfa_serial: a service cannot type in a code, so it cannot use it",
                             p->name);
        if (source_profile && credential_source)
                return wrong(ret_why, "profile '%s' has both source_profile and credential_source", p->name);
        if (!source_profile && !credential_source)
                return wrong(ret_why, "profile '%s' has a role_arn and neither source_profile nor credential_source",
                             p->name);
        return 0;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

struct walk {
        struct profile_plan plan;
        const char *seen[PROFILE_ROLES_MAX + 1]; /* names, in the order of the walk */
        size_t seen_count;
};

static int tell_loop(const struct walk *w, size_t first, const char *again, char **ret_why) {
        _cleanup_(buf_done) struct buf names = { 0 };
        for (size_t i = first; i < w->seen_count; i++)
                buf_appendf(&names, "%s -> ", w->seen[i]);
        buf_append_str(&names, again);
        int r = buf_error(&names);
        if (r == 0)
                r = wrong(ret_why, "source_profile goes in a loop: %s", names.data);
        return r == -EINVAL ? -ELOOP : r;
}

static int visit(struct walk *w, const char *name, char **ret_why) {
        for (size_t i = 0; i < w->seen_count; i++)
                if (text_eq(w->seen[i], name))
                        return tell_loop(w, i, name, ret_why);
        if (w->seen_count == ARRAY_SIZE(w->seen))
                return wrong(ret_why, "more than %d roles follow each other by source_profile", PROFILE_ROLES_MAX);
        w->seen[w->seen_count++] = name;
        return 0;
}

/* Ends the walk at `p`. */
static int end_at(struct walk *w, const struct aws_profile *p, char **ret_why) {
        struct profile_plan *plan = &w->plan;
        plan->from = *p;
        int r = own_source(p, &plan->source, ret_why);
        if (r == 0 && plan->source == PROFILE_NOTHING && plan->role_count > 0)
                r = wrong(ret_why, "profile '%s' has no credentials to assume %s with", p->name,
                          plan->roles[plan->role_count - 1].arn);
        return r;
}

/* One profile of the walk: 1 with *next when it goes on, 0 when it ended here. */
static int step(struct walk *w, const struct aws_profile *p, struct aws_profile *next, char **ret_why) {
        struct profile_plan *plan = &w->plan;
        int r = visit(w, p->name, ret_why);
        if (r < 0)
                return r;
        if (!is_role(p) || (plan->role_count > 0 && has_keys(p)))
                return end_at(w, p, ret_why);
        r = check_role(p, ret_why);
        if (r == 0 && plan->role_count == PROFILE_ROLES_MAX)
                r = wrong(ret_why, "more than %d roles follow each other by source_profile", PROFILE_ROLES_MAX);
        if (r == 0)
                r = profile_role(p, &plan->roles[plan->role_count], ret_why);
        if (r < 0)
                return r;
        plan->role_count++;
        const char *source = get(p, "source_profile");
        plan->from = *p;
        if (!source)
                return named_source(p, get(p, "credential_source"), &plan->source, ret_why);
        if (text_eq(source, p->name))
                return end_at(w, p, ret_why);
        *next = aws_profile_view(p, source);
        if (!next->exists)
                return wrong(ret_why, "profile '%s' names the source_profile '%s', which does not exist", p->name,
                             source);
        return 1;
}

int profile_plan_make(const struct aws_profile *p, struct profile_plan *ret, char **ret_why) {
        struct walk w = { 0 };
        struct aws_profile at = *p, next = { 0 };
        int r;

        while ((r = step(&w, &at, &next, ret_why)) > 0)
                at = next;
        if (r == 0)
                *ret = w.plan;
        return r;
}
