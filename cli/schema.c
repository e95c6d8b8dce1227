/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow schema: what is generated from the tables of the flow language, and the schema of agent.yaml. */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "cli/schema_agent.h"
#include "common/base/text.h"
#include "common/flow/flow_schema.h"

#define OUTPUT_BYTES_MAX ((size_t)16 * 1024 * 1024)

static const char help[] =
        "Usage: sqsflow schema [flow|agent] [OPTIONS]\n"
        "\n"
        "Prints the JSON Schema of flow files (the default), or that of agent.yaml, for editors that check and complete YAML.\n"
        "\n"
        "      --page       print the reference page of the flow language instead (Markdown)\n"
        "  -h, --help       show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow schema > flow.schema.json\n"
        "  sqsflow schema agent > agent.schema.json\n"
        "  # then, as a flow file's first line:  # yaml-language-server: $schema=flow.schema.json\n"
        "\n"
        "Exit status: 0, 2 wrong use.\n";

static int print(bool page) {
        _cleanup_(buf_done) struct buf b = BUF_INIT(OUTPUT_BYTES_MAX);
        int r = page ? flow_page_write(&b) : flow_schema_write(&b);

        if (r < 0)
                return complain("schema", EXIT_FAILED, "out of memory");
        return fwrite(b.data, 1, b.len, stdout) == b.len ? EXIT_OK : EXIT_FAILED;
}

static int print_agent(void) {
        return fwrite(agent_schema, 1, agent_schema_len, stdout) == agent_schema_len ? EXIT_OK : EXIT_FAILED;
}

static int schema_main(int argc, char **argv) {
        static const char *const known[] = { "flow", "agent" };
        const char *what = "flow";
        bool page = false, json = false; /* it is JSON anyway; the option is there as every verb has it */
        const struct option_row rows[] = { { "page", .flag = &page }, { "json", .flag = &json }, { 0 } };
        struct arguments arguments;
        int r = options_read("schema", rows, argc, argv, &arguments);

        if (r == 0)
                r = arguments_end("schema", &arguments, 1);
        if (r != 0)
                return r;
        if (arguments.count > 0)
                what = arguments.items[0];
        if (!text_eq(what, "flow") && !text_eq(what, "agent"))
                return complain_unknown("schema", "schema", what, known, ARRAY_SIZE(known));
        if (page && text_eq(what, "agent"))
                return complain_usage("schema", "--page is of the flow language only");
        return text_eq(what, "agent") ? print_agent() : print(page);
}

const struct verb verb_schema = {
        .name = "schema",
        .summary = "print the JSON Schema of flow files or of agent.yaml",
        .help = help,
        .run = schema_main,
};
