/* SPDX-License-Identifier: Apache-2.0 */
/* The rules are those of the profile tests that the AWS SDKs share, in our words, and those of services. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "common/aws/profile_plan.h"
#include "common/base/file.h"
#include "common/base/text.h"

/* Profile A of a config file with this text. */
static struct aws_profile *profile_a(const char *config) {
        char path[] = "/tmp/test_profile_plan.XXXXXX";
        _cleanup_close_ int fd = mkstemp(path);
        _cleanup_(diag_done) struct diag diag = DIAG_INIT;
        _cleanup_free_ char *variable = text_printf("AWS_CONFIG_FILE=%s", path);
        char *environment[] = { variable, NULL };
        struct aws_profile *p = NULL;
        assert_int_equal(fd_write_all(fd, config, strlen(config)), 0);
        int r = aws_profile_load(environment, "A", &diag, &p);
        unlink(path);
        assert_int_equal(r, 0);
        return p;
}

/* "keys of B, RoleB, RoleA": the source, then the roles in the order in which they are assumed. */
static char *describe(const struct profile_plan *plan) {
        static const char *const sources[_PROFILE_SOURCE_COUNT] = {
                [PROFILE_NOTHING] = "nothing",     [PROFILE_KEYS] = "keys",
                [PROFILE_WEB_IDENTITY] = "token",  [PROFILE_SSO] = "sso",
                [PROFILE_PROCESS] = "process",     [PROFILE_ENVIRONMENT] = "environment",
                [PROFILE_CONTAINER] = "container", [PROFILE_IMDS] = "imds",
        };
        _cleanup_(buf_done) struct buf b = { 0 };
        buf_appendf(&b, "%s of %s", sources[plan->source], plan->from.name);
        for (size_t i = plan->role_count; i-- > 0;) {
                const struct sts_role *r = &plan->roles[i];
                buf_appendf(&b, ", %s", r->arn);
                if (r->external_id || r->session_name || r->duration_seconds)
                        buf_appendf(&b, " (%s %s %u)", r->external_id ? r->external_id : "-",
                                    r->session_name ? r->session_name : "-", r->duration_seconds);
        }
        return buf_take(&b, NULL);
}

#define A(text) "[profile A]\n" text "\n"
#define B(text) "[profile B]\n" text "\n"
#define C(text) "[profile C]\n" text "\n"
#define KEYS "aws_access_key_id=k\naws_secret_access_key=SECRET\n"
#define ROLE(name, from) "role_arn=" name "\nsource_profile=" from "\n"

static void a_profile_is_followed_to_its_source(void **state) {
        static const struct {
                const char *config, *plan;
        } rows[] = {
                { A(KEYS), "keys of A" },
                { A("region=x"), "nothing of A" },
                { A("credential_process=x"), "process of A" },
                { A("credential_process=x\n" KEYS), "keys of A" },
                { A("sso_account_id=1\nsso_role_name=r\nsso_session=s\n" KEYS), "sso of A" },
                { A("sso_session=s\n" KEYS), "keys of A" },
                { A("sso_session=s\n"), "sso of A" },
                { A("role_arn=RoleA\nweb_identity_token_file=/t\n" KEYS), "token of A" },
                /* roles */
                { A(ROLE("RoleA", "B")) B(KEYS), "keys of B, RoleA" },
                { A(ROLE("RoleA", "B") KEYS) B(KEYS), "keys of B, RoleA" },
                { A(ROLE("RoleA", "B") "role_session_name=me") B(KEYS), "keys of B, RoleA (- me 0)" },
                { A(ROLE("RoleA", "B") "external_id=e\nduration_seconds=900") B(KEYS), "keys of B, RoleA (e - 900)" },
                { A(ROLE("RoleA", "B") "duration_seconds=43200") B(KEYS), "keys of B, RoleA (- - 43200)" },
                { A(ROLE("RoleA", "A") KEYS), "keys of A, RoleA" },
                { A(ROLE("RoleA", "B")) B(ROLE("RoleB", "C")) C(KEYS), "keys of C, RoleB, RoleA" },
                { A(ROLE("RoleA", "B") KEYS) B(ROLE("RoleB", "C") KEYS) C(KEYS), "keys of B, RoleA" },
                { A(ROLE("RoleA", "B")) B(ROLE("RoleB", "B") KEYS), "keys of B, RoleA" },
                { A(ROLE("RoleA", "B")) B("role_arn=RoleB\nweb_identity_token_file=/t\n"), "token of B, RoleA" },
                { A(ROLE("RoleA", "B")) B("credential_process=x"), "process of B, RoleA" },
                { A(ROLE("RoleA", "B")) B("sso_account_id=1\nsso_role_name=r"), "sso of B, RoleA" },
                { A("role_arn=RoleA\ncredential_source=Environment"), "environment of A, RoleA" },
                { A("role_arn=RoleA\ncredential_source=EcsContainer"), "container of A, RoleA" },
                { A("role_arn=RoleA\ncredential_source=Ec2InstanceMetadata\n" KEYS), "imds of A, RoleA" },
                { A(ROLE("RoleA", "B")) B("role_arn=RoleB\ncredential_source=Ec2InstanceMetadata"),
                  "imds of B, RoleB, RoleA" },
                { A(KEYS "mfa_serial=m"), "keys of A" },
                { A(KEYS "source_profile=B"), "keys of A" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(aws_profile_freep) struct aws_profile *p = profile_a(rows[i].config);
                _cleanup_free_ char *why = NULL, *got = NULL;
                struct profile_plan plan;
                if (profile_plan_make(p, &plan, &why) < 0)
                        fail_msg("%s: %s", rows[i].config, why);
                got = describe(&plan);
                if (!text_eq(got, rows[i].plan))
                        fail_msg("%s: '%s', expected '%s'", rows[i].config, got, rows[i].plan);
        }
}

static void what_cannot_be_followed_is_told_and_not_passed_over(void **state) {
        static const struct {
                const char *config;
                int error;
                const char *why;
        } rows[] = {
                { A("role_arn=RoleA"), -EINVAL,
                  "profile 'A' has a role_arn and neither source_profile nor credential_source" },
                { A("role_arn=RoleA\n" KEYS), -EINVAL,
                  "profile 'A' has a role_arn and neither source_profile nor credential_source" },
                { A(ROLE("RoleA", "B") "credential_source=Environment") B(KEYS), -EINVAL,
                  "profile 'A' has both source_profile and credential_source" },
                { A("role_arn=RoleA\ncredential_source=environment"), -EINVAL,
                  "profile 'A': credential_source must be Environment, EcsContainer or Ec2InstanceMetadata, not "
                  "'environment'" },
                { A("aws_access_key_id=k"), -EINVAL, "profile 'A' has no aws_secret_access_key" },
                { A("aws_secret_access_key=SECRET"), -EINVAL, "profile 'A' has no aws_access_key_id" },
                { A("aws_access_key_id=k\ncredential_process=x"), -EINVAL, "profile 'A' has no aws_secret_access_key" },
                { A(ROLE("RoleA", "B")) B("aws_access_key_id=k"), -EINVAL, "profile 'B' has no aws_secret_access_key" },
                { A(ROLE("RoleA", "B")) B("region=x"), -EINVAL, "profile 'B' has no credentials to assume RoleA with" },
                { A(ROLE("RoleA", "B")), -EINVAL, "profile 'A' names the source_profile 'B', which does not exist" },
                { A(ROLE("RoleA", "B")) B(ROLE("RoleB", "C")), -EINVAL,
                  "profile 'B' names the source_profile 'C', which does not exist" },
                { A(ROLE("RoleA", "B")) B(ROLE("RoleB", "A")), -ELOOP, "source_profile goes in a loop: A -> B -> A" },
                { A(ROLE("RoleA", "B") KEYS) B(ROLE("RoleB", "A")), -ELOOP,
                  "source_profile goes in a loop: A -> B -> A" },
                { A(ROLE("RoleA", "B")) B(ROLE("RoleB", "C")) C(ROLE("RoleC", "B")), -ELOOP,
                  "source_profile goes in a loop: B -> C -> B" },
                { A("web_identity_token_file=/t"), -EINVAL,
                  "profile 'A' has a web_identity_token_file and no role_arn" },
                { A(ROLE("RoleA", "A")), -EINVAL, "profile 'A' has no credentials to assume RoleA with" },
                { A(ROLE("RoleA", "B") "mfa_serial=arn:m") B(KEYS), -EINVAL,
                  "profile 'A' has an mfa_serial: a service cannot type in a code, so it cannot use it" },
                { A(ROLE("RoleA", "B") "duration_seconds=899") B(KEYS), -EINVAL,
                  "profile 'A': duration_seconds must be a number from 900 to 43200" },
                { A(ROLE("RoleA", "B") "duration_seconds=1h") B(KEYS), -EINVAL,
                  "profile 'A': duration_seconds must be a number from 900 to 43200" },
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(aws_profile_freep) struct aws_profile *p = profile_a(rows[i].config);
                _cleanup_free_ char *why = NULL;
                struct profile_plan plan;
                int r = profile_plan_make(p, &plan, &why);
                if (r != rows[i].error || !text_eq(why, rows[i].why))
                        fail_msg("%s: %d '%s', expected '%s'", rows[i].config, r, why ? why : "", rows[i].why);
        }
}

static void a_long_way_has_an_end(void **state) {
        for (unsigned roles = PROFILE_ROLES_MAX; roles <= PROFILE_ROLES_MAX + 1; roles++) {
                _cleanup_(buf_done) struct buf b = { 0 };
                buf_append_str(&b, "[profile A]\nrole_arn=r\nsource_profile=P1\n");
                for (unsigned i = 1; i < roles; i++)
                        buf_appendf(&b, "[profile P%u]\nrole_arn=r\nsource_profile=P%u\n", i, i + 1);
                buf_appendf(&b, "[profile P%u]\n" KEYS, roles);
                _cleanup_(aws_profile_freep) struct aws_profile *p = profile_a(b.data);
                _cleanup_free_ char *why = NULL;
                struct profile_plan plan;
                int r = profile_plan_make(p, &plan, &why);
                if (roles == PROFILE_ROLES_MAX) {
                        assert_int_equal(r, 0);
                        assert_int_equal(plan.role_count, roles);
                } else {
                        assert_int_equal(r, -EINVAL);
                        assert_string_equal(why, "more than 8 roles follow each other by source_profile");
                }
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_profile_is_followed_to_its_source),
                cmocka_unit_test(what_cannot_be_followed_is_told_and_not_passed_over),
                cmocka_unit_test(a_long_way_has_an_end),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
