/* SPDX-License-Identifier: Apache-2.0 */
/* common/flow/task_type.h: the tables must hold together, since three things are made from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/text.h"
#include "common/flow/task_type.h"

/* flow-dialect's page, in full. */
static const char *const page[] = {
        "io.kestra.plugin.scripts.shell.Commands",   "io.kestra.plugin.scripts.shell.Script",
        "io.kestra.plugin.scripts.python.Commands",  "io.kestra.plugin.scripts.python.Script",
        "io.kestra.plugin.scripts.node.Commands",    "io.kestra.plugin.scripts.node.Script",
        "io.kestra.plugin.core.log.Log",             "io.kestra.plugin.core.debug.Return",
        "io.kestra.plugin.core.output.OutputValues", "io.kestra.plugin.core.execution.Fail",
        "io.kestra.plugin.core.flow.Sleep",          "io.kestra.plugin.core.execution.SetVariables",
        "io.kestra.plugin.core.http.Request",        "io.kestra.plugin.core.http.Download",
        "io.kestra.plugin.core.flow.Sequential",     "io.kestra.plugin.core.flow.Parallel",
        "io.kestra.plugin.core.flow.Dag",            "io.kestra.plugin.core.flow.If",
        "io.kestra.plugin.core.flow.Switch",         "io.kestra.plugin.core.flow.ForEach",
        "io.kestra.plugin.core.flow.Loop",           "io.kestra.plugin.core.flow.AllowFailure",
        "io.kestra.plugin.core.flow.WorkingDirectory", "io.kestra.plugin.core.flow.Subflow",
        "io.kestra.plugin.aws.sqs.Publish",          "io.kestra.plugin.aws.sqs.Consume",
        "io.kestra.plugin.aws.sqs.RealtimeTrigger",  "io.kestra.plugin.aws.sqs.Trigger",
};

static void the_whole_page_is_in_the_table_and_nothing_else(void **state) {
        size_t count = 0;

        for (size_t i = 0; i < ARRAY_SIZE(page); i++)
                if (!task_type_find(page[i]))
                        fail_msg("%s is missing", page[i]);
        while (task_type_at(count))
                count++;
        assert_int_equal(count, ARRAY_SIZE(page));
}

static void assert_table(const struct flow_property *table, const char *of) {
        for (const struct flow_property *p = table; p->name; p++) {
                bool left_out = p->flags & PROPERTY_OUTSIDE;

                if (!left_out && (!p->description || !*p->description))
                        fail_msg("%s.%s has no description", of, p->name);
                if (p->kind == PROPERTY_ENUM && !p->values)
                        fail_msg("%s.%s has no values", of, p->name);
                if ((p->kind == PROPERTY_OBJECT || p->kind == PROPERTY_OBJECT_LIST) && !p->fields)
                        fail_msg("%s.%s has no fields", of, p->name);
                for (const struct flow_property *q = table; q < p; q++)
                        if (text_eq(p->name, q->name) || (q->alias && text_eq(p->name, q->alias)))
                                fail_msg("%s.%s stands twice", of, p->name);
                if (p->fields)
                        assert_table(p->fields, p->name);
        }
}

static void every_row_is_complete(void **state) {
        const struct task_type *t;

        for (size_t i = 0; (t = task_type_at(i)); i++) {
                assert_non_null(t->title);
                assert_non_null(t->properties);
                assert_table(t->properties, t->name);
                assert_ptr_equal(task_type_find(t->name), t);
                for (size_t k = 0; k < TASK_TYPE_ALIASES_MAX && t->aliases[k]; k++)
                        assert_ptr_equal(task_type_find(t->aliases[k]), t);
        }
        assert_table(task_common_properties, "task");
        assert_table(task_flowable_properties, "flowable");
        assert_table(trigger_common_properties, "trigger");
        assert_table(flow_properties, "flow");
        assert_table(flow_input_properties, "input");
        assert_table(flow_output_properties, "output");
        assert_table(retry_exponential_properties, "retry");
}

static void older_names_are_aliases(void **state) {
        assert_string_equal(task_type_find("io.kestra.core.tasks.log.Log")->name, "io.kestra.plugin.core.log.Log");
        assert_string_equal(task_type_find("io.kestra.core.tasks.flows.Worker")->name,
                            "io.kestra.plugin.core.flow.WorkingDirectory");
        assert_null(task_type_find("Log"));
        assert_null(task_type_find(""));
}

static void the_nearest_name_is_of_the_same_sort(void **state) {
        assert_string_equal(task_type_nearest("io.kestra.plugin.core.debug.Retrun", 0),
                            "io.kestra.plugin.core.debug.Return");
        assert_string_equal(task_type_nearest("core.flow.Paralel", 0), "io.kestra.plugin.core.flow.Parallel");
        assert_string_equal(task_type_nearest("io.kestra.plugin.aws.sqs.Triger", TASK_TRIGGER),
                            "io.kestra.plugin.aws.sqs.Trigger");
        assert_null(task_type_nearest("com.example.Whatever", 0));
}

static void what_kestra_alone_has_is_known(void **state) {
        assert_true(task_type_is_outside("io.kestra.plugin.jdbc.postgresql.Query"));
        assert_true(task_type_is_outside("io.kestra.plugin.core.flow.Pause"));
        assert_false(task_type_is_outside("io.kestra.plugin.core.flow.Paralel"));
        for (size_t i = 0; i < ARRAY_SIZE(page); i++)
                assert_false(task_type_is_outside(page[i]));
}

static void only_shell_and_program_text_is_marked_as_such(void **state) {
        const struct flow_property *shell[] = { task_type_find(page[0])->properties, NULL };
        const struct flow_property *python[] = { task_type_find(page[3])->properties, NULL };

        assert_true(property_find(shell, "commands")->flags & PROPERTY_SHELL);
        assert_true(property_find(shell, "beforeCommands")->flags & PROPERTY_SHELL);
        assert_false(property_find(shell, "env")->flags & (PROPERTY_SHELL | PROPERTY_CODE));
        assert_true(property_find(python, "script")->flags & PROPERTY_CODE);
        assert_true(property_find(python, "beforeCommands")->flags & PROPERTY_SHELL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_whole_page_is_in_the_table_and_nothing_else),
                cmocka_unit_test(every_row_is_complete),
                cmocka_unit_test(older_names_are_aliases),
                cmocka_unit_test(the_nearest_name_is_of_the_same_sort),
                cmocka_unit_test(what_kestra_alone_has_is_known),
                cmocka_unit_test(only_shell_and_program_text_is_marked_as_such),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
