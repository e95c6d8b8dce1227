/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration and its flows, read and checked as a whole: what a start and a reload take, or refuse (P12). */
#pragma once

#include "common/base/diag.h"
#include "common/config/config.h"

/* Reads agent.yaml and the flows it names. 0 with an owned configuration; -errno, with the findings in `diag`. */
int load_config(const char *path, struct diag *diag, struct config **ret) _must_check_;
