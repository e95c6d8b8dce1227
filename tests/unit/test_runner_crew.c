/* SPDX-License-Identifier: Apache-2.0 */
/* runner/crew.h: who runs beside whom, and that the end comes once. */
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "runner/crew.h"

#define MEMBERS 8

/* Members that end when the test says so, or within their start. */
struct play {
        struct crew crew;
        char told[128];                /* "+3" started, "." over */
        bool at_once[MEMBERS];         /* ends within its start */
        bool needs[MEMBERS][MEMBERS];  /* i needs k */
        bool ended[MEMBERS];
        size_t stop_at;                /* the member that stops the crew when it starts */
        size_t depth, deepest;
};

static void tell(struct play *p, char sign, size_t i) {
        size_t len = strlen(p->told);

        assert_true(len + 3 < sizeof(p->told));
        p->told[len++] = sign;
        if (sign == '+')
                p->told[len++] = (char)('0' + i);
        p->told[len] = '\0';
}

static void finish(struct play *p, size_t i) {
        p->ended[i] = true;
        crew_ended(&p->crew);
}

static void on_start(void *userdata, size_t i) {
        struct play *p = userdata;

        tell(p, '+', i);
        p->depth++;
        p->deepest = p->depth > p->deepest ? p->depth : p->deepest;
        if (p->stop_at == i + 1)
                crew_stop(&p->crew);
        if (p->at_once[i])
                finish(p, i);
        p->depth--;
}

static bool on_is_ready(void *userdata, size_t i) {
        struct play *p = userdata;

        for (size_t k = 0; k < MEMBERS; k++)
                if (p->needs[i][k] && !p->ended[k])
                        return false;
        return true;
}

static void on_over(void *userdata) {
        struct play *p = userdata;

        tell(p, '.', 0);
        crew_done(&p->crew);
}

static const struct crew_ops list = { .start = on_start, .on_over = on_over };
static const struct crew_ops graph = { .start = on_start, .is_ready = on_is_ready, .on_over = on_over };

static void begin(struct play *p, const struct crew_ops *ops, size_t count, size_t limit) {
        p->crew = (struct crew){ .ops = ops, .userdata = p, .count = count, .limit = limit };
        assert_int_equal(crew_start(&p->crew), 0);
}

static void a_limit_of_one_is_one_after_another(void **state) {
        struct play p = { 0 };

        begin(&p, &list, 3, 1);
        assert_string_equal(p.told, "+0");
        finish(&p, 0);
        assert_string_equal(p.told, "+0+1");
        finish(&p, 1);
        finish(&p, 2);
        assert_string_equal(p.told, "+0+1+2.");
}

static void no_limit_starts_all_at_once(void **state) {
        struct play p = { 0 };

        begin(&p, &list, 4, 0);
        assert_string_equal(p.told, "+0+1+2+3");
        for (size_t i = 4; i > 0; i--)
                finish(&p, i - 1);
        assert_string_equal(p.told, "+0+1+2+3.");
}

static void a_free_place_is_taken_at_once(void **state) {
        struct play p = { 0 };

        begin(&p, &list, 4, 2);
        assert_string_equal(p.told, "+0+1");
        finish(&p, 1);
        assert_string_equal(p.told, "+0+1+2");
        finish(&p, 2);
        finish(&p, 3);
        assert_string_equal(p.told, "+0+1+2+3");
        finish(&p, 0);
        assert_string_equal(p.told, "+0+1+2+3.");
}

static void nobody_to_start_is_over_at_once(void **state) {
        struct play p = { 0 };

        begin(&p, &list, 0, 1);
        assert_string_equal(p.told, ".");
}

static void members_that_end_within_their_start_do_not_nest(void **state) {
        struct play p = { 0 };

        memset(p.at_once, true, sizeof(p.at_once));
        begin(&p, &list, MEMBERS, 1);
        assert_string_equal(p.told, "+0+1+2+3+4+5+6+7.");
        assert_int_equal(p.deepest, 1);
}

static void a_stopped_crew_waits_for_those_that_run(void **state) {
        struct play p = { .stop_at = 2 };

        begin(&p, &list, 4, 0);
        assert_string_equal(p.told, "+0+1");
        finish(&p, 1);
        assert_string_equal(p.told, "+0+1");
        finish(&p, 0);
        assert_string_equal(p.told, "+0+1.");
}

static void a_held_crew_does_not_end_under_whoever_walks_over_it(void **state) {
        struct play p = { 0 };

        begin(&p, &list, 2, 0);
        crew_hold(&p.crew);
        finish(&p, 0);
        finish(&p, 1);
        assert_string_equal(p.told, "+0+1");
        crew_let_go(&p.crew);
        assert_string_equal(p.told, "+0+1.");
}

static void members_wait_for_those_they_need(void **state) {
        struct play p = { 0 };

        p.needs[0][2] = p.needs[0][3] = p.needs[3][1] = true;
        begin(&p, &graph, 4, 0);
        assert_string_equal(p.told, "+1+2");
        finish(&p, 1);
        assert_string_equal(p.told, "+1+2+3");
        finish(&p, 3);
        assert_string_equal(p.told, "+1+2+3");
        finish(&p, 2);
        assert_string_equal(p.told, "+1+2+3+0");
        finish(&p, 0);
        assert_string_equal(p.told, "+1+2+3+0.");
}

static void a_graph_keeps_its_limit(void **state) {
        struct play p = { 0 };

        p.needs[1][0] = true;
        begin(&p, &graph, 4, 1);
        assert_string_equal(p.told, "+0");
        finish(&p, 0);
        assert_string_equal(p.told, "+0+1");
        finish(&p, 1);
        finish(&p, 2);
        finish(&p, 3);
        assert_string_equal(p.told, "+0+1+2+3.");
}

static void what_can_never_start_keeps_nobody_waiting(void **state) {
        struct play p = { 0 };

        p.needs[1][2] = p.needs[2][1] = true;
        begin(&p, &graph, 3, 0);
        assert_string_equal(p.told, "+0");
        finish(&p, 0);
        assert_string_equal(p.told, "+0.");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_limit_of_one_is_one_after_another),
                cmocka_unit_test(no_limit_starts_all_at_once),
                cmocka_unit_test(a_free_place_is_taken_at_once),
                cmocka_unit_test(nobody_to_start_is_over_at_once),
                cmocka_unit_test(members_that_end_within_their_start_do_not_nest),
                cmocka_unit_test(a_stopped_crew_waits_for_those_that_run),
                cmocka_unit_test(a_held_crew_does_not_end_under_whoever_walks_over_it),
                cmocka_unit_test(members_wait_for_those_they_need),
                cmocka_unit_test(a_graph_keeps_its_limit),
                cmocka_unit_test(what_can_never_start_keeps_nobody_waiting),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
