/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/executions_store.h"

#include <errno.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/own_state.h"
#include "common/base/file.h"
#include "common/base/text.h"

/* How a store was come by. */
enum source { SOURCE_NAMED, SOURCE_AGENT, SOURCE_OWN };

static int out_of_memory(void) {
        return complain("executions", EXIT_FAILED, "out of memory");
}

/* --- paths ----------------------------------------------------------------------------------------------------------- */

static int own_path(char **ret) {
        int r = own_state_store(ret);

        if (r == -ENOENT)
                return complain("executions", EXIT_WRONG, "neither HOME nor SQSFLOW_STATE says where your own records are");
        return r < 0 ? out_of_memory() : 0;
}

static int config_path(const char *file, char **ret) {
        _cleanup_(config_freep) struct config *config = NULL;
        int r = load_config("executions", file, &config);

        if (r != 0)
                return r;
        *ret = text_dup(config->store);
        return *ret ? 0 : out_of_memory();
}

/* The path, owned, and where it comes from. */
static int choose_path(const struct executions_options *o, char **ret, enum source *ret_source) {
        _cleanup_free_ char *agent = NULL, *own = NULL;
        int agent_error, r;

        *ret_source = SOURCE_NAMED;
        if (o->store_folder) {
                *ret = path_join(o->store_folder, "sqsflow.db");
                return *ret ? 0 : out_of_memory();
        }
        if (o->own)
                return own_path(ret);
        r = config_path(o->config, &agent);
        if (r != 0)
                return r;
        *ret_source = o->config ? SOURCE_NAMED : SOURCE_AGENT;
        agent_error = access(agent, R_OK) < 0 ? errno : 0;
        if (!o->config && agent_error != 0 && own_state_store(&own) == 0 && access(own, R_OK) == 0) {
                *ret_source = SOURCE_OWN;
                if (agent_error == EACCES)
                        (void)complain("executions", 0, "the agent's records, %s, are not for you to read (sudo?): these are "
                                       "your own", agent);
                *ret = TAKE_PTR(own);
                return 0;
        }
        *ret = TAKE_PTR(agent);
        return 0;
}

/* --- opening --------------------------------------------------------------------------------------------------------- */

static int open_at(char *path, struct records *ret) {
        _cleanup_free_ char *message = NULL;
        int r = store_reader_open(path, &ret->reader, &message);

        if (r == 0) {
                ret->path = path;
                return 0;
        }
        if (r == -ENOENT && access(path, F_OK) < 0 && errno == ENOENT)
                (void)complain("executions", EXIT_FAILED,
                               "there are no records at %s: has the agent run yet? (--store DIR, --config FILE, --own)", path);
        else
                (void)complain("executions", EXIT_FAILED, "%s", message ? message : strerror(-r));
        free(path);
        return EXIT_FAILED;
}

int records_open(const struct executions_options *o, struct records *ret) {
        enum source source;
        char *path;
        int r = choose_path(o, &path, &source);

        return r != 0 ? r : open_at(path, ret);
}

void records_done(struct records *r) {
        store_reader_free(r->reader);
        free(r->path);
        *r = (struct records){ 0 };
}

/* --- one execution --------------------------------------------------------------------------------------------------- */

static int complain_id(const struct records *records, const char *text, int error) {
        switch (error) {
        case -EINVAL:
                return complain_usage("executions", "'%s' is not the id of an execution", text);
        case -ENOENT:
                return complain("executions", EXIT_FAILED, "there is no execution %s in %s", text, records->path);
        case -ENOTUNIQ:
                return complain("executions", EXIT_FAILED, "more than one execution starts with %s", text);
        default:
                return executions_fail(records->reader, error);
        }
}

/* 0 when the person's own store has it. */
static int try_own(const char *text, struct records *ret, uint64_t *ret_id) {
        struct records own = { 0 };
        int r = own_state_store(&own.path);

        if (r == 0)
                r = store_reader_open(own.path, &own.reader, NULL);
        if (r == 0)
                r = store_reader_resolve(own.reader, text, ret_id);
        if (r < 0) {
                records_done(&own);
                return r;
        }
        records_done(ret);
        *ret = own;
        return 0;
}

int records_open_for(const struct executions_options *o, const char *text, struct records *ret, uint64_t *ret_id) {
        struct records records = { 0 };
        enum source source;
        char *path;
        int r = choose_path(o, &path, &source);

        if (r != 0)
                return r;
        r = open_at(path, &records);
        if (r != 0)
                return r;
        r = store_reader_resolve(records.reader, text, ret_id);
        if (r == -ENOENT && source == SOURCE_AGENT)
                r = try_own(text, &records, ret_id) == 0 ? 0 : -ENOENT;
        if (r < 0) {
                r = complain_id(&records, text, r);
                records_done(&records);
                return r;
        }
        *ret = records;
        return 0;
}
