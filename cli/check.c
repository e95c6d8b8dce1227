/* SPDX-License-Identifier: Apache-2.0 */
/* sqsflow check: what would the agent say to these files? Files are told apart by what is in them: `tasks` and
 * `namespace` make a flow, everything else is a configuration, which is checked with its folder of flows.
 *
 * Whatever is named more than once, also by way of a configuration or of a folder, is checked once: configurations first,
 * since they say under which rules their flows are, then folders, then single files. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "common/base/file.h"
#include "common/base/text.h"
#include "common/base/yaml.h"

static const char help[] =
        "Usage: sqsflow check [OPTIONS] [FILE…]\n"
        "\n"
        "Checks configurations, flow files and folders of flow files as the agent would read them, and runs nothing.\n"
        "Without a FILE, " CONFIG_DEFAULT_PATH " and the flows it names. A configuration is always checked together\n"
        "with its flows. Every finding is a line on stderr: file:line:column: what is wrong. What is named twice, as\n"
        "by a configuration and by its folder, is checked once.\n"
        "\n"
        "      --allow-containers            accept container images (tasks run as plain processes)\n"
        "      --allow-shell-interpolation   accept message content inside shell commands\n"
        "                                    (both as under `security:` in agent.yaml, for flow files given alone)\n"
        "      --json                        the result as one JSON document on stdout\n"
        "  -h, --help                        show this text\n"
        "\n"
        "Examples:\n"
        "  sqsflow check                       before `systemctl reload sqsflow-agent`\n"
        "  sqsflow check flows/orders.yaml     one flow while you write it\n"
        "  sqsflow check flows/ --json         a folder, for a pipeline\n"
        "\n"
        "Exit status: 0 all is well (warnings may have been shown), 2 something is wrong.\n";

struct check {
        struct flow_load_options options;
        bool json;
        struct diag diag;
        unsigned configs, triggers;
        struct value *flows; /* list of "namespace.id" */
        char **seen;         /* real paths of what was checked */
};

/* Notes a path: 1 it is new, 0 it was checked already, as itself or as a flow of its folder, -errno. */
static int see(struct check *c, const char *path) {
        _cleanup_free_ char *real = realpath(path, NULL);
        char *slash = real ? strrchr(real, '/') : NULL;
        size_t folder_len = slash && flow_set_takes(slash + 1) ? (size_t)(slash - real) : 0;

        if (!real)
                return -errno;
        for (char **s = c->seen; s && *s; s++)
                if (strcmp(*s, real) == 0 || (folder_len > 0 && strlen(*s) == folder_len && memcmp(*s, real, folder_len) == 0))
                        return 0;
        return text_list_add(&c->seen, real) < 0 ? -ENOMEM : 1;
}

static int note_flow(struct check *c, const struct flow *flow) {
        char *name = NULL;

        if (asprintf(&name, "%s.%s", flow->namespace, flow->id) < 0)
                return -ENOMEM;
        return value_list_add(c->flows, value_new_string_take(name, strlen(name)));
}

static int check_folder(struct check *c, const char *folder, const struct flow_load_options *options,
                        struct flow_set *set) {
        int r = flow_set_load(folder, options, &c->diag, set);

        (void)see(c, folder);
        for (size_t i = 0; r == 0 && i < set->count; i++)
                r = note_flow(c, set->items[i]);
        return r;
}

static int check_config(struct check *c, const char *path) {
        _cleanup_(config_freep) struct config *config = NULL;
        struct flow_set set = { 0 };
        int r = config_load(path, &c->diag, &config);

        if (r < 0)
                return r;
        c->configs++;
        r = check_folder(c, config->flows, &config->security, &set);
        config->secrets_elsewhere = true; /* the service may see more of them than this person */
        if (r == 0)
                r = config_resolve(config, &set, &c->diag);
        if (r == 0)
                c->triggers += (unsigned)config->trigger_count;
        flow_set_done(&set);
        return r;
}

static int check_flow(struct check *c, const char *path) {
        _cleanup_(flow_unrefp) struct flow *flow = NULL;
        int r = flow_load_file(path, &c->options, &c->diag, &flow);

        return r < 0 ? r : note_flow(c, flow);
}

/* 1: a flow, or nothing that could be told; 0: a configuration. */
static int is_flow_file(const char *path) {
        _cleanup_(yaml_freep) struct yaml_node *root = NULL;
        _cleanup_free_ char *text = NULL;
        struct diag ignored = DIAG_INIT;
        size_t len;
        int r = file_read(path, YAML_BYTES_MAX, &text, &len);

        if (r == 0)
                r = yaml_parse(text, len, path, &ignored, &root);
        diag_done(&ignored);
        if (r != 0 || root->kind != YAML_MAP)
                return 1;
        return yaml_get(root, "tasks") || yaml_get(root, "namespace");
}

enum kind { KIND_CONFIG, KIND_FOLDER, KIND_FLOW, KIND_COUNT };

static enum kind kind_of(const char *path) {
        struct stat st;

        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
                return KIND_FOLDER;
        return is_flow_file(path) ? KIND_FLOW : KIND_CONFIG;
}

static int check_path(struct check *c, const char *path, enum kind kind) {
        struct flow_set set = { 0 };
        int r = see(c, path);

        if (r < 0)
                diag_add(&c->diag, DIAG_ERROR, path, 0, 0, "cannot be read: %s", strerror(-r));
        if (r <= 0)
                return r;
        if (kind != KIND_FOLDER)
                return kind == KIND_FLOW ? check_flow(c, path) : check_config(c, path);
        r = check_folder(c, path, &c->options, &set);
        flow_set_done(&set);
        return r;
}

static struct value *findings_json(const struct diag *diag) {
        struct value *list = value_new_list();

        for (size_t i = 0; list && i < diag->count; i++) {
                const struct diag_entry *e = &diag->entries[i];
                struct value *v = value_new_map();

                if (!v)
                        break;
                value_map_put(v, "level", value_new_string(e->level == DIAG_ERROR ? "error" : "warning"));
                value_map_put(v, "file", e->file ? value_new_string(e->file) : value_new_null());
                value_map_put(v, "line", value_new_int(e->line));
                value_map_put(v, "column", value_new_int(e->column));
                value_map_put(v, "message", value_new_string(e->message ? e->message : ""));
                value_list_add(list, v);
        }
        return list;
}

static void print_json_result(const struct check *c, bool ok) {
        struct value *v = value_new_map();

        if (v) {
                value_map_put(v, "ok", value_new_bool(ok));
                value_map_put(v, "errors", value_new_int((int64_t)c->diag.error_count));
                value_map_put(v, "findings", findings_json(&c->diag));
                value_map_put(v, "configurations", value_new_int(c->configs));
                value_map_put(v, "triggers", value_new_int(c->triggers));
                value_map_put(v, "flows", value_ref(c->flows));
        }
        (void)print_json(v);
}

static void print_count(const char *before, size_t count, const char *what) {
        if (count > 0)
                (void)printf("%s%zu %s%s", before, count, what, count == 1 ? "" : "s");
}

static void print_summary(const struct check *c) {
        (void)fputs("ok:", stdout);
        print_count(" ", c->configs, "configuration");
        print_count(c->configs ? ", " : " ", value_count(c->flows), "flow");
        print_count(", ", c->triggers, "trigger");
        (void)putchar('\n');
}

static int check_all(struct check *c, const struct arguments *files) {
        bool ok = files->count > 0 || check_path(c, CONFIG_DEFAULT_PATH, KIND_CONFIG) == 0;

        for (int kind = 0; kind < KIND_COUNT; kind++)
                for (int i = 0; i < files->count; i++)
                        if (kind_of(files->items[i]) == (enum kind)kind && check_path(c, files->items[i], (enum kind)kind) < 0)
                                ok = false;
        ok = ok && c->diag.error_count == 0;
        if (c->json)
                print_json_result(c, ok);
        else
                print_findings(&c->diag);
        if (!c->json && ok)
                print_summary(c);
        return ok ? EXIT_OK : EXIT_WRONG;
}

static int check_main(int argc, char **argv) {
        struct check c = { 0 };
        const struct option_row rows[] = {
                { "allow-containers", .flag = &c.options.allow_containers },
                { "allow-shell-interpolation", .flag = &c.options.allow_shell_interpolation },
                { "json", .flag = &c.json },
                { 0 },
        };
        struct arguments files;
        int code = options_read("check", rows, argc, argv, &files);

        if (code != 0)
                return code;
        c.flows = value_new_list();
        code = c.flows ? check_all(&c, &files) : complain("check", EXIT_FAILED, "out of memory");
        value_unref(c.flows);
        text_list_free(c.seen);
        diag_done(&c.diag);
        return code;
}

const struct verb verb_check = {
        .name = "check",
        .summary = "check the configuration and flows, run nothing",
        .help = help,
        .run = check_main,
};
