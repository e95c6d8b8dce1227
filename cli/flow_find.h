/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "cli/cli.h"
#include "common/flow/flow.h"

/* The flow that `name` means: a file (it has a '/', ends in .yaml or .yml, or exists), else namespace.id in the configured
 * folder. 0 with an owned flow; an exit code, after complaining. */
int flow_find(const char *verb, const char *name, const struct config *config, struct flow **ret) _must_check_;
