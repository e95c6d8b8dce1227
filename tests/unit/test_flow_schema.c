/* SPDX-License-Identifier: Apache-2.0 */
/* common/flow/flow_schema.h: what is generated from the tables is what lies in config/. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/text.h"
#include "common/flow/flow_schema.h"
#include "common/flow/task_type.h"

#define BYTES_MAX ((size_t)16 * 1024 * 1024)

static void assert_current(const char *path, int (*write)(struct buf *b)) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(BYTES_MAX);
        _cleanup_free_ char *kept = NULL;
        size_t len = 0;

        assert_int_equal(write(&b), 0);
        assert_int_equal(file_read(path, BYTES_MAX, &kept, &len), 0);
        if (len != b.len || memcmp(kept, b.data, len) != 0)
                fail_msg("%s is not what the tables say: `make schema` makes it anew", path);
}

static void the_schema_in_config_is_current(void **state) {
        assert_current("config/flow.schema.json", flow_schema_write);
}

static void the_page_in_config_is_current(void **state) {
        assert_current("config/FLOWS.md", flow_page_write);
}

static void every_supported_type_is_defined_and_described(void **state) {
        _cleanup_(buf_done) struct buf schema = BUF_INIT(BYTES_MAX), page = BUF_INIT(BYTES_MAX);
        _cleanup_value_ struct value *root = NULL;
        const struct task_type *t;

        assert_int_equal(flow_schema_write(&schema), 0);
        assert_int_equal(flow_page_write(&page), 0);
        assert_int_equal(json_parse(schema.data, schema.len, &root, NULL, NULL), 0);
        for (size_t i = 0; (t = task_type_at(i)); i++) {
                _cleanup_free_ char *title = text_printf("\n### %s\n", t->name);
                const struct value *definition = value_map_get(value_map_get(root, "$defs"), t->name);

                assert_non_null(title);
                assert_int_equal(definition != NULL, t->supported);
                assert_int_equal(memmem(page.data, page.len, title, strlen(title)) != NULL, t->supported);
        }
}

static void memory_that_is_out_is_an_error(void **state) {
        _cleanup_(buf_done) struct buf small = BUF_INIT(100);

        assert_int_equal(flow_page_write(&small), -E2BIG);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_schema_in_config_is_current),
                cmocka_unit_test(the_page_in_config_is_current),
                cmocka_unit_test(every_supported_type_is_defined_and_described),
                cmocka_unit_test(memory_that_is_out_is_an_error),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
